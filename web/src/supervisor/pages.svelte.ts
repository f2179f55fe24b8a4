import { Refused } from "../api/client";
import { notices } from "../shell/notice.svelte";
import { speech } from "../words/words.svelte";
import { Asked } from "../live/asked.svelte";

interface Page<Row> {
  rows: readonly Row[];
  more: boolean;
}

/** A list that comes in pages: what was fetched of it so far. */
export class Pages<Row> {
  readonly first: Asked<Page<Row>>;
  readonly #ask: (last: Row | undefined) => Promise<Page<Row>>;
  #behind = $state.raw<{ of: Page<Row> | null; rows: readonly Row[]; more: boolean }>({ of: null, rows: [], more: false });
  fetching = $state(false);

  constructor(ask: (last: Row | undefined) => Promise<Page<Row>>) {
    this.#ask = ask;
    this.first = new Asked(() => ask(undefined));
  }

  get rows(): readonly Row[] {
    const first = this.first.value;
    if (!first) return [];
    return this.#behind.of === first ? [...first.rows, ...this.#behind.rows] : first.rows;
  }

  get more(): boolean {
    const first = this.first.value;
    return this.#behind.of === first ? this.#behind.more : (first?.more ?? false);
  }

  async next(): Promise<void> {
    const of = this.first.value;
    if (this.fetching || !of) return;
    this.fetching = true;
    try {
      const found = await this.#ask(this.rows.at(-1));
      if (of !== this.first.value) return;
      const before = this.#behind.of === of ? this.#behind.rows : [];
      this.#behind = { of, rows: [...before, ...found.rows], more: found.more };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notices.say(speech.words.supervisor.failed, true);
    } finally {
      this.fetching = false;
    }
  }
}
