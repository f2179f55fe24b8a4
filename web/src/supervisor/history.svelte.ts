import { api, got, type Outcome, type Trigger } from "../api/client";
import type { components } from "../api/schema";
import { begins, ends } from "./day";
import { Pages } from "./pages.svelte";
import { addressOf } from "./save";

export type HistoryRow = components["schemas"]["HistoryRow"];
type Severity = NonNullable<HistoryRow["severity"]>;

const NOTHING = {
  from: "",
  to: "",
  place: "",
  trigger: "" as Trigger | "",
  severity: "" as Severity | "",
  outcome: "" as Outcome | "",
  taken_by: "",
  policy_id: "",
  device_id: "",
  plate: "",
  holder: "",
};

/** What is looked for in the history, kept while one looks at what was found; never in the address, as it may name people. */
class Search {
  wanted = $state({ ...NOTHING });
  readonly found = new Pages<HistoryRow>(async (last) => {
    const answer = await got(
      api.GET("/v1/history", { params: { query: { ...this.#query, ...(last && { before: last.id }) } } }),
    );
    return { rows: answer.incidents, more: answer.more };
  });

  get file(): string {
    return addressOf("/v1/history.csv", this.#query);
  }

  clear(): void {
    this.wanted = { ...NOTHING };
  }

  get #query() {
    const { from, to, ...rest } = this.wanted;
    return Object.fromEntries(
      Object.entries({ ...rest, opened_from: begins(from), opened_to: ends(to) }).filter(([, value]) => value),
    ) as Record<string, string>;
  }
}

export const search = new Search();
