import { api, got, type Desk } from "../api/client";

const EVERY_MS = 15_000;

/** Who is at the desk; asked for now and then, since nothing tells of it. */
class DeskState {
  members = $state.raw<Desk["members"]>([]);
  /** Whether it was heard at all: before that nobody can tell whether they come or leave. */
  known = $state(false);
  #turns = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  open(): void {
    void this.#fetch();
    this.#timer = setInterval(() => void this.#fetch(), EVERY_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.members = [];
    this.known = false;
  }

  /** Whether a member of this name takes calls. */
  isThere(name: string): boolean {
    return this.members.some((member) => member.name === name && member.signed_in_at !== null && !member.paused);
  }

  get there(): number {
    return this.members.filter((member) => member.signed_in_at !== null && !member.paused).length;
  }

  /** Come to the desk or leave it. Throws Refused. */
  async turn(name: string): Promise<void> {
    const there = this.isThere(name);
    const found = there
      ? await got(api.POST("/v1/desk/sign_out"))
      : await got(api.POST("/v1/desk/sign_in", { body: {} }));
    this.#turns += 1;
    this.members = found.members;
  }

  async #fetch(): Promise<void> {
    const turns = this.#turns;
    try {
      const found = await got(api.GET("/v1/desk"));
      // What was asked before somebody came or left is not how it stands.
      if (turns !== this.#turns) return;
      this.members = found.members;
      this.known = true;
    } catch {
      // The connection's own state tells of it.
    }
  }
}

export const desk = new DeskState();
