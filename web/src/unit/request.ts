import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "../api/schema";
import { clock } from "../live/clock.svelte";
import { access } from "./access.svelte";

export type Situation = components["schemas"]["UnitSituation"];
export type Unit = Situation["unit"];
export type Dispatch = NonNullable<Situation["dispatch"]>;
export type Item = Dispatch["checklist"][number]["item"];
export type Check = Dispatch["checklist"][number]["state"];

const OFF_MS = 2_000;

const carry: Middleware = {
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${access.token}`);
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401 || response.status === 403) access.refused = true;
    // The header counts whole seconds: smaller differences are no news.
    const said = Date.parse(response.headers.get("Date") ?? "") + 500;
    if (Math.abs(said - Date.now() - (clock.now - clock.machine)) > OFF_MS) clock.set(new Date(said).toISOString());
  },
};

/** The API as the unit: by its token alone, also where a console is signed in beside it. */
export const unitApi = createClient<paths>({ baseUrl: location.origin, credentials: "omit", cache: "no-store" });
unitApi.use(carry);
