"""The nearest town: for the words, and for the municipality where no boundary tells it.

The list is made by `scripts/towns`; docs/places.md says whose data it is.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from incident.places.place import Words
from incident.places.sphere import KM_PER_DEGREE, distance_km
from schemas.impact import Position

FARTHEST_KM: Final = 50.0
"""Beyond this no town says where a place is: at sea, abroad, or on an island far out."""


@dataclass(frozen=True, slots=True)
class Town:
    """A named place. `is_centre`: it bears the name of its municipality."""

    code: str
    name: Words
    position: Position
    is_centre: bool


class Towns:
    """Towns sorted by latitude, so that only those in reach are looked at."""

    def __init__(self, towns: Sequence[Town]) -> None:
        self._towns = sorted(towns, key=lambda town: town.position.lat_deg)
        self._lats = [town.position.lat_deg for town in self._towns]

    def __len__(self) -> int:
        return len(self._towns)

    def __iter__(self) -> Iterator[Town]:
        return iter(self._towns)

    def nearest(self, position: Position, within_km: float = FARTHEST_KM) -> tuple[Town, float] | None:
        """The closest town and its distance in km; None where there is none within reach."""
        best: tuple[Town, float] | None = None
        reach_km = within_km
        middle = bisect_left(self._lats, position.lat_deg)
        # Two walks away from the latitude; each ends where latitude alone is too far.
        for indices in (range(middle, len(self._towns)), range(middle - 1, -1, -1)):
            for index in indices:
                if abs(self._lats[index] - position.lat_deg) * KM_PER_DEGREE > reach_km:
                    break
                away_km = distance_km(position, self._towns[index].position)
                if away_km <= reach_km and (best is None or away_km < best[1]):
                    best, reach_km = (self._towns[index], away_km), away_km
        return best


def load_towns() -> Towns:
    """The list that comes with the program: some 1,900 towns, a few milliseconds and one megabyte."""
    text = resources.files("incident.places").joinpath("towns.tsv").read_text(encoding="utf-8")
    return Towns(
        [
            Town(
                row["code"],
                Words(row["name_ja"], row["name_en"]),
                Position(float(row["lat_deg"]), float(row["lon_deg"])),
                row["kind"] == "centre",
            )
            for row in csv.DictReader(text.splitlines(), delimiter="\t")
        ]
    )
