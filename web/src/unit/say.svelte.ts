import { outbox } from "./outbox.svelte";
import type { Report } from "./reports";

/** Whether the phone failed to keep the last report: shown until one is kept. */
export const keeping = $state({ failed: false });

/** Say something of a dispatch; whether the phone has kept it. */
export async function say(dispatch_id: string, report: Report): Promise<boolean> {
  try {
    await outbox.say(dispatch_id, report);
    keeping.failed = false;
  } catch {
    keeping.failed = true;
  }
  return !keeping.failed;
}
