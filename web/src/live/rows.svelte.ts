import type { Incident } from "../api/client";

/** One that came, changed or went: as it was before, and as it is now. */
export interface Change {
  readonly id: string;
  readonly before: Incident | undefined;
  readonly now: Incident | undefined;
}

/**
 * The open incidents by id. Whatever is drawn from them follows one signal, which moves once for all that changed
 * together: a thousand rows with a signal each cost more than the few that are drawn.
 */
export class Rows {
  readonly #held = new Map<string, Incident>();
  readonly #watchers = new Set<(changes: readonly Change[]) => void>();
  #version = $state(0);

  /** Be told of what changes, before anything is drawn; first of all that is here already. The result ends it. */
  watch(watcher: (changes: readonly Change[]) => void): () => void {
    this.#watchers.add(watcher);
    watcher([...this.#held].map(([id, now]) => ({ id, before: undefined, now })));
    return () => this.#watchers.delete(watcher);
  }

  /** These stand as told, and those of the other ids are gone. */
  change(changed: Iterable<Incident>, gone: Iterable<string> = []): void {
    const changes: Change[] = [];
    for (const now of changed) {
      changes.push({ id: now.id, before: this.#held.get(now.id), now });
      this.#held.set(now.id, now);
    }
    for (const id of gone) {
      const before = this.#held.get(id);
      if (before && this.#held.delete(id)) changes.push({ id, before, now: undefined });
    }
    if (!changes.length) return;
    for (const watcher of this.#watchers) watcher(changes);
    this.#version += 1;
  }

  get(id: string): Incident | undefined {
    void this.#version;
    return this.#held.get(id);
  }

  values(): MapIterator<Incident> {
    void this.#version;
    return this.#held.values();
  }

  keys(): MapIterator<string> {
    void this.#version;
    return this.#held.keys();
  }

  get size(): number {
    void this.#version;
    return this.#held.size;
  }
}
