import L from "leaflet";

/**
 * Marks told apart by their shape as well: an incident is a ring, a unit a square (crossed out while it is out of
 * service), a hospital a cross, police a diamond, several together a disc with their number. Styled in `marks.css`,
 * since the pages allow no inline style.
 */
export type Mark = "unit" | "hospital" | "police" | "cluster";

/** What a unit's mark shows while it is out of service. */
export const OUT = "✕";

export function mark(at: L.LatLngTuple, kind: Mark, told: string, options: { text?: string; loud?: boolean; quiet?: boolean } = {}): L.Marker {
  const name = `map-mark ${kind}${options.loud ? " loud" : ""}${options.quiet ? " quiet" : ""}`;
  const size = { cluster: 32, unit: 24, hospital: 24, police: 24 }[kind];
  const icon = L.divIcon({ className: name, iconSize: [size, size], html: options.text ?? { unit: "", hospital: "✚", police: "◆", cluster: "" }[kind] });
  return L.marker(at, { icon, keyboard: true, alt: told, title: told, riseOnHover: true }).bindTooltip(told, { direction: "top" });
}
