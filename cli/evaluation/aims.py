"""The figures to reach, and whether they are: for measured pulses at fit devices, and for recordings."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cli.evaluation.evaluation import Evaluation
from cli.evaluation.figures import OURS, Figures


@dataclass(frozen=True, slots=True)
class Aim:
    """One figure: what is asked at least (or at most), what was reached; NaN where nothing told it."""

    name: str
    bar: float
    aim: float
    reached: float
    at_most: bool

    @property
    def met(self) -> bool:
        """Whether the aim is reached; not, where nothing told it."""
        return self._holds(self.aim)

    @property
    def bar_met(self) -> bool:
        """Whether the first bar is."""
        return self._holds(self.bar)

    def _holds(self, limit: float) -> bool:
        if math.isnan(self.reached):
            return False
        return self.reached <= limit if self.at_most else self.reached >= limit


def aims_of(evaluation: Evaluation) -> tuple[Aim, ...]:
    """All aims; without measured pulses the ideal ones stand in."""
    figures = evaluation.figures
    pulses = "measured" if evaluation.material.crashes else "ideal"
    false = sum(group.events[OURS] for group in figures.false if group.is_real or group.kind in _RECORDED)
    return (
        Aim("recall 8-15 km/h", 0.95, 0.98, _recall(figures, pulses, 8, 15), at_most=False),
        Aim("recall 15-25 km/h", 0.98, 1.0, _recall(figures, pulses, 15, 25), at_most=False),
        Aim("recall from 25 km/h", 0.99, 1.0, _recall(figures, pulses, 25, math.inf), at_most=False),
        Aim("false impacts on recordings", 0, 0, float(false), at_most=True),
        Aim(
            "delta-V error, unclipped, median %",
            4,
            3,
            _error(figures, f"unclipped {pulses} good"),
            at_most=True,
        ),
        Aim(
            "delta-V error, clipped, median %", 8, 5, _error(figures, f"clipped {pulses} good"), at_most=True
        ),
    )


def exit_code(aims: tuple[Aim, ...], *, check: bool) -> int:
    """1 where aims are to be checked and one is missed."""
    return 1 if check and not all(aim.met for aim in aims) else 0


_RECORDED = frozenset({"drop_driving", "drop_parked", "road_anomaly"})


def _recall(figures: Figures, pulses: str, low_kmh: float, high_kmh: float) -> float:
    bands = [
        band.shares[OURS]
        for band in figures.recalls
        if band.pulses == pulses and band.devices == "good" and low_kmh <= band.low_kmh < high_kmh
    ]
    of = sum(share.of for share in bands)
    return sum(share.found for share in bands) / of if of else math.nan


def _error(figures: Figures, group: str) -> float:
    return figures.delta_v_error[group].median if group in figures.delta_v_error else math.nan
