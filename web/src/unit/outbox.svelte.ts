import { got, Refused } from "../api/client";
import { clock } from "../live/clock.svelte";
import { why, type Both } from "../words/why";
import { speech } from "../words/words.svelte";
import { access } from "./access.svelte";
import { hasWords, stands, tell, type Entry, type Report } from "./reports";
import { unitApi, type Situation } from "./request";
import { hhmm } from "./spoken";
import { storage } from "./storage";

type Lane = "reports" | "photos";

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const LATE_MS = 60_000;
const AGAIN = [0, 408, 425, 429];

/** Photos have a lane of their own: a slow one never holds back "I am safe". */
function lane(report: Report): Lane {
  return report.kind === "photo" ? "photos" : "reports";
}

/** What may go next in a lane: a photo once what was said before it is told, the end once all photos are. */
function next(entries: readonly Entry[], of: Lane): Entry | undefined {
  const waiting = entries.filter(({ refused }) => refused === undefined);
  const first = waiting.find(({ report }) => lane(report) === of);
  if (!first || (of === "reports" && first.report.kind !== "complete")) return first;
  const before = waiting.some((entry) => entry.id < first.id && entry.dispatch_id === first.dispatch_id && lane(entry.report) !== of);
  return before ? undefined : first;
}

/** Everything a guard says goes through here: kept on the phone first, then sent in order until it has come. */
class Outbox {
  entries = $state.raw<Entry[]>([]);
  /** The server answered, but could not take it. */
  trouble = $state(false);
  photos = $state.raw<Record<string, number>>({});
  /** Told of each situation that an answer brought, and of whose reports ended the work. */
  heard: (found: Situation, ended: boolean) => void = () => {};
  #notBefore: Record<Lane, number> = { reports: 0, photos: 0 };
  #wait_ms: Record<Lane, number> = { reports: FIRST_MS, photos: FIRST_MS };

  readonly waiting = $derived(this.entries.filter(({ refused }) => refused === undefined));
  readonly refused = $derived(this.entries.filter(({ refused }) => refused !== undefined));

  async open(): Promise<void> {
    await this.#refresh();
    this.photos = (await storage.recall("photos")) ?? {};
    addEventListener("online", () => this.now());
    this.now();
  }

  /** Take a report; it is safe once this returns. Throws where the phone cannot keep it. */
  async say(dispatch_id: string, report: Report): Promise<void> {
    await storage.add({ dispatch_id, said_at: clock.now, report });
    await this.#refresh();
    this.#send(lane(report));
  }

  /** Send what waits, without waiting any longer. */
  now(): void {
    this.#notBefore = { reports: 0, photos: 0 };
    this.#send("reports");
    this.#send("photos");
  }

  async drop(id: number): Promise<void> {
    await storage.remove(id);
    await this.#refresh();
    this.now();
  }

  async forget(): Promise<void> {
    await storage.clear();
    this.photos = {};
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    this.entries = await storage.entries();
  }

  #send(of: Lane): void {
    // One tab at a time: a second one would send everything again.
    void navigator.locks.request(`cbutton.unit.${of}`, () => this.#drain(of));
  }

  async #drain(of: Lane): Promise<void> {
    for (;;) {
      await this.#refresh();
      const entry = next(this.entries, of);
      if (!entry || !access.token || access.refused || Date.now() < this.#notBefore[of]) return;
      if (!(await this.#deliver(entry))) {
        this.#notBefore[of] = Date.now() + this.#wait_ms[of];
        setTimeout(() => this.#send(of), this.#wait_ms[of]);
        this.#wait_ms[of] = Math.min(2 * this.#wait_ms[of], LONGEST_MS);
        return;
      }
      this.#wait_ms[of] = FIRST_MS;
      this.trouble = false;
      this.#send(of === "photos" ? "reports" : "photos");
    }
  }

  /** Whether it is settled, one way or the other. */
  async #deliver(entry: Entry): Promise<boolean> {
    const late = clock.now - entry.said_at > LATE_MS;
    try {
      const found = await tell(entry, await this.#timeNote(entry, late), clock.now);
      // The answer first: the work must not step back while the report is put away.
      if (found) this.heard(found, ["complete", "decline"].includes(entry.report.kind));
      await this.#told(entry, late);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // A conflict without a state is two at the same moment: the same again may well be taken.
      if (AGAIN.includes(error.status) || error.status >= 500 || (error.status === 409 && !error.problem?.state)) {
        this.trouble = error.status !== 0;
        return false;
      }
      if (error.status === 401 || error.status === 403) return false;
      return this.#conflict(entry, late, why(error.problem));
    }
  }

  /** Looks how the work stands: what has come true already is as good as taken. */
  async #conflict(entry: Entry, late: boolean, refused: Both): Promise<boolean> {
    let found: Situation;
    try {
      found = await got(unitApi.GET("/v1/unit"));
    } catch {
      return false;
    }
    this.heard(found, false);
    if (stands(entry, found.dispatch)) {
      await this.#told(entry, late);
    } else {
      await storage.replace({ ...entry, refused });
      await this.#refresh();
    }
    return true;
  }

  async #told(entry: Entry, late: boolean): Promise<void> {
    const of = entry.dispatch_id;
    if (entry.report.kind === "photo") {
      this.photos = { ...this.photos, [of]: (this.photos[of] ?? 0) + 1 };
      await storage.remember("photos", { ...this.photos });
    }
    if (late && !hasWords(entry.report)) {
      const all = (await storage.recall("late")) ?? {};
      const { said_at, report } = entry;
      await storage.remember("late", { ...all, [of]: [...(all[of] ?? []), { kind: report.kind, said_at }] });
    }
    await storage.remove(entry.id);
    await this.#refresh();
  }

  /** When it was meant, in words; at the end also of what had no words of its own. */
  async #timeNote(entry: Entry, late: boolean): Promise<string> {
    const words = speech.words.unit;
    const own = late ? words.late(hhmm(entry.said_at)) : "";
    if (entry.report.kind !== "complete") return own;
    const before = ((await storage.recall("late")) ?? {})[entry.dispatch_id] ?? [];
    const list = before.map(({ kind, said_at }) => words.lateOne(words.reports[kind as Report["kind"]], hhmm(said_at)));
    const all = list.length ? words.lateAll(list.join(speech.language === "ja" ? "、" : ", ")) : "";
    return [own, all].filter(Boolean).join("\n");
  }
}

export const outbox = new Outbox();
