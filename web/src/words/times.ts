import type { ja } from "./ja";

const CLOCK = new Intl.DateTimeFormat("ja-JP", {
  timeZone: "Asia/Tokyo",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DAY = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", month: "numeric", day: "numeric" });

/** The time of day in Japan, as 12:03:04. */
export function clock(at: string): string {
  return CLOCK.format(new Date(at));
}

/** The time of day, with the day before it where that is another one than `now`'s. */
export function moment(at: string, nowMs: number): string {
  const day = DAY.format(new Date(at));
  return day === DAY.format(nowMs) ? clock(at) : `${day} ${clock(at)}`;
}

/** The same to the minute. */
export function toMinute(at: string, nowMs: number): string {
  return moment(at, nowMs).replace(/:\d\d$/, "");
}

/** How long ago, in the largest unit that fits: 42 s, 7 min, 3 h, 2 d. Never negative. */
export function age(at: string | number, nowMs: number, words: typeof ja): string {
  const seconds = Math.max(0, Math.floor((nowMs - new Date(at).getTime()) / 1000));
  if (seconds < 90) return words.seconds(seconds);
  if (seconds < 90 * 60) return words.minutes(Math.floor(seconds / 60));
  if (seconds < 36 * 3600) return words.hours(Math.floor(seconds / 3600));
  return words.days(Math.floor(seconds / 86400));
}

/** The time left as 0:12 or 1:02:30; 0:00 once it is over. */
export function countdown(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((new Date(at).getTime() - nowMs) / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const two = (n: number) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
