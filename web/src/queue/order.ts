import type { Incident } from "../api/client";

export type Filter = "all" | "untaken" | "mine" | "grave";

export type Grade = "very_severe" | "severe" | "moderate" | "light" | "trouble";

const GRAVITY: Record<Grade, number> = { very_severe: 0, severe: 1, moderate: 3, light: 4, trouble: 5 };

/** How it is marked: by its severity, or as trouble where there was no impact. */
export function grade(row: Pick<Incident, "severity">): Grade {
  const severity = row.severity;
  return severity === null || severity === "none" || severity === "knock" ? "trouble" : severity;
}

/** How grave an incident is to whoever looks at the queue; a held button counts as severe. */
export function gravity(row: Incident): number {
  if (row.severity) return GRAVITY[grade(row)];
  return row.trigger === "short_press" ? GRAVITY.trouble : GRAVITY.severe;
}

/** Something here waits for a person, and nobody has it. */
export function isUntaken(row: Incident): boolean {
  return row.tasks.length > 0 && !row.taken_by;
}

/** By what a row has its place in the queue: whatever of it is smaller comes first. */
export interface Place {
  readonly by: readonly number[];
  readonly id: string;
}

/** What is new comes before what is as grave: it has to be seen, also among many that wait. */
const NEW_MS = 60_000;

/** Nobody has it, and it has just come. */
export function isNew(row: Incident, now_ms: number): boolean {
  return isUntaken(row) && now_ms - Date.parse(row.opened_at) < NEW_MS;
}

/** The order of work: who waits on a line, then what nobody has by gravity, what is new, then by what comes next. */
export function placeOf(row: Incident, now_ms: number): Place {
  return {
    by: [
      row.waiting.length > 0 ? 0 : 1,
      isUntaken(row) ? 0 : 1,
      gravity(row),
      isNew(row, now_ms) ? 0 : 1,
      row.next ? Date.parse(row.next.due_at) : Number.MAX_SAFE_INTEGER,
      -Date.parse(row.opened_at),
    ],
    id: row.id,
  };
}

export function inOrder(one: Place, other: Place): number {
  for (const [index, value] of one.by.entries()) {
    const apart = value - (other.by[index] ?? 0);
    if (apart) return apart;
  }
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

/** What a row is found by. */
export function toldOf(row: Incident): string {
  return plain([row.place?.ja, row.place?.en, row.device_id, row.policy_id, row.taken_by, row.id].join(" "));
}

function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Whether a row is among those asked for; every word has to be found in it. */
export function matching(filter: Filter, search: string, me: string): (row: Incident, told: string) => boolean {
  const words = plain(search).split(/\s+/).filter(Boolean);
  const among: Record<Filter, (row: Incident) => boolean> = {
    all: () => true,
    untaken: isUntaken,
    mine: (row) => row.taken_by === me,
    grave: (row) => gravity(row) <= 1,
  };
  const asked = among[filter];
  return (row, told) => asked(row) && words.every((word) => told.includes(word));
}

/**
 * The order to draw. While `held` (the pointer is inside), all keep the place they have: new ones come below all
 * others, and those that have gone leave no gap that others would move into.
 */
export function settled(drawn: readonly string[], wanted: readonly string[], held: boolean): readonly string[] {
  if (!held || drawn === wanted) return wanted;
  const there = new Set(drawn);
  const come = wanted.filter((id) => !there.has(id));
  return come.length ? [...drawn, ...come] : drawn;
}
