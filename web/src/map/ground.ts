import { api, got } from "../api/client";

interface Ground {
  tile_url: string;
  tile_attribution: string;
  outline: GeoJSON.MultiPolygon;
}

let asked: Promise<Ground | null> | undefined;

/** What lies under the maps; asked for once. */
function ground(): Promise<Ground | null> {
  asked ??= got(api.GET("/v1/map")).then(
    (found) => found as unknown as Ground,
    () => null,
  );
  return asked;
}

/** The outline of Japan, from an installed package: works without a network. */
export async function outline(): Promise<GeoJSON.MultiPolygon | null> {
  return (await ground())?.outline ?? null;
}

/** Where tiles come from and whose they are, where the settings name a server. */
export async function tiles(): Promise<{ url: string; attribution: string } | null> {
  const found = await ground();
  return found?.tile_url ? { url: found.tile_url, attribution: found.tile_attribution } : null;
}
