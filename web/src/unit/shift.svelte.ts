import { got } from "../api/client";
import { clock } from "../live/clock.svelte";
import { unitApi } from "./request";
import { standing } from "./situation.svelte";

const KEY = "cbutton.unit.shift";
const EVERY_MS = 15_000;

interface Fix {
  lat_deg: number;
  lon_deg: number;
  accuracy_m: number;
  at: number;
}

/** Whether the guard works, and where; told at most every 15 s. */
class Shift {
  /** What the guard said last; null where only the API knows. */
  #wish = $state<boolean | null>({ on: true, off: false }[localStorage.getItem(KEY) ?? ""] ?? null);
  fix = $state.raw<Fix | null>(null);
  finding = $state<"asking" | "known" | "refused" | "unavailable">("asking");
  /** The guard chose to start without a position. */
  atBase = $state(false);
  #watch: number | null = null;
  #toldAt = 0;

  readonly on = $derived(this.#wish ?? standing.unit?.on_shift ?? false);
  readonly unsent = $derived(standing.unit !== null && this.on !== standing.unit.on_shift);

  start(): void {
    this.#choose(true);
    this.follow();
    void this.tell();
  }

  startAtBase(): void {
    this.atBase = true;
    this.start();
  }

  end(): void {
    this.atBase = false;
    this.#choose(false);
    this.#rest();
    void this.tell();
  }

  /** Follow the phone's position while on shift. */
  follow(): void {
    if (this.#watch !== null) return;
    this.finding = this.fix ? "known" : "asking";
    this.#watch = navigator.geolocation.watchPosition(
      ({ coords, timestamp }) => {
        const first = this.fix === null;
        this.fix = { lat_deg: coords.latitude, lon_deg: coords.longitude, accuracy_m: coords.accuracy, at: timestamp };
        this.finding = "known";
        this.atBase = false;
        if (first) void this.tell();
      },
      (error) => {
        this.finding = error.code === error.PERMISSION_DENIED ? "refused" : "unavailable";
        // A refused watch is over: pressing again asks again.
        if (this.finding === "refused") this.#rest();
      },
      { enableHighAccuracy: true, maximumAge: 5_000 },
    );
  }

  /** Tell what the API does not know yet, or where the unit is now. */
  async tell(): Promise<void> {
    const unit = standing.unit;
    if (!unit) return;
    const changed = this.on !== unit.on_shift;
    const due = this.on && this.fix !== null && Date.now() - this.#toldAt >= EVERY_MS;
    if (!changed && !due) return;
    const place = this.on && !this.fix ? (this.atBase ? { lat_deg: unit.base_lat_deg, lon_deg: unit.base_lon_deg } : null) : (this.fix ?? unit);
    if (!place) return;
    this.#toldAt = Date.now();
    const body = { lat_deg: place.lat_deg, lon_deg: place.lon_deg, on_shift: this.on };
    try {
      await got(unitApi.PUT("/v1/unit/position", { body, signal: AbortSignal.timeout(10_000) }));
      if (changed) void standing.look();
    } catch {
      // Told again after the next look that is answered.
      this.#toldAt = 0;
    }
  }

  /** How far away something is, in kilometres in a straight line. */
  kmTo(lat_deg: number, lon_deg: number): number | null {
    const from = this.fix ?? standing.unit;
    if (!from) return null;
    const rad = Math.PI / 180;
    const half = (a: number, b: number) => Math.sin(((a - b) * rad) / 2) ** 2;
    const h =
      half(lat_deg, from.lat_deg) +
      Math.cos(lat_deg * rad) * Math.cos(from.lat_deg * rad) * half(lon_deg, from.lon_deg);
    return 2 * 6371 * Math.asin(Math.sqrt(h));
  }

  forget(): void {
    this.#wish = null;
    localStorage.removeItem(KEY);
    this.#rest();
  }

  get fixAge(): number {
    return this.fix ? Math.min(this.fix.at, clock.machine) : 0;
  }

  #choose(on: boolean): void {
    this.#wish = on;
    localStorage.setItem(KEY, on ? "on" : "off");
  }

  #rest(): void {
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = null;
  }
}

export const shift = new Shift();
