import type { Incident } from "../api/client";
import { grade } from "../queue/order";
import { incidents } from "./incidents.svelte";

const GATHER_MS = 1000;

/** Open incidents as a map shows them: another list only when one came, went or looks different there. */
export class Placed {
  all = $state.raw<readonly Incident[]>([]);
  /** How many have no place on it. */
  elsewhere = $state(0);

  /** Follow what changes; the result ends it. */
  follow(): () => void {
    let soon: ReturnType<typeof setTimeout> | undefined;
    const gather = () => {
      soon = undefined;
      const rows = [...incidents.rows.values()];
      this.all = rows.filter((row) => row.lat_deg !== null && row.lon_deg !== null);
      this.elsewhere = rows.length - this.all.length;
    };
    const end = incidents.rows.watch((changes) => {
      if (changes.some(({ before, now }) => !before || !now || !looksAlike(before, now))) {
        soon ??= setTimeout(gather, this.all.length ? GATHER_MS : 0);
      }
    });
    return () => {
      end();
      clearTimeout(soon);
    };
  }
}

function looksAlike(one: Incident, other: Incident): boolean {
  return (
    one.lat_deg === other.lat_deg &&
    one.lon_deg === other.lon_deg &&
    grade(one) === grade(other) &&
    one.place?.ja === other.place?.ja
  );
}
