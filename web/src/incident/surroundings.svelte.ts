import { api, got, Refused } from "../api/client";
import type { components } from "../api/schema";

export type Surroundings = components["schemas"]["SurroundingsView"];

/** Units drive on whether or not anything happens to the incident. */
const EVERY_MS = 10_000;

/** What lies around the incident that is looked at: the car's track, units, hospitals and police. */
class Around {
  found = $state.raw<Surroundings | null>(null);
  failed = $state(false);

  /** Keep it up to date for an incident; the result ends it. */
  follow(id: string): () => void {
    this.found = null;
    this.failed = false;
    let over = false;
    const ask = async (): Promise<void> => {
      try {
        const found = await got(
          api.GET("/v1/incidents/{incident_id}/surroundings", { params: { path: { incident_id: id } } }),
        );
        if (over) return;
        this.found = found;
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
      this.found = null;
    };
  }
}

export const around = new Around();
