import { got } from "../api/client";
import type { Both } from "../words/why";
import type { Check, Dispatch, Item, Situation } from "./request";
import { unitApi } from "./request";

/** What a guard says; times are milliseconds since 1970. */
export type Report =
  | { kind: "accept"; eta_at: number }
  | { kind: "decline"; reason: string }
  | { kind: "en_route" }
  | { kind: "eta"; eta_at: number }
  | { kind: "on_scene" }
  | { kind: "check"; item: Item; state: Check; note: string }
  | { kind: "photo"; jpeg: Blob }
  | { kind: "safe" }
  | { kind: "secured"; reason: string }
  | { kind: "complete"; report: string };

/** A report as it waits on the phone; `refused` says why the API did not take it. */
export interface Entry {
  id: number;
  dispatch_id: string;
  said_at: number;
  report: Report;
  refused?: Both;
}

const REPORT_MS = 15_000;
const PHOTO_MS = 90_000;
const LONGEST = { note: 1000, reason: 100, report: 4000 };

/** The words with what is added about their time, as far as there is room for it. */
function added(words: string, late: string, most: number, between = " "): string {
  if (!late) return words;
  return words ? `${words.slice(0, most - late.length - between.length)}${between}${late}` : late.slice(0, most);
}

/**
 * Tell the API; the situation it answered with, if it did. Throws Refused.
 *
 * `late` is what to add to the words about when they were meant. A scene's being secured has it only
 * beside a reason: a reason by itself would stand for the checklist.
 */
export async function tell(entry: Entry, late: string, nowMs: number): Promise<Situation | null> {
  const { report } = entry;
  const signal = AbortSignal.timeout(report.kind === "photo" ? PHOTO_MS : REPORT_MS);
  const path = { dispatch_id: entry.dispatch_id };
  const params = { path };
  switch (report.kind) {
    case "accept":
    case "eta": {
      const body = { eta_s: Math.min(86_400, Math.max(0, (report.eta_at - nowMs) / 1000)) };
      return report.kind === "accept"
        ? got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/accept", { params, body, signal }))
        : got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/eta", { params, body, signal }));
    }
    case "decline": {
      const body = { reason: added(report.reason, late, LONGEST.reason) };
      return got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/decline", { params, body, signal }));
    }
    case "en_route":
      return got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/en_route", { params, body: {}, signal }));
    case "on_scene":
      return got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/on_scene", { params, body: {}, signal }));
    case "safe":
      return got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/i_am_safe", { params, body: {}, signal }));
    case "check": {
      const body = { state: report.state, note: added(report.note, late, LONGEST.note) };
      const where = { path: { ...path, item: report.item } };
      return got(
        unitApi.PUT("/v1/unit/dispatches/{dispatch_id}/checklist/{item}", { params: where, body, signal }),
      );
    }
    case "secured": {
      const body = { reason: report.reason && added(report.reason, late, LONGEST.reason) };
      return got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/secured", { params, body, signal }));
    }
    case "complete": {
      const body = { report: added(report.report, late, LONGEST.report, "\n") };
      return got(unitApi.POST("/v1/unit/dispatches/{dispatch_id}/complete", { params, body, signal }));
    }
    case "photo":
      await got(
        unitApi.POST("/v1/unit/dispatches/{dispatch_id}/photos", {
          params,
          body: report.jpeg as unknown as string,
          bodySerializer: (jpeg) => jpeg,
          headers: { "Content-Type": "image/jpeg" },
          signal,
        }),
      );
      return null;
  }
}

/** Whether its words say when it was meant, if it is late; others are told of in the report at the end. */
export function hasWords(report: Report): boolean {
  switch (report.kind) {
    case "check":
    case "decline":
    case "complete":
      return true;
    case "secured":
      return report.reason !== "";
    default:
      return false;
  }
}

const ORDER = ["offered", "accepted", "en_route", "on_scene", "secured", "completed"];
const REACHED: Partial<Record<Report["kind"], string>> = {
  accept: "accepted",
  en_route: "en_route",
  on_scene: "on_scene",
  secured: "secured",
};

/** Whether a report that was refused had come true before: then it is as good as taken. */
export function stands(entry: Entry, dispatch: Dispatch | null): boolean {
  if (entry.report.kind === "decline") return dispatch?.id !== entry.dispatch_id;
  const reached = REACHED[entry.report.kind];
  if (!reached || dispatch?.id !== entry.dispatch_id) return false;
  return ORDER.indexOf(dispatch.state) >= ORDER.indexOf(reached);
}

/** The work as it stands once all that waits has been sent. */
export function foreseen(told: Dispatch | null, entries: readonly Entry[]): Dispatch | null {
  let now = told;
  for (const { dispatch_id, report, said_at, refused } of entries) {
    if (!now || refused !== undefined || dispatch_id !== now.id) continue;
    switch (report.kind) {
      case "accept":
        now = { ...now, state: "accepted", offer_expires_at: null, eta_at: new Date(report.eta_at).toISOString() };
        break;
      case "eta":
        now = { ...now, eta_at: new Date(report.eta_at).toISOString() };
        break;
      case "en_route":
      case "on_scene":
      case "secured":
        now = { ...now, state: report.kind, reminder: null };
        break;
      case "safe":
        now = { ...now, reminder: now.reminder === "confirm_safe" ? null : now.reminder };
        break;
      case "check": {
        const check = { item: report.item, state: report.state, note: report.note, at: new Date(said_at).toISOString() };
        now = { ...now, checklist: [...now.checklist.filter(({ item }) => item !== report.item), check] };
        break;
      }
      case "decline":
      case "complete":
        now = null;
    }
  }
  return now;
}
