import { Refused } from "../api/client";
import { why, type Both } from "../words/why";

export type Standing = "loading" | "ready" | "failed" | "forbidden" | "refused";

/** Something that is asked of the API, again and again: the last answer, and how the last try went. */
export class Asked<T> {
  value = $state.raw<T | null>(null);
  standing = $state<Standing>("loading");
  busy = $state(false);
  /** When the last answer came, by this machine's clock. */
  heardAt = $state(0);
  /** Why the API refused, where it did. */
  why = $state.raw<Both | null>(null);
  readonly #ask: () => Promise<T>;
  #turn = 0;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Ask; an answer that comes after a later question does not count. */
  async again(): Promise<void> {
    const turn = ++this.#turn;
    this.busy = true;
    try {
      const found = await this.#ask();
      if (turn !== this.#turn) return;
      this.value = found;
      this.heardAt = Date.now();
      this.standing = "ready";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (turn !== this.#turn) return;
      this.why = why(error.problem);
      this.standing = error.status === 403 ? "forbidden" : error.status === 422 ? "refused" : "failed";
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }
}
