const OFFERED_MS = 10_000;

interface Offer {
  id: string;
  what: string;
  back: () => void;
}

/** What was done last and can be undone, for some seconds. */
class Undo {
  offered = $state.raw<Offer | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  offer(id: string, what: string, back: () => void): void {
    this.offered = { id, what, back };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.forget(), OFFERED_MS);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.offered = null;
  }

  /** Undo it, once. */
  take(): void {
    const offered = this.offered;
    this.forget();
    offered?.back();
  }
}

export const undo = new Undo();
