import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema";

export type Incident = components["schemas"]["QueueRow"];
export type Detail = components["schemas"]["IncidentDetail"];
export type Impact = components["schemas"]["ImpactView"];
export type Desk = components["schemas"]["DeskView"];
export type Ambulance = components["schemas"]["AmbulanceView"];
export type Severity = NonNullable<Incident["severity"]>;
export type Trigger = Incident["trigger"];
export type Answer = NonNullable<Incident["answer"]>;
export type Outcome = NonNullable<Incident["outcome"]>;
export type DispatchKind = Incident["dispatches"][number]["kind"];
export type AmbulanceState = NonNullable<Incident["ambulance"]>;
export type Problem = components["schemas"]["Problem"];

/** What every request carries and every answer is looked at for; `session.svelte.ts` fills it in. */
export const door = {
  csrf: "",
  /** `at` of the newest event seen of an incident, if it is the one on the screen. */
  seenAt: (_incident: string): string | undefined => undefined,
  ended: () => {},
  locked: () => {},
};

const carry: Middleware = {
  onRequest({ request, params }) {
    if (request.method === "GET") return request;
    request.headers.set("X-CSRF-Token", door.csrf);
    const incident = params.path?.["incident_id"];
    const seenAt = typeof incident === "string" ? door.seenAt(incident) : undefined;
    if (seenAt) request.headers.set("X-Seen-At", seenAt);
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (schemaPath === "/v1/session") return;
    if (response.status === 401) door.ended();
    if (response.status === 423) door.locked();
  },
};

export const api = createClient<paths>({ baseUrl: location.origin });
api.use(carry);

/** An answer that was not hoped for: the API's problem, or null where there was no answer at all. */
export class Refused extends Error {
  constructor(readonly problem: Problem | null) {
    super(problem?.detail ?? "unreachable");
  }

  get status(): number {
    return this.problem?.status ?? 0;
  }
}

/** What a request gave. Throws Refused, also where nobody answered. */
export async function got<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer;
  try {
    answer = await asked;
  } catch {
    throw new Refused(null);
  }
  if (answer.response.ok) return answer.data as T;
  const problem = answer.error as Partial<Problem> | undefined;
  throw new Refused({
    type: "about:blank",
    title: answer.response.statusText,
    detail: answer.response.statusText,
    said: null,
    state: null,
    changed: null,
    errors: null,
    needs_code: null,
    locked: null,
    wait_s: null,
    ...problem,
    status: answer.response.status,
  });
}
