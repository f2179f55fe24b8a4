import { got } from "../api/client";
import { clock } from "../live/clock.svelte";
import { speech } from "../words/words.svelte";
import { access } from "./access.svelte";
import { outbox } from "./outbox.svelte";
import { foreseen } from "./reports";
import { unitApi, type Dispatch, type Situation, type Unit } from "./request";
import { storage } from "./storage";

const CALM_MS = 5_000;
const OFFERED_MS = 1_000;
const PATIENCE_MS = 10_000;

/** The unit and its work: as told last, and as it stands with what waits to be sent. */
class Standing {
  told = $state.raw<Situation | null>(null);
  connection = $state<"connecting" | "live" | "lost">("connecting");
  /** This machine's time of the last answer. */
  heardAt = $state(0);
  /** An offer, or work, that went away without our doing, until somebody has read so. */
  ended = $state<"offer" | "work" | null>(null);
  /** What to do after each look that was answered. */
  looked: () => void = () => {};
  #changes = 0;
  #timer = 0;

  readonly unit = $derived<Unit | null>(this.told?.unit ?? null);
  /** Why it is not asked; what ran out while there was no signal counts no more. */
  readonly outage = $derived.by<Unit["out_of_service"]>(() => {
    const told = this.unit?.out_of_service ?? null;
    return told?.until && Date.parse(told.until) <= clock.now ? null : told;
  });
  readonly dispatch = $derived<Dispatch | null>(foreseen(this.told?.dispatch ?? null, outbox.entries));

  async open(): Promise<void> {
    this.told = (await storage.recall("situation")) ?? null;
    this.heardAt = (await storage.recall("heardAt")) ?? 0;
    await outbox.open();
    outbox.heard = (found, ended) => this.#take(found, ended);
    const soon = () => void this.look();
    addEventListener("online", soon);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
    soon();
  }

  /** Ask now, and again and again after it. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    if (access.token && !access.refused) await this.#ask();
    clearTimeout(this.#timer);
    const offered = this.told?.dispatch?.state === "offered";
    this.#timer = window.setTimeout(() => void this.look(), offered ? OFFERED_MS : CALM_MS);
  }

  async forget(): Promise<void> {
    await outbox.forget();
    this.told = null;
    this.ended = null;
    this.connection = "connecting";
  }

  async #ask(): Promise<void> {
    const before = this.#changes;
    try {
      const found = await got(unitApi.GET("/v1/unit", { signal: AbortSignal.timeout(PATIENCE_MS) }));
      // What was asked before a report was taken may be older than the report's own answer.
      if (before === this.#changes) this.#take(found, false);
    } catch {
      this.connection = "lost";
      return;
    }
    if (this.told && access.fresh) {
      access.fresh = false;
      speech.choose(this.told.unit.language);
    }
    outbox.now();
    this.looked();
  }

  #take(found: Situation, byUs: boolean): void {
    const before = this.told?.dispatch;
    this.#changes += 1;
    this.connection = "live";
    this.heardAt = Date.now();
    if (before && before.offer_id !== found.dispatch?.offer_id && !byUs && !this.#leaves(before)) {
      this.ended = before.state === "offered" ? "offer" : "work";
    }
    this.told = found;
    void storage.remember("situation", found);
    void storage.remember("heardAt", this.heardAt);
  }

  /** Whether it is we who end it, though the answer was not heard yet. */
  #leaves(dispatch: Dispatch): boolean {
    return outbox.waiting.some(
      ({ dispatch_id, report }) =>
        dispatch_id === dispatch.id && (report.kind === "complete" || report.kind === "decline"),
    );
  }
}

export const standing = new Standing();
