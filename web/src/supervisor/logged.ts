import type { components } from "../api/schema";
import type { ja } from "../words/ja";

type Entry = components["schemas"]["LogEntry"];

const KEYS = "opened_from|opened_to|place|trigger|severity|outcome|taken_by|policy_id|device_id|plate|holder|since|until|who|what|action";
// A name may hold a comma: only a key behind it begins another part.
const PARTS = new RegExp(`, (?=(?:${KEYS}) )`);
const TIME = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", dateStyle: "short", timeStyle: "short" });
const SEARCHES = ["history.search", "history.export", "access_log.read", "access_log.export"];

/** What a line of the access log is about, in words: a thing by its id, or what was looked for. */
export function objectOf({ action, object }: Entry, words: typeof ja): string {
  const own = words.supervisor.access;
  if (SEARCHES.includes(action)) {
    if (object === "all") return own.everything;
    return object.split(PARTS).map((part) => sought(part, words)).join(words.supervisor.list);
  }
  if (action === "activate plan") return own.planVersion(object.replace("plan ", ""));
  if (object.startsWith("address ")) return own.address(object.slice("address ".length));
  return object === "an unknown name" ? own.unknownName : object;
}

function sought(part: string, words: typeof ja): string {
  const [, key = "", value = ""] = /^(\S+) (.*)$/s.exec(part) ?? [];
  const { access, history, from, to } = words.supervisor;
  const names: Record<string, string> = {
    opened_from: from, opened_to: to, since: from, until: to,
    place: history.place, trigger: history.trigger, severity: history.severity, outcome: history.outcome,
    taken_by: history.takenBy, policy_id: history.policy, device_id: history.device, plate: history.plate, holder: history.holder,
    who: access.who, what: access.what, action: access.action,
  };
  const values: Record<string, Record<string, string>> = {
    trigger: words.trigger, severity: words.severity, outcome: words.outcome, action: access.actions,
  };
  const name = names[key];
  if (!name) return part;
  const time = name === from || name === to;
  return `${name}: ${time ? TIME.format(new Date(value)) : (values[key]?.[value] ?? value)}`;
}

/** Why it was looked at, or what became of it; people's own words as they are. */
export function reasonOf({ action, reason }: Entry, words: typeof ja): string {
  const own = words.supervisor.access;
  const [, made, role] = /^(new|changed): (\w+)$/.exec(reason) ?? [];
  if (made && role) return `${made === "new" ? own.made : own.changed}: ${words.role[role] ?? role}`;
  const [, why, until] = (action === "unit.out_of_service" && /^(.*) \(until (\S+ \S+) in Japan\)$/.exec(reason)) || [];
  if (why && until) return `${why} (${words.supervisor.units.untilTime(until)})`;
  return own.reasons[reason] ?? reason;
}
