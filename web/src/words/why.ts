import type { Problem } from "../api/client";
import { en } from "./en";
import { ja } from "./ja";

export interface Both {
  ja: string;
  en: string;
}

/** Why the API refused: in its own words for people, else by the status alone; its `detail` is for programs. */
export function why(problem: Problem | null): Both {
  const status = problem?.status ?? 0;
  return problem?.said ?? { ja: ja.because[status] ?? `${status}`, en: en.because[status] ?? `${status}` };
}
