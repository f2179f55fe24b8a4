import { SvelteMap } from "svelte/reactivity";

import { api, door, got, Refused, type Incident } from "../api/client";
import { follow, type StreamEvent } from "../api/stream";
import { clock } from "./clock.svelte";

export type Connection = "connecting" | "live" | "lost";

/** Changes are gathered for so long, so that a burst costs one request and one drawing. */
const GATHER_MS = 200;
const AT_ONCE = 100;

/** Every open incident as the server shows it, kept up to date by the stream. */
export class Incidents {
  readonly rows = new SvelteMap<string, Incident>();
  connection = $state<Connection>("connecting");
  /** When the picture was last known to be true, by this machine's clock. */
  heardAt = $state(Date.now());
  loaded = $state(false);
  failed = $state(false);
  readonly #changed = new Set<string>();
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
        for (const id of [...this.rows.keys()]) {
          if (!queue.incidents.some((row) => row.id === id)) this.rows.delete(id);
        }
        for (const row of queue.incidents) this.rows.set(row.id, row);
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
    this.rows.clear();
    this.loaded = false;
  }

  /** Be told of everything that happens; the result ends it. */
  watch(watcher: (event: StreamEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** As a command's answer shows it, before the stream does. */
  show(row: Partial<Incident> & { id: string }): void {
    this.#touch(row.id);
  }

  #listener() {
    return {
      heard: () => this.#heard(),
      happened: (event: StreamEvent) => {
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
    this.#gathering ??= setTimeout(() => void this.#fetch(), GATHER_MS);
  }

  async #fetch(): Promise<void> {
    const ids = [...this.#changed].slice(0, AT_ONCE);
    for (const id of ids) this.#changed.delete(id);
    try {
      const found = await got(api.GET("/v1/queue", { params: { query: { ids } } }));
      for (const row of found.incidents) {
        if (row.phase === "closed") this.rows.delete(row.id);
        else this.rows.set(row.id, row);
      }
    } catch (error) {
      const final = error instanceof Refused && error.status >= 400 && error.status < 500;
      if (!final) for (const id of ids) this.#changed.add(id);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    this.#gathering = undefined;
    if (this.#changed.size) this.#gathering = setTimeout(() => void this.#fetch(), GATHER_MS);
  }
}

export const incidents = new Incidents();
