"""An impact as the rest of the system sees it: what scoring found, free of how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How hard an impact was, by horizontal delta-V in km/h (lower edge of each class).

    Classes 8, 15, 25 and 40 km/h: the trigger level of event data recorders (49 CFR 563),
    and the OnStar notification criterion of 24 km/h (Kononen, Flannagan, Wang 2011) between
    moderate and severe.
    """

    NONE = "none"
    KNOCK = "knock"
    LIGHT = "light"
    MODERATE = "moderate"
    SEVERE = "severe"
    VERY_SEVERE = "very_severe"

    @property
    def rank(self) -> int:
        """0 for none up to 5 for very severe, for comparing."""
        return list(Severity).index(self)


DELTA_V_LOWER_EDGE_KMH: Final = {
    Severity.KNOCK: 4.0,
    Severity.LIGHT: 8.0,
    Severity.MODERATE: 15.0,
    Severity.SEVERE: 25.0,
    Severity.VERY_SEVERE: 40.0,
}


def severity_of(delta_v_kmh: float, *, rollover: bool = False) -> Severity:
    """The class of a delta-V; a rollover is at least severe."""
    found = Severity.NONE
    for severity, edge_kmh in DELTA_V_LOWER_EDGE_KMH.items():
        if delta_v_kmh >= edge_kmh:
            found = severity
    if rollover and found.rank < Severity.SEVERE.rank:
        return Severity.SEVERE
    return found


@dataclass(frozen=True, slots=True)
class Position:
    """A place on WGS 84, in degrees."""

    lat_deg: float
    lon_deg: float


@dataclass(frozen=True, slots=True)
class Impact:
    """What is known of one impact.

    `pdof_deg` is the principal direction of force, clockwise from the car's front, from
    which the force came; None while the device's mount is not known. `delta_v_is_lower_bound`
    says the sensor clipped. `at` is the time zero of the pulse.
    """

    at: datetime
    severity: Severity
    delta_v_kmh: float
    peak_g: float
    duration_ms: float
    delta_v_is_lower_bound: bool = False
    pdof_deg: float | None = None
    rollover: bool = False
    multiple: bool = False
    reasons: tuple[str, ...] = ()
    position: Position | None = None
    speed_before_kmh: float | None = None
    late: bool = False
