import { companionToken } from "../../session.js";

export async function POST() {
  return new Response(await companionToken(), { headers: { "Cache-Control": "no-store" } });
}
