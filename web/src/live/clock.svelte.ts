/** The server's time, by which all countdowns run; moves once a second, for all of them at once. */
class Clock {
  now = $state(Date.now());
  /** This machine's own clock, for what is measured here. */
  machine = $state(Date.now());
  #ahead_ms = 0;

  constructor() {
    const tick = () => {
      this.machine = Date.now();
      this.now = this.machine + this.#ahead_ms;
      setTimeout(tick, 1000 - (this.now % 1000));
    };
    tick();
  }

  /** What the server's clock said just now. */
  set(at: string): void {
    this.#ahead_ms = new Date(at).getTime() - Date.now();
    this.now = Date.now() + this.#ahead_ms;
  }
}

export const clock = new Clock();
