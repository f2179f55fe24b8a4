"""What the detector says of one impact, or of a shock that was none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.impact import Impact, Position, Severity, severity_of
from scoring.measures import Measures

DETECTOR_VERSION: Final = "2.0"
"""Kept with every impact: raised whenever the same motion may give another finding."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one shock, or several within a second, did to the car.

    `uptime_s` is time zero. `delta_v_kmh` is the largest horizontal velocity change of a single
    shock and `delta_v_xyz_kmh` the same as a vector in device axes; `total_delta_v_kmh` adds the
    vectors of all its shocks. `delta_v_is_lower_bound` says the sensor clipped (the figure is then an
    estimate that leans low). The true delta-V is expected within `delta_v_from_kmh` and `delta_v_to_kmh`.
    `pdof_deg` is where the force came from, clockwise from the car's front, None without a fitting mount.
    `complete` says the shock's end was seen; `final` that nothing later can change the finding.
    Severity is NONE where `reasons` speak against an impact. `confidence` is how sure the detector is that
    this was a collision, 0 to 1. Speeds are by GPS, None where it does not tell, or not yet: while
    `gps_reaches` is false. `moving_again` says that the car drove on or again, None where GPS does not tell.
    `mount_quality` and `mount_moving_s` are those of the mount that gave `pdof_deg`, None without.
    """

    uptime_s: float
    severity: Severity
    delta_v_kmh: float
    delta_v_from_kmh: float
    delta_v_to_kmh: float
    delta_v_is_lower_bound: bool
    delta_v_xyz_kmh: tuple[float, float, float]
    total_delta_v_kmh: float
    pdof_deg: float | None
    peak_g: float
    duration_ms: float
    rollover: bool
    multiple: bool
    parked: bool
    confidence: float
    reasons: tuple[str, ...]
    gap: bool
    complete: bool
    final: bool
    speed_before_kmh: float | None
    speed_after_kmh: float | None
    moving_again: bool | None
    gps_reaches: bool
    turned_deg: float
    free_fall_s: float
    measures: Measures
    mount_quality: float | None
    mount_moving_s: float | None

    @property
    def possible_severities(self) -> tuple[Severity, Severity]:
        """The lightest and the gravest class within the uncertainty of delta-V."""
        if self.severity is Severity.NONE:
            return Severity.NONE, Severity.NONE
        low, high = (
            severity_of(delta_v_kmh, rollover=self.rollover)
            for delta_v_kmh in (self.delta_v_from_kmh, self.delta_v_to_kmh)
        )
        return min(low, self.severity, key=_rank), max(high, self.severity, key=_rank)

    @property
    def clock(self) -> int | None:
        """The direction of force as an hour, 12 from the front; None without one."""
        return None if self.pdof_deg is None else round(self.pdof_deg / 30) % 12 or 12

    def to_impact(self, at: datetime, *, position: Position | None = None, late: bool = False) -> Impact:
        """The finding as the rest of the system knows it; `at` is the wall time of time zero."""
        return Impact(
            at=at,
            severity=self.severity,
            delta_v_kmh=self.delta_v_kmh,
            peak_g=self.peak_g,
            duration_ms=self.duration_ms,
            delta_v_is_lower_bound=self.delta_v_is_lower_bound,
            pdof_deg=self.pdof_deg,
            rollover=self.rollover,
            multiple=self.multiple,
            reasons=self.reasons,
            position=position,
            speed_before_kmh=self.speed_before_kmh,
            late=late,
        )


def _rank(severity: Severity) -> int:
    return severity.rank
