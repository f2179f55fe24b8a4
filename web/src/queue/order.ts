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

/** The order of work: who waits on a line, then what nobody has by gravity, then by what comes next. */
export function inOrder(one: Incident, other: Incident): number {
  return (
    Number(other.waiting.length > 0) - Number(one.waiting.length > 0) ||
    Number(isUntaken(other)) - Number(isUntaken(one)) ||
    gravity(one) - gravity(other) ||
    due(one) - due(other) ||
    other.opened_at.localeCompare(one.opened_at) ||
    one.id.localeCompare(other.id)
  );
}

function due(row: Incident): number {
  return row.next ? new Date(row.next.due_at).getTime() : Number.MAX_SAFE_INTEGER;
}

/** Whether a row is among those asked for; every word has to be found in it. */
export function matches(row: Incident, filter: Filter, search: string, me: string): boolean {
  if (filter === "untaken" && !isUntaken(row)) return false;
  if (filter === "mine" && row.taken_by !== me) return false;
  if (filter === "grave" && gravity(row) > 1) return false;
  const told = [row.place?.ja, row.place?.en, row.device_id, row.policy_id, row.taken_by, row.id]
    .join(" ")
    .normalize("NFKC")
    .toLowerCase();
  return search
    .normalize("NFKC")
    .toLowerCase()
    .split(/\s+/)
    .every((word) => told.includes(word));
}

/**
 * The order to draw. While `held` (the pointer is inside), rows keep the place they have: new ones wait
 * above in a count of their own, and only what has gone leaves.
 */
export function settled(drawn: readonly string[], wanted: readonly string[], held: boolean): string[] {
  if (!held) return [...wanted];
  const still = new Set(wanted);
  return drawn.filter((id) => still.has(id));
}
