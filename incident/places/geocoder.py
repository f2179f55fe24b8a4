"""From coordinates to a municipality, offline: by a simplified map of the municipalities, else by the nearest town.

Measured over a net of 15,600 places on land: the nearest town alone names the wrong municipality in
four of ten, because mountain municipalities are large and their towns lie at the edge.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from incident.places.place import Area, Municipality, Words
from incident.places.sphere import Offset, moved
from incident.places.towns import Towns
from schemas.impact import Position

NEARBY_M: Final = 500.0
_AROUND: Final = tuple(
    Offset(NEARBY_M * east, NEARBY_M * north) for east, north in ((0, 1), (1, 0), (0, -1), (-1, 0))
)
_TOWN_IS_HERE_KM: Final = 15.0

MunicipalityAt = Callable[[Position], Municipality | None]


class Geocoder(Protocol):
    """Says which municipality a place lies in. Quick, and never reaches out: it is asked within transactions."""

    def area(self, position: Position) -> Area | None:
        """The municipality; None at sea and abroad. Never raises."""
        ...


class OfflineGeocoder:
    """The default: needs no network and no import."""

    def __init__(self, towns: Towns, municipality_at: MunicipalityAt) -> None:
        self._towns, self._at = towns, municipality_at

    def area(self, position: Position) -> Area | None:
        """The municipality on the map; on a bridge, a pier or the coast's edge that of a town within 15 km."""
        found = self._at(position)
        if found is None:
            return self._by_town(position)
        around = {
            other.code: other
            for by in _AROUND
            if (other := self._at(moved(position, by))) is not None and other.code != found.code
        }
        return Area(found, is_guess=True, nearby=tuple(around.values()))

    def _by_town(self, position: Position) -> Area | None:
        nearest = self._towns.nearest(position, within_km=_TOWN_IS_HERE_KM)
        if nearest is None:
            return None
        town = nearest[0]
        named = self._at(town.position)
        if named is None or named.code != town.code:
            named = Municipality(town.code, town.name)
        return Area(named, is_guess=True)


def municipality_map() -> MunicipalityAt:
    """The Meteorological Agency's simplified map, as `reversejp` brings it (15 µs and 6 MB); empty without it."""
    try:
        import reversejp  # noqa: PLC0415  not built for every machine
    except ImportError:
        return lambda _position: None

    def at(position: Position) -> Municipality | None:
        regions: list[Any] = reversejp.find_properties(position.lon_deg, position.lat_deg)
        # Regions of prefectures have six digits; municipalities five, and two for their parts.
        return next(
            (
                read_region(region.code, region.name, region.en_name)
                for region in regions
                if len(region.code) == 7
            ),
            None,
        )

    return at


def read_region(code: str, name_ja: str, name_en: str) -> Municipality:
    """A forecast region as the municipality it is or is a part of.

    松本市乗鞍上高地 is 松本市; "Northern Shizuoka City" and "Imaichi, Nikko City" are Shizuoka and Nikko.
    """
    if code[5:] != "00" and (whole := re.match(r".+?[市町村]", name_ja)):
        name_ja = whole.group()
    name_en = re.sub(r"\s*\(.*\)", "", name_en).rsplit(", ", 1)[-1]
    name_en = re.sub(r"^(Northern|Southern|Eastern|Western) ", "", name_en)
    if ward := re.fullmatch(r"(.+) City (.+) Ward", name_en):
        return Municipality(code[:5], Words(name_ja, f"{ward[2]} Ward, {ward[1]}"))
    return Municipality(code[:5], Words(name_ja, re.sub(r" (City|Town|Village)$", "", name_en)))
