import "leaflet/dist/leaflet.css";

import L from "leaflet";

import { outline, tiles } from "./ground";

const JAPAN: L.LatLngBoundsLiteral = [[30, 128], [45.6, 146]];

/** The theme's colours by name. */
export function colours(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

export interface Basemap {
  map: L.Map;
  /** Whose tiles they are; empty without a server. */
  credit: string;
  /** Take over the theme's colours. */
  paint: () => void;
  remove: () => void;
}

/** A map of Japan in an element, with what lies under it; `ready` once that is known. */
export function basemap(place: HTMLElement, ready: (base: Basemap) => void): Basemap {
  const map = L.map(place, { zoomControl: true, attributionControl: false, preferCanvas: true, zoomAnimation: false, fadeAnimation: false });
  L.control.scale({ imperial: false }).addTo(map);
  map.fitBounds(JAPAN);
  let coast: L.GeoJSON | undefined;
  const watcher = new ResizeObserver(() => map.invalidateSize());
  watcher.observe(place);
  const base: Basemap = {
    map,
    credit: "",
    paint: () => {
      const colour = colours();
      coast?.setStyle({ color: colour("line"), weight: 1, fillColor: colour("surface"), fillOpacity: base.credit ? 0 : 1 });
    },
    remove: () => {
      gone = true;
      watcher.disconnect();
      map.remove();
    },
  };
  let gone = false;
  void Promise.all([outline(), tiles()]).then(([shape, found]) => {
    if (gone) return;
    if (found) {
      L.tileLayer(found.url, { maxZoom: 18 }).addTo(map);
      base.credit = found.attribution;
    }
    if (shape) coast = L.geoJSON(shape, { interactive: false }).addTo(map);
    coast?.bringToBack();
    base.paint();
    ready(base);
  });
  return base;
}
