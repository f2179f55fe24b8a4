"""Which skill serves which kind of dispatch: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.incident import DispatchKind as Kind

SERVES: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.GUARD: frozenset({Kind.GUARD}),
    # A patrol van has the tools for what stops most cars, and finds out what it was.
    Kind.ROADSIDE: frozenset({Kind.ROADSIDE, Kind.BATTERY, Kind.TYRE, Kind.KEY, Kind.FUEL}),
    # Whatever it turns out to be, a tow truck can take the car away.
    Kind.TOW: frozenset({Kind.TOW, Kind.ROADSIDE}),
    Kind.BATTERY: frozenset({Kind.BATTERY}),
    Kind.TYRE: frozenset({Kind.TYRE}),
    Kind.KEY: frozenset({Kind.KEY}),
    Kind.FUEL: frozenset({Kind.FUEL}),
}
"""By a unit's skill, the kinds it may be sent for."""


def skills_for(kind: Kind) -> frozenset[Kind]:
    """The skills of which any one is enough."""
    return frozenset(skill for skill, kinds in SERVES.items() if kind in kinds)
