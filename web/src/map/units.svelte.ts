import { api, got, Refused } from "../api/client";
import type { components } from "../api/schema";

export type Unit = components["schemas"]["UnitView"];

const EVERY_MS = 5_000;
const AT_ONCE = 200;

/** Every unit as it was last heard of; asked for every few seconds while somebody looks. */
export class Units {
  all = $state.raw<readonly Unit[]>([]);
  loaded = $state(false);
  failed = $state(false);

  /** The result ends it. */
  follow(): () => void {
    let over = false;
    const ask = async (): Promise<void> => {
      try {
        const found = await Units.#every();
        if (over) return;
        this.all = found;
        this.loaded = true;
        this.failed = false;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (!over) this.failed = true;
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), EVERY_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }

  static async #every(): Promise<Unit[]> {
    const units: Unit[] = [];
    for (;;) {
      const after = units.at(-1)?.id ?? "";
      const page = await got(api.GET("/v1/units", { params: { query: { after, limit: AT_ONCE } } }));
      units.push(...page.units);
      if (page.units.length < AT_ONCE) return units;
    }
  }
}
