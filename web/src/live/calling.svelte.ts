import type { Incident } from "../api/client";
import { gravity, isUntaken } from "../queue/order";
import { incidents } from "./incidents.svelte";
import type { Change, Rows } from "./rows.svelte";

/** The ids of those of which something is true; another value only where one came or went. */
class Group {
  ids = $state.raw<readonly string[]>([]);
  readonly #held = new Set<string>();
  readonly #belongs: (row: Incident) => boolean;

  constructor(belongs: (row: Incident) => boolean) {
    this.#belongs = belongs;
  }

  follow(changes: readonly Change[]): void {
    const before = this.#held.size;
    let came = false;
    for (const { id, now } of changes) {
      if (!now || !this.#belongs(now)) this.#held.delete(id);
      else if (!this.#held.has(id)) {
        this.#held.add(id);
        came = true;
      }
    }
    if (came || this.#held.size !== before) this.ids = [...this.#held];
  }
}

/** What calls for a person, out of all that is open; looked at again only where something changed. */
class Calling {
  readonly #grave = new Group((row) => isUntaken(row) && gravity(row) <= 1);
  readonly #waiting = new Group((row) => row.waiting.length > 0);
  readonly #untaken = new Group(isUntaken);

  constructor(rows: Rows) {
    rows.watch((changes) => {
      for (const group of [this.#grave, this.#waiting, this.#untaken]) group.follow(changes);
    });
  }

  /** Severe ones that nobody has. */
  get grave(): readonly string[] {
    return this.#grave.ids;
  }

  /** Those with somebody on a line who waits. */
  get waiting(): readonly string[] {
    return this.#waiting.ids;
  }

  /** Those in which something waits for a person, and that nobody has. */
  get untaken(): readonly string[] {
    return this.#untaken.ids;
  }
}

export const calling = new Calling(incidents.rows);
