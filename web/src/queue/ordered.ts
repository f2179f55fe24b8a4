import type { Incident } from "../api/client";
import { clock } from "../live/clock.svelte";
import type { Change } from "../live/rows.svelte";
import { inOrder, placeOf, toldOf, type Place } from "./order";

/** A row with what it is sorted and searched by, found out once for each time it changes. */
export interface Entry {
  readonly row: Incident;
  readonly place: Place;
  readonly told: string;
}

/** Incidents in the order of work. A change costs two searches among them, and no sorting. */
export class Ordered {
  readonly entries: Entry[] = [];
  readonly #places = new Map<string, Place>();

  /** Take in what changed. */
  follow(changes: readonly Change[]): void {
    const many = changes.length > this.entries.length / 4;
    const gone = many ? new Set(changes.map((change) => change.id)) : undefined;
    if (gone) this.#replace(this.entries.filter((entry) => !gone.has(entry.row.id)));
    for (const { id, now } of changes) {
      if (!gone) this.#take(id);
      this.#places.delete(id);
      if (!now) continue;
      const place = placeOf(now, clock.now);
      this.#places.set(id, place);
      const entry = { row: now, place, told: toldOf(now) };
      if (gone) this.entries.push(entry);
      else this.entries.splice(this.#find(place), 0, entry);
    }
    if (gone) this.entries.sort((one, other) => inOrder(one.place, other.place));
  }

  #replace(entries: Entry[]): void {
    this.entries.length = 0;
    for (const entry of entries) this.entries.push(entry);
  }

  #take(id: string): void {
    const place = this.#places.get(id);
    if (place) this.entries.splice(this.#find(place), 1);
  }

  /** Where a place is, or would be. */
  #find(place: Place): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.entries[middle];
      if (entry && inOrder(entry.place, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
