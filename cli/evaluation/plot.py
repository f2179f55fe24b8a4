"""Small drawings as inline SVG, coloured by the page's classes so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.judge import Waveform
from cli.evaluation.statistics import Share

WIDTH: Final = 440.0
LEFT: Final = 46.0
RIGHT: Final = 14.0
TOP: Final = 12.0
BOTTOM: Final = 34.0


class Frame:
    """A drawing with two axes; what is added is in the axes' own units."""

    def __init__(
        self, height: float, across: tuple[float, float], up: tuple[float, float], *, is_log: bool = False
    ) -> None:
        self._height = height
        self._log = is_log
        self._across = tuple(map(self._scaled, across))
        self._up = tuple(map(self._scaled, up))
        self._parts: list[str] = []

    def x(self, value: float) -> float:
        """Where a value lies from the left."""
        low, high = self._across
        return LEFT + (self._scaled(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Where a value lies from the top."""
        low, high = self._up
        return (
            self._height - BOTTOM - (self._scaled(value) - low) / (high - low) * (self._height - BOTTOM - TOP)
        )

    def ticks(self, across: Sequence[float], up: Sequence[float], title: str = "", unit_up: str = "") -> None:
        """Grid lines with their numbers, and what the axes mean."""
        floor = self._height - BOTTOM
        for value in across:
            at = self.x(value)
            self._parts.append(f'<path class="grid" d="M{at:.1f} {TOP}V{floor:.1f}"/>')
            self._text(at, floor + 15, f"{value:g}", "middle")
        for value in up:
            at = self.y(value)
            self._parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
            self._text(LEFT - 6, at + 4, f"{value:g}", "end")
        if title:
            self._text((LEFT + WIDTH - RIGHT) / 2, self._height - 3, title, "middle")
        if unit_up:
            self._text(4, TOP + 2, unit_up, "start")

    def line(self, across: NDArray[np.float32], up: NDArray[np.float32], kind: str) -> None:
        """A line through points."""
        points = "L".join(
            f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in zip(across.tolist(), up.tolist(), strict=True)
        )
        if points:
            self._parts.append(f'<path class="line {kind}" d="M{points}"/>')

    def dots(self, points: Sequence[tuple[float, float]], kind: str, radius: float = 2.2) -> None:
        """Dots."""
        for x, y in points:
            self._parts.append(
                f'<circle class="dot {kind}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius}"/>'
            )

    def bar(self, from_x: float, to_x: float, height: float, kind: str) -> None:
        """A bar that stands on the floor."""
        left, right, top = self.x(from_x), self.x(to_x), self.y(height)
        self._parts.append(
            f'<rect class="bar {kind}" x="{left + 0.5:.1f}" y="{top:.1f}" width="{max(right - left - 1, 0.5):.1f}" '
            f'height="{max(self._height - BOTTOM - top, 0):.1f}"/>'
        )

    def span(self, low: float, high: float, at: float, kind: str) -> None:
        """A level line from one value to another."""
        self._parts.append(
            f'<path class="span {kind}" d="M{self.x(low):.1f} {self.y(at):.1f}H{self.x(high):.1f}"/>'
        )

    def upright(self, at: float, kind: str = "mark") -> None:
        """A line from floor to ceiling."""
        self._parts.append(f'<path class="{kind}" d="M{self.x(at):.1f} {TOP}V{self._height - BOTTOM:.1f}"/>')

    def diagonal(self, share: float = 1.0) -> None:
        """Where the value upward is a share of the value across."""
        low, high = (10**bound if self._log else bound for bound in self._across)
        self._parts.append(
            f'<path class="mark" d="M{self.x(low):.1f} {self.y(low * share):.1f}'
            f'L{self.x(high):.1f} {self.y(high * share):.1f}"/>'
        )

    def words(self, x: float, y: float, words: str, anchor: str = "start") -> None:
        """Words at a point."""
        self._text(self.x(x), self.y(y), words, anchor)

    def row(self, y: float, words: str) -> None:
        """Words left of the axis, at a height."""
        self._text(LEFT - 6, self.y(y) + 4, words, "end")

    def svg(self, title: str) -> str:
        """The drawing."""
        return (
            f'<svg viewBox="0 0 {WIDTH:g} {self._height:g}" role="img" aria-label="{title}">'
            f"{''.join(self._parts)}</svg>"
        )

    def _text(self, x: float, y: float, words: str, anchor: str) -> None:
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>')

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self._log else value


def histogram(
    values: Sequence[float], reach: float, bins: int, title: str, *, mark: float | None = None
) -> str:
    """How often values fall where, from -reach to reach; what lies beyond is in the outermost bars."""
    edges = np.linspace(-reach, reach, bins + 1)
    counts, _ = np.histogram(np.clip(np.asarray(values, dtype=np.float64), -reach, reach), edges)
    top = max(int(counts.max()) if counts.size else 0, 1)
    frame = Frame(200, (-reach, reach), (0, top * 1.05))
    frame.ticks([-reach, -reach / 2, 0, reach / 2, reach], _round_steps(top), title)
    for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
        if count:
            frame.bar(low, high, count, "one" if abs(low + high) / 2 < reach - reach / bins else "two")
    if mark is not None:
        frame.upright(-mark)
        frame.upright(mark)
    return frame.svg(title)


def agreement(points: dict[str, list[tuple[float, float]]]) -> str:
    """True against measured delta-V, both logarithmic, by kind of point."""
    frame = Frame(340, (4, 90), (4, 90), is_log=True)
    steps = [4, 8, 15, 25, 40, 80]
    frame.ticks(steps, steps, "true delta-V, km/h", "found")
    frame.diagonal()
    for kind, dots in points.items():
        frame.dots([(x, min(max(y, 4), 90)) for x, y in dots], kind)
    return frame.svg("delta-V found against true")


def recalls(rows: Sequence[tuple[str, dict[str, Share]]], names: Sequence[str]) -> str:
    """Share and interval for each judge, band by band."""
    per, count = len(names) + 1.6, len(rows)
    frame = Frame(30 + 13 * per * count, (0.0, 1.0), (count * per, 0.0))
    frame.ticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], [], "recall, with Wilson's 95 % interval")
    for place, (label, shares) in enumerate(rows):
        frame.words(0.0, place * per + 0.9, f"{label} km/h, {shares[names[0]].of} crashes")
        for offset, name in enumerate(names, 1):
            share = shares[name]
            if share.of:
                kind = "one" if offset == 1 else "three"
                frame.row(place * per + offset + 0.7, "ours" if offset == 1 else name)
                frame.span(*share.interval, place * per + offset + 0.7, kind)
                frame.dots([(share.value, place * per + offset + 0.7)], kind, 3.4 if offset == 1 else 2.6)
    return frame.svg("recall by band and judge")


def steps(values: dict[str, list[float]], title: str) -> str:
    """What share was known after how long, a line for each way."""
    longest = max((max(each) for each in values.values() if each), default=1.0)
    frame = Frame(200, (-0.3, max(1.5, longest)), (0, 1))
    frame.ticks([0, 0.5, 1.0, *([longest] if longest > 1.5 else [])], [0, 0.5, 1], title)
    for kind, each in values.items():
        ordered = np.sort(np.asarray(each, dtype=np.float32))
        share = (np.arange(1, ordered.size + 1) / max(ordered.size, 1)).astype(np.float32)
        frame.line(np.repeat(ordered, 2)[1:], np.repeat(share, 2)[:-1], kind)
    return frame.svg(title)


def waveform(wave: Waveform, title: str) -> str:
    """Horizontal and vertical motion in g, and the GPS speed as dots on its own scale (top = the largest)."""
    if not wave.time_s.size:
        return ""
    low = min(float(wave.vertical_g.min()), 0.0)
    high = max(float(wave.horizontal_g.max()), float(wave.vertical_g.max()), 1.0)
    frame = Frame(190, (-4, 4), (low, high))
    fastest = max(float(wave.gps_kmh.max()) if wave.gps_kmh.size else 0.0, 20.0)
    below = f"seconds; dots: GPS, top {fastest:.0f} km/h" if wave.gps_kmh.size else "seconds; no GPS"
    frame.ticks([-4, -2, 0, 2, 4], [round(value, 1) for value in _round_steps(high)], below, "g")
    frame.upright(0.0)
    frame.line(wave.time_s, wave.vertical_g, "three")
    frame.line(wave.time_s, wave.horizontal_g, "one")
    shown = np.abs(wave.gps_s) <= 4
    fixes = zip(wave.gps_s[shown].tolist(), wave.gps_kmh[shown].tolist(), strict=True)
    frame.dots([(at_s, high * speed / fastest) for at_s, speed in fixes if math.isfinite(speed)], "two", 3.0)
    return frame.svg(title)


def _round_steps(top: float) -> list[float]:
    """0 and two or three round numbers up to a largest value."""
    step = 10.0 ** math.floor(math.log10(max(top, 1e-6)))
    for factor in (5.0, 2.0, 1.0, 0.5):
        if top / (step * factor) >= 2:
            step *= factor
            break
    return [step * count for count in range(int(top / step) + 1)]
