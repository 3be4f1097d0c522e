import type { UsageSums } from "../../index.js";
import * as strings from "../strings.js";

const WORDS = strings.usageBreakdown;

/** What is not counted in tokens, in words; empty where there is nothing of it. */
export function otherUnits({
  images,
  audioSeconds,
  characters,
}: Pick<UsageSums, "images" | "audioSeconds" | "characters">): string {
  return [
    images ? WORDS.images(images) : "",
    audioSeconds ? WORDS.seconds(Math.round(audioSeconds)) : "",
    characters ? WORDS.characters(characters) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}
