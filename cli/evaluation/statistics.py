"""How sure a count is: intervals for shares and rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats  # pyright: ignore[reportMissingTypeStubs]  # scipy has no types

_stats: Any = stats

Z_95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """`found` of `of`, with Wilson's 95 % interval; all NaN of nothing."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """The share itself, 0 to 1."""
        return self.found / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at 95 % (Wilson 1927, JASA 22:209)."""
        if not self.of:
            return math.nan, math.nan
        n, share, z = self.of, self.value, Z_95
        centre = share + z * z / (2 * n)
        reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` in `hours`, per 1,000 h, with the exact Poisson interval at 95 %; NaN of no hours."""

    events: int
    hours: float

    @property
    def per_1000_h(self) -> float:
        """The rate itself."""
        return 1000 * self.events / self.hours if self.hours > 0 else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The interval by the chi-square quantiles (Garwood 1936, Biometrika 28:437)."""
        if self.hours <= 0:
            return math.nan, math.nan
        low = float(_stats.chi2.ppf(0.025, 2 * self.events)) / 2 if self.events else 0.0
        high = float(_stats.chi2.ppf(0.975, 2 * self.events + 2)) / 2
        return 1000 * low / self.hours, 1000 * high / self.hours


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 90 % and 95 % of absolute values, and their signed median; NaN of nothing."""

    of: int
    median: float
    p90: float
    p95: float
    bias: float


def spread_of(errors: Sequence[float]) -> Spread:
    """How far errors scatter, whatever their unit."""
    if not errors:
        return Spread(0, math.nan, math.nan, math.nan, math.nan)
    values = np.asarray(errors, dtype=np.float64)
    median, p90, p95 = np.percentile(np.abs(values), [50, 90, 95]).tolist()
    return Spread(values.size, median, p90, p95, float(np.median(values)))
