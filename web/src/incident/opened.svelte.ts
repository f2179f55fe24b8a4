import { api, door, got, Refused, type Detail } from "../api/client";
import { incidents } from "../live/incidents.svelte";

const GATHER_MS = 150;
/** Whoever has not said so for 15 s does not look any more. */
const LOOK_MS = 5000;

/** The incident that is looked at: its detail, fetched anew after each thing that happens to it. */
class Opened {
  id = $state<string | null>(null);
  detail = $state.raw<Detail | null>(null);
  failed = $state(false);
  forbidden = $state(false);
  /** Who else has it open. */
  lookers = $state.raw<readonly string[]>([]);
  #unwatch = () => {};
  #soon: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;

  constructor() {
    door.seenAt = (incident) => (incident === this.detail?.id ? this.detail.events.at(-1)?.at : undefined);
  }

  choose(id: string): void {
    if (id === this.id) return;
    this.close();
    this.id = id;
    this.#unwatch = incidents.watch((event) => {
      if (event.incident_id === this.id) this.refresh();
    });
    void this.#fetch();
    void this.#look();
    this.#looking = setInterval(() => void this.#look(), LOOK_MS);
  }

  close(): void {
    this.#unwatch();
    clearTimeout(this.#soon);
    clearInterval(this.#looking);
    this.#soon = undefined;
    this.lookers = [];
    this.id = null;
    this.detail = null;
    this.failed = false;
    this.forbidden = false;
  }

  refresh(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#fetch();
    }, GATHER_MS);
  }

  async #look(): Promise<void> {
    const id = this.id;
    if (!id) return;
    try {
      const { lookers } = await got(api.POST("/v1/incidents/{incident_id}/look", { params: { path: { incident_id: id } } }));
      if (id === this.id) this.lookers = lookers;
    } catch {
      // What is not known is not shown; the connection's own state tells why.
      this.lookers = [];
    }
  }

  async #fetch(): Promise<void> {
    const id = this.id;
    if (!id) return;
    try {
      const detail = await got(
        api.GET("/v1/incidents/{incident_id}", { params: { path: { incident_id: id } } }),
      );
      if (id !== this.id) return;
      this.detail = detail;
      this.failed = false;
    } catch (error) {
      if (id !== this.id) return;
      this.forbidden = error instanceof Refused && error.status === 403;
      this.failed = true;
      if (!(error instanceof Refused) || error.status === 0 || error.status >= 500) setTimeout(() => this.refresh(), 1000);
    }
  }
}

export const opened = new Opened();
