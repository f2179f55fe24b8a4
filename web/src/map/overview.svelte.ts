import type { Incident } from "../api/client";
import { Asked } from "../live/asked.svelte";
import { every } from "../live/every";
import { incidents } from "../live/incidents.svelte";
import { Placed } from "../live/placed.svelte";
import { session } from "../shell/session.svelte";
import { everyUnit, type Unit } from "./units";

const UNITS_MS = 5_000;

/** What a map of all shows: open incidents, and the units for those who may see them. */
export class Overview {
  readonly asked = new Asked(everyUnit);
  readonly #scenes = new Placed();

  get placed(): readonly Incident[] {
    return this.#scenes.all;
  }

  /** How many open incidents have no place on it. */
  get elsewhere(): number {
    return this.#scenes.elsewhere;
  }

  get units(): readonly Unit[] {
    return this.asked.value ?? [];
  }

  /** Whether everything that it will show has been heard once. */
  get known(): boolean {
    const counted = this.placed.length + this.elsewhere > 0 || incidents.rows.size === 0;
    return incidents.loaded && counted && (this.asked.standing !== "loading" || !session.may("see_units"));
  }

  /** Follow what changes; the result ends it. */
  follow(): () => void {
    const end = this.#scenes.follow();
    const stop = session.may("see_units") ? every(UNITS_MS, () => void this.asked.again()) : undefined;
    return () => {
      end();
      stop?.();
    };
  }
}
