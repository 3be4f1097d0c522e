import { Chat } from "./chat.jsx";
import { Settings } from "./settings.jsx";

export default function Page() {
  return (
    <main>
      <Settings companion={process.env.COMPANION} />
      <Chat />
    </main>
  );
}

// The companion's address is read when the app runs, not when it is built.
export const dynamic = "force-dynamic";
