import type { components } from "../api/schema";
import { api, door, got, Refused } from "../api/client";

type Who = components["schemas"]["SessionView"];

/** Who is signed in here. */
class Session {
  who = $state<Who | null>(null);
  known = $state(false);
  locked = $state(false);
  ended = $state(false);

  constructor() {
    door.ended = () => {
      // Several requests are told so at once.
      this.ended ||= this.who !== null;
      this.who = null;
    };
    door.locked = () => {
      this.locked = true;
    };
  }

  /** Find out who is signed in. Throws Refused where nobody answers. */
  async open(): Promise<void> {
    try {
      this.#take(await got(api.GET("/v1/session")));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      this.who = null;
    } finally {
      this.known = true;
    }
  }

  /** Throws Refused: 401 for what is not right, 429 for too many failures. */
  async enter(name: string, password: string, code: string): Promise<void> {
    this.#take(await got(api.POST("/v1/session", { body: { name, password, code: code || null } })));
    this.ended = false;
  }

  async leave(): Promise<void> {
    await got(api.DELETE("/v1/session"));
    this.who = null;
  }

  async lock(): Promise<void> {
    await got(api.POST("/v1/session/lock"));
    this.locked = true;
  }

  /** Throws Refused. */
  async unlock(password: string): Promise<void> {
    await got(api.POST("/v1/session/unlock", { body: { password } }));
    this.locked = false;
  }

  may(right: string): boolean {
    return this.who?.rights.some((one) => one === right) ?? false;
  }

  #take(found: Who): void {
    door.csrf = found.csrf_token;
    this.locked = found.locked;
    this.who = found;
  }
}

export const session = new Session();
