import type { ja } from "./ja";

/** Who did something, as the record has it (`operator:sato`), in words. */
export function actorName(actor: string, words: typeof ja): string {
  const [role = "", who] = actor.split(":");
  return [words.who[role] ?? words.who["plan"], who].filter(Boolean).join(" ");
}
