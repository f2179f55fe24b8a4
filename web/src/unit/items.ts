import type { Dispatch, Item } from "./request";

/** Before these are seen to, or there is a reason, a scene is not secured. */
export const FIRST: readonly Item[] = ["people_safe", "triangle_and_hazard_lights", "secondary_accident_prevention"];
export const ITEMS: readonly Item[] = [...FIRST, "ambulance", "police", "photos", "other_party", "towing"];

/** Which of the first items nobody has seen to yet. */
export function missing(dispatch: Dispatch): Item[] {
  return FIRST.filter((first) => !dispatch.checklist.some(({ item }) => item === first));
}
