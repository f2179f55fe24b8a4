"""Municipality boundaries, where an insurer has imported the official ones.

They are data set N03 of the National Land Numerical Information.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from incident.places import imports
from incident.places.prefectures import five_digits
from incident.places.table import LAT_DEG, LON_DEG, DirectoryError, read_file
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position

SQL = Queries("incident.places")
_ALLOWED: Final = {"lon": LON_DEG, "lat": LAT_DEG}


@dataclass(frozen=True, slots=True)
class Outline:
    """One ring of a municipality: longitudes and latitudes in degrees, the first point again at its end."""

    code: str
    name_ja: str
    ring: tuple[tuple[float, float], ...]


def read_outlines(file: Path) -> list[Outline]:
    """The rings of a GeoJSON file as N03 is published; land that belongs to nobody yet is passed over.

    Raises DirectoryError with every fault, by the feature's number counted from 1.
    """
    text = read_file(file)
    try:
        data = cast("object", json.loads(text))
    except ValueError as error:
        raise DirectoryError([f"{file}: not JSON: {error}"]) from None
    features = cast("dict[str, object]", data).get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        raise DirectoryError([f"{file}: it is a GeoJSON FeatureCollection with at least one feature"])
    faults: list[str] = []
    outlines: list[Outline] = []
    for number, feature in enumerate(cast("list[dict[str, Any]]", features), start=1):
        try:
            outlines.extend(_outlines(feature))
        except ValueError as error:
            faults.append(f"{file}, feature {number}: {error}")
        except (KeyError, TypeError, AttributeError):
            faults.append(
                f"{file}, feature {number}: it has properties, and a geometry of Polygon or MultiPolygon"
            )
    if faults:
        raise DirectoryError(faults)
    return outlines


def begin_replacing(conn: Connection) -> None:
    """Take out the boundaries there are, within the caller's transaction: others read them until its commit."""
    imports.begin(conn, "municipalities")
    conn.execute(SQL["clear_municipalities"])


def add_outlines(conn: Connection, outlines: list[Outline]) -> None:
    """Put in the rings of one file; a country's are too many to hold at once."""
    with conn.cursor().copy(SQL["copy_municipalities"]) as copy:
        for outline in outlines:
            ring = ",".join(f"({lon!r},{lat!r})" for lon, lat in outline.ring)
            copy.write_row((outline.code, outline.name_ja, f"({ring})"))


def end_replacing(conn: Connection, entries: int) -> None:
    """Say how many rings there are now."""
    imports.end(conn, "municipalities", entries)


def municipality_at(conn: Connection, position: Position) -> tuple[str, str] | None:
    """Code and Japanese name of the municipality; None outside of all that were imported."""
    row = conn.execute(
        SQL["municipality_at"], {"lat_deg": position.lat_deg, "lon_deg": position.lon_deg}
    ).fetchone()
    return (row["code"], row["name_ja"]) if row is not None else None


def _outlines(feature: dict[str, Any]) -> Iterator[Outline]:
    properties, geometry = feature["properties"], feature["geometry"]
    written = properties["N03_007"]
    if written is None or properties["N03_004"] in {None, "所属未定地"}:
        return
    code = five_digits(str(written))
    if code is None:
        raise ValueError(f"N03_007 {written!r} is not allowed; it is a JIS code of five digits")
    # A ward stands behind its city: in a column of its own since 2024, before in place of the county.
    city = properties["N03_003"] or ""
    name = (city if city.endswith("市") else "") + properties["N03_004"] + (properties.get("N03_005") or "")
    if geometry["type"] not in {"Polygon", "MultiPolygon"}:
        raise ValueError(f"geometry {geometry['type']!r} is not allowed; it is Polygon or MultiPolygon")
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < 4:
            raise ValueError(f"a ring of {len(ring)} points is not allowed; it has four or more")
        yield Outline(code, name, tuple(_point(point) for point in ring))


def _point(point: list[float]) -> tuple[float, float]:
    lon, lat = float(point[0]), float(point[1])
    for name, value in (("lon", lon), ("lat", lat)):
        lowest, highest = _ALLOWED[name]
        if not lowest <= value <= highest:
            raise ValueError(f"{name} {value!r} is not allowed; it is from {lowest:g} to {highest:g}")
    return lon, lat
