/** One after another, as they are drawn: an event, or how often what stands above it came once more. */
export type Line<Event> = { event: Event } | { again: number; until: Event; events: readonly Event[] };

/** So many different lines make a round at most: a desk's alarm, its telephones one after another, and that nobody answered. */
const LONGEST = 8;
const ROUNDS = 3;

/**
 * The same again and again is told once, with how often it came: a desk at which nobody is rings every minute, and
 * a stuck button makes hundreds of lines. `same` names what an event says; where it gives null, the event always
 * stands for itself. A round of several begins with what did not happen `together` with the event before it.
 */
export function fold<Event>(
  events: readonly Event[],
  same: (event: Event) => string | null,
  together: (one: Event, next: Event) => boolean,
): Line<Event>[] {
  const said = events.map(same);
  const lines: Line<Event>[] = [];
  for (let at = 0; at < events.length; ) {
    const [before, first] = [events[at - 1], events[at]];
    const within = before !== undefined && first !== undefined && together(before, first);
    const { length, rounds } = repeated(said, at, within ? 1 : LONGEST);
    for (const event of events.slice(at, at + length)) lines.push({ event });
    if (rounds > 1) {
      const folded = events.slice(at + length, at + length * rounds);
      const until = folded.at(-1);
      if (until) lines.push({ again: rounds - 1, until, events: folded });
    }
    at += length * rounds;
  }
  return lines;
}

/** How long the round is that begins here, and how often it comes; a single event where nothing comes often enough. */
function repeated(said: readonly (string | null)[], at: number, longest: number): { length: number; rounds: number } {
  for (let length = 1; length <= longest && at + length * ROUNDS <= said.length; length += 1) {
    let end = at + length;
    while (end < said.length && said[end] !== null && said[end] === said[end - length]) end += 1;
    const rounds = Math.floor((end - at) / length);
    if (rounds >= ROUNDS && said[at] !== null) return { length, rounds };
  }
  return { length: 1, rounds: 1 };
}
