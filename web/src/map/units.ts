import { api, got } from "../api/client";
import type { components } from "../api/schema";

export type Unit = components["schemas"]["UnitView"];

const AT_ONCE = 1000;

/** Every unit as it was last heard of. Throws Refused. */
export async function everyUnit(): Promise<Unit[]> {
  const units: Unit[] = [];
  for (;;) {
    const after = units.at(-1)?.id ?? "";
    const page = await got(api.GET("/v1/units", { params: { query: { after, limit: AT_ONCE } } }));
    units.push(...page.units);
    if (page.units.length < AT_ONCE) return units;
  }
}
