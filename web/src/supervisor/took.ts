import type { ja } from "../words/ja";

/** A length of time as people say it: 8.4 s, 42 s, 3:07, 1:02:30. */
export function took(seconds: number, words: typeof ja): string {
  if (seconds < 10) return words.seconds(Math.round(seconds * 10) / 10);
  if (seconds < 60) return words.seconds(Math.round(seconds));
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
