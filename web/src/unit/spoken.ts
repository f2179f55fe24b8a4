import { clock } from "../words/times";

/** The time of day in Japan of milliseconds since 1970, as 12:03. */
export function hhmm(ms: number): string {
  return clock(new Date(ms).toISOString()).slice(0, 5);
}
