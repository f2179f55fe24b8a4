import { Refused } from "../api/client";
import { notices } from "../shell/notice.svelte";
import { why } from "../words/why";
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
    else {
      const told = (error.problem?.changed ?? [why(error.problem)]).map((one) => speech.of(one)).join(speech.words.listed);
      notices.say(error.status === 409 ? `${words.stale}: ${told}` : words.refused(told), true);
    }
    return false;
  }
}
