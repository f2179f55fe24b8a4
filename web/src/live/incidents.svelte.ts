import { api, door, got, Refused, type Incident } from "../api/client";
import { follow, type StreamEvent } from "../api/stream";
import { clock } from "./clock.svelte";
import { Rows } from "./rows.svelte";

export type Connection = "connecting" | "live" | "lost";

/** Requests are so far apart, so that a burst costs few of them; the first change waits for its companions only. */
const APART_MS = 200;
const GATHER_MS = 20;
const AT_ONCE = 100;

/** Every open incident as the server shows it, kept up to date by the stream. */
export class Incidents {
  readonly rows = new Rows();
  connection = $state<Connection>("connecting");
  /** When the picture was last known to be true, by this machine's clock. */
  heardAt = $state(Date.now());
  loaded = $state(false);
  failed = $state(false);
  readonly #changed = new Set<string>();
  /** Of those, the ones a command of this console changed: for these the stream has not told yet what is known. */
  readonly #own = new Set<string>();
  #seen = 0;
  #asked = 0;
  readonly #watchers = new Set<(event: StreamEvent) => void>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #following: AbortController | undefined;

  /** Load everything and follow from there. */
  async open(): Promise<void> {
    this.#following?.abort();
    const following = new AbortController();
    this.#following = following;
    this.failed = false;
    for (let wait_ms = 500; !following.signal.aborted; wait_ms = Math.min(wait_ms * 2, 5000)) {
      try {
        const queue = await got(api.GET("/v1/queue"));
        if (following.signal.aborted) return;
        clock.set(queue.at);
        const still = new Set(queue.incidents.map((row) => row.id));
        this.rows.change(queue.incidents, [...this.rows.keys()].filter((id) => !still.has(id)));
        this.loaded = true;
        this.failed = false;
        this.#heard();
        void follow(queue.position, this.#listener(), following.signal);
        return;
      } catch (error) {
        if (error instanceof Refused && error.status >= 400 && error.status < 500) return;
        this.failed = !this.loaded;
        this.connection = "lost";
        await new Promise((resolve) => setTimeout(resolve, wait_ms));
      }
    }
  }

  close(): void {
    this.#following?.abort();
    clearTimeout(this.#gathering);
    this.rows.change([], [...this.rows.keys()]);
    this.loaded = false;
  }

  /** Be told of everything that happens; the result ends it. */
  watch(watcher: (event: StreamEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** As a command's answer shows it, before the stream does. */
  show(row: Partial<Incident> & { id: string }): void {
    this.#own.add(row.id);
    this.#touch(row.id);
  }

  #listener() {
    return {
      heard: () => this.#heard(),
      happened: (event: StreamEvent) => {
        this.#seen = event.position;
        this.#touch(event.incident_id);
        for (const watcher of this.#watchers) watcher(event);
      },
      lost: () => {
        this.connection = "lost";
      },
      refused: (status: number) => {
        if (status === 401) door.ended();
      },
    };
  }

  #heard(): void {
    this.connection = "live";
    this.heardAt = Date.now();
  }

  #touch(id: string): void {
    this.#changed.add(id);
    this.#gathering ??= setTimeout(() => void this.#fetch(), Math.max(GATHER_MS, this.#asked + APART_MS - Date.now()));
  }

  async #fetch(): Promise<void> {
    this.#asked = Date.now();
    const ids = [...this.#changed].slice(0, AT_ONCE);
    for (const id of ids) this.#changed.delete(id);
    // What was just read for another console will do, unless something is asked for before its event.
    const own = ids.filter((id) => this.#own.delete(id)).length > 0;
    const query = own ? { ids } : { ids, seen: this.#seen };
    try {
      const found = await got(api.GET("/v1/queue", { params: { query } }));
      const closed = (row: Incident) => row.phase === "closed";
      this.rows.change(
        found.incidents.filter((row) => !closed(row)),
        found.incidents.filter(closed).map((row) => row.id),
      );
    } catch (error) {
      const final = error instanceof Refused && error.status >= 400 && error.status < 500;
      if (!final) for (const id of ids) this.#changed.add(id);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    this.#gathering = undefined;
    if (this.#changed.size) this.#gathering = setTimeout(() => void this.#fetch(), APART_MS);
  }
}

export const incidents = new Incidents();
