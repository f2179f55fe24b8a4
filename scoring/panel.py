"""One panel of a drawing: a rectangle with its ranges, in which values are drawn over time.

Pure: numbers in, SVG out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

LEAST_PX: Final = 1.5
WORD_PX: Final = 70.0
"""Narrower stretches without data are not drawn, and not named."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle of the drawing with its ranges: seconds across, values up."""

    left: float
    top: float
    width: float
    height: float
    from_s: float
    to_s: float
    low: float
    high: float

    def x(self, at_s: float | Signal) -> Signal:
        """Where moments lie, in pixels."""
        return np.asarray(
            self.left + (np.asarray(at_s) - self.from_s) / (self.to_s - self.from_s) * self.width
        )

    def y(self, value: float | Signal) -> Signal:
        """Where values lie, in pixels."""
        share = (np.asarray(value) - self.low) / (self.high - self.low)
        return np.asarray(self.top + (1 - share) * self.height)

    def frame(self, title: str, marks_s: Sequence[float]) -> list[str]:
        """Title, grid and axis labels."""
        found = [f'<text class="title" x="{self.left}" y="{self.top - 8}">{escape(title)}</text>']
        for value in _round_values(self.low, self.high):
            y = float(self.y(value))
            found.append(f'<path class="grid" d="M{self.left} {y:.1f}h{self.width}"/>')
            found.append(
                f'<text class="quiet" x="{self.left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
            )
        for at_s in marks_s:
            x, below = float(self.x(at_s)), self.top + self.height + 15
            found.append(
                f'<text class="quiet" x="{x:.1f}" y="{below}" text-anchor="middle">{at_s:g} s</text>'
            )
        return found

    def band(self, from_s: float, to_s: float) -> str:
        """A stretch of time, marked."""
        first, last = float(self.x(max(from_s, self.from_s))), float(self.x(min(to_s, self.to_s)))
        return (
            f'<rect class="mark" x="{first:.1f}" y="{self.top}" '
            f'width="{max(last - first, 2):.1f}" height="{self.height}"/>'
        )

    def missing(self, spans: Sequence[tuple[float, float]], word: str) -> list[str]:
        """Stretches of time without data, over whatever was drawn through them."""
        found: list[str] = []
        for from_s, to_s in spans:
            left, right = (float(self.x(min(max(at_s, self.from_s), self.to_s))) for at_s in (from_s, to_s))
            width, middle = right - left, (left + right) / 2
            if width < LEAST_PX:
                continue
            found.append(
                f'<rect class="missing" x="{left:.1f}" y="{self.top}" width="{width:.1f}" height="{self.height}"/>'
            )
            if width >= WORD_PX:
                found.append(
                    f'<text class="quiet" x="{middle:.1f}" y="{self.top + self.height / 2 + 4}" '
                    f'text-anchor="middle">{escape(word)}</text>'
                )
        return found

    def curve(self, style: str, at_s: Signal, values: Signal) -> str:
        """A line through values, thinned to what the width can show without losing a peak."""
        inside = (at_s >= self.from_s) & (at_s <= self.to_s)
        at_s, values = _thinned(at_s[inside], values[inside], round(2 * self.width))
        points = " ".join(
            f"{x:.1f},{y:.1f}" for x, y in zip(self.x(at_s).tolist(), self.y(values).tolist(), strict=True)
        )
        return f'<polyline class="{style}" points="{points}"/>'


def _round_values(low: float, high: float) -> list[float]:
    """Three to six round values within a range."""
    rough = (high - low) / 4
    size = 10.0 ** np.floor(np.log10(rough))
    step = float(min((each for each in (1, 2, 5, 10) if each * size >= rough), default=10) * size)
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return [number * step for number in range(first, last + 1)]


def _thinned(at_s: Signal, values: Signal, most: int) -> tuple[Signal, Signal]:
    """At most `most` points, the lowest and the highest of every stretch among them."""
    if values.size <= most:
        return at_s, values
    bins = np.array_split(np.arange(values.size), most // 2)
    keep = sorted(
        {int(each[np.argmin(values[each])]) for each in bins}
        | {int(each[np.argmax(values[each])]) for each in bins}
    )
    return at_s[keep], values[keep]
