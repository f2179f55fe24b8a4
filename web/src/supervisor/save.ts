import { notices } from "../shell/notice.svelte";
import { speech } from "../words/words.svelte";

/** Fetch a file and have the browser keep it, whole or not at all. */
export async function save(address: string, name: string): Promise<void> {
  const words = speech.words.supervisor;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    notices.say(words.saved(name));
  } catch {
    notices.say(words.saveFailed, true);
  }
}

/** The address of a list with what was looked for, without what was left open. */
export function addressOf(path: string, wanted: Record<string, string | undefined>): string {
  const given = Object.entries(wanted).filter((one): one is [string, string] => Boolean(one[1]));
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
