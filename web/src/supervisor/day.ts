const DAY_MS = 86_400_000;

/** When a day of Japan, as 2026-11-26, begins; nothing where none is given. */
export function begins(day: string): string | undefined {
  return day ? new Date(`${day}T00:00:00+09:00`).toISOString() : undefined;
}

/** When it ends: the next one begins. */
export function ends(day: string): string | undefined {
  return day ? new Date(new Date(`${day}T00:00:00+09:00`).getTime() + DAY_MS).toISOString() : undefined;
}
