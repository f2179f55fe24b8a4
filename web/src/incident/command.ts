import { Refused } from "../api/client";
import { notices } from "../shell/notice.svelte";
import { speech } from "../words/words.svelte";

/** Do something and say what became of it; whether it was done. */
export async function tell(what: string, act: () => Promise<unknown>): Promise<boolean> {
  const words = speech.words.actions;
  try {
    await act();
    notices.say(words.done(what));
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 0 || error.status >= 500) notices.say(words.unreachable, true);
    else if (error.status === 403) notices.say(words.forbidden, true);
    else if (error.problem?.changed) {
      notices.say(`${words.stale}: ${error.problem.changed.map((one) => speech.of(one)).join(speech.words.listed)}`, true);
    } else if (error.status === 409) notices.say(`${words.stale}: ${error.problem?.detail ?? ""}`, true);
    else notices.say(words.refused(error.problem?.detail ?? String(error.status)), true);
    return false;
  }
}
