"""The figures of an evaluation, from the verdicts on its scenes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cli.evaluation.baselines import BASELINES
from cli.evaluation.judge import Verdict
from cli.evaluation.statistics import Rate, Share, Spread, spread_of
from schemas.impact import DELTA_V_LOWER_EDGE_KMH, Severity

OURS: Final = "detector"
BANDS: Final = ((8.0, 15.0), (15.0, 25.0), (25.0, 40.0), (40.0, 200.0))
EDGE_SHARE: Final = 0.05
"""A truth this close above the edge of light may honestly be measured as a knock."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Crashes of one band of true delta-V that were found as light or more, by detector and rules."""

    pulses: str
    devices: str
    low_kmh: float
    high_kmh: float
    shares: dict[str, Share]
    found_at_all: Share
    edge_missed: int

    @property
    def label(self) -> str:
        """The band in words."""
        return f"{self.low_kmh:g}+" if self.high_kmh >= 200 else f"{self.low_kmh:g}-{self.high_kmh:g}"


@dataclass(frozen=True, slots=True)
class FalseGroup:
    """Scenes of one kind without an impact, and how many impacts each judge found there."""

    kind: str
    is_real: bool
    scenes: int
    hours: float
    events: dict[str, int]

    def rate(self, who: str) -> Rate:
        """False impacts over hours."""
        return Rate(self.events[who], self.hours)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is counted over composed and real scenes."""

    recalls: tuple[Recall, ...]
    false: tuple[FalseGroup, ...]
    delta_v_error: dict[str, Spread]
    pdof_error: dict[str, Spread]
    pdof_told: Share
    confusion: dict[str, dict[str, int]]
    right_class: Share
    right_class_off_edges: Share
    by_kind: dict[str, Share]
    rollover: Share
    rollover_false: Share
    parked: Share
    parked_false: Share
    range_held: dict[str, Share]
    multiple: Share
    multiple_false: Share
    over_called: Share
    extra_false: int


def figures_of(verdicts: Sequence[Verdict]) -> Figures:
    """Count."""
    crashes = [each for each in verdicts if each.truth is not None]
    quiet = [each for each in verdicts if each.truth is None]
    good = [each for each in crashes if _is_good(each)]
    grave = [each for each in good if _delta_v(each) >= 8]
    return Figures(
        recalls=tuple(_recalls(crashes)),
        false=tuple(_false(quiet)),
        delta_v_error=_delta_v_errors(crashes),
        pdof_error=_pdof_errors(good),
        pdof_told=Share(
            sum(each.found is not None and each.found.pdof_deg is not None for each in _learnable(good)),
            len(_learnable(good)),
        ),
        confusion=_confusion(good),
        right_class=_share(_right(each) for each in good),
        right_class_off_edges=_share(_right(each) for each in good if not _near_edge(_delta_v(each))),
        by_kind={
            kind: _share(each.detected for each in grave if each.kind == kind)
            for kind in sorted({each.kind for each in grave})
        },
        rollover=_share(each.rollover for each in good if each.truth is not None and each.truth.rollover),
        rollover_false=_share(
            each.rollover for each in good if each.truth is not None and not each.truth.rollover
        ),
        parked=_share(
            each.found is not None and each.found.parked for each in grave if each.kind == "parked"
        ),
        parked_false=_share(
            each.found is not None and each.found.parked for each in grave if each.kind == "plain"
        ),
        range_held={
            name: _share(
                each.found.delta_v_from_kmh <= _delta_v(each) <= each.found.delta_v_to_kmh
                for each in grave
                if each.found is not None and each.truth is not None and each.truth.clipped == clipped
            )
            for name, clipped in (("in range", False), ("clipped", True))
        },
        multiple=_share(each.multiple for each in grave if each.truth is not None and each.truth.multiple),
        multiple_false=_share(each.multiple for each in good if each.kind == "plain"),
        over_called=_share(each.detected for each in good if _delta_v(each) < 8 and each.kind != "rollover"),
        extra_false=sum(len(each.false) for each in crashes),
    )


def delta_v_error(verdict: Verdict) -> float | None:
    """Relative error of a finding's delta-V, in per cent; None where nothing was found."""
    if verdict.truth is None or verdict.found is None:
        return None
    return 100 * (verdict.found.delta_v_kmh / verdict.truth.delta_v_kmh - 1)


def pdof_error(verdict: Verdict) -> float | None:
    """Error of the direction in degrees, -180 to 180; None where it was not told."""
    if verdict.truth is None or verdict.found is None or verdict.found.pdof_deg is None:
        return None
    return (verdict.found.pdof_deg - verdict.truth.pdof_deg + 180) % 360 - 180


def _recalls(crashes: list[Verdict]) -> Iterable[Recall]:
    for pulses, measured in (("measured", True), ("ideal", False)):
        for devices, is_good in (("good", True), ("bad", False)):
            for low_kmh, high_kmh in BANDS:
                group = [
                    each
                    for each in crashes
                    if each.measured_pulse == measured
                    and _is_good(each) == is_good
                    and low_kmh <= _delta_v(each) + 1e-9 < high_kmh
                ]
                shares = {OURS: _share(each.detected for each in group)}
                for rule in BASELINES:
                    shares[rule.name] = _share(each.rules[rule.name][0] for each in group)
                yield Recall(
                    pulses,
                    devices,
                    low_kmh,
                    high_kmh,
                    shares,
                    _share(each.found is not None for each in group),
                    sum(each.missed and _delta_v(each) < (1 + EDGE_SHARE) * 8 for each in group),
                )


def _false(quiet: list[Verdict]) -> Iterable[FalseGroup]:
    for is_real in (True, False):
        kinds = dict.fromkeys(each.kind for each in quiet if each.is_real == is_real)
        for kind in kinds:
            group = [each for each in quiet if each.kind == kind and each.is_real == is_real]
            counts = {OURS: sum(len(each.false) for each in group)}
            for rule in BASELINES:
                counts[rule.name] = sum(each.rules[rule.name][1] for each in group)
            yield FalseGroup(kind, is_real, len(group), sum(each.hours for each in group), counts)


def _delta_v_errors(crashes: list[Verdict]) -> dict[str, Spread]:
    groups: dict[str, list[float]] = {}
    for verdict in crashes:
        error = delta_v_error(verdict)
        if error is None or verdict.truth is None:
            continue
        clipped = "clipped" if verdict.truth.clipped else "unclipped"
        pulses = "measured" if verdict.measured_pulse else "ideal"
        devices = "good" if _is_good(verdict) else "bad"
        names = [f"{clipped} {pulses} {devices}"]
        if devices == "good":
            names.append(f"{clipped} all good")
            names += [f"{clipped} {verdict.sensor.rate_hz:g} Hz good"] if verdict.sensor else []
        for name in names:
            groups.setdefault(name, []).append(error)
    return {name: spread_of(groups[name]) for name in sorted(groups)}


def _pdof_errors(good: list[Verdict]) -> dict[str, Spread]:
    errors = [(each, pdof_error(each)) for each in good]
    told = [(each, error) for each, error in errors if error is not None]
    return {
        "all": spread_of([error for _, error in told]),
        "from 15 km/h": spread_of([error for each, error in told if _delta_v(each) >= 15]),
        "single shock": spread_of([error for each, error in told if each.kind != "two_impacts"]),
    }


def _learnable(good: list[Verdict]) -> list[Verdict]:
    return [each for each in good if "mount learnable" in each.tags and each.detected]


def _confusion(good: list[Verdict]) -> dict[str, dict[str, int]]:
    names = [str(severity) for severity in Severity]
    table = {name: dict.fromkeys(names, 0) for name in names[1:]}
    for verdict in good:
        if verdict.truth is not None:
            found = verdict.found.severity if verdict.found is not None else Severity.NONE
            table[str(verdict.truth.severity)][str(found)] += 1
    return table


def _right(verdict: Verdict) -> bool:
    found = verdict.found.severity if verdict.found is not None else Severity.NONE
    return verdict.truth is not None and verdict.truth.severity is found


def _near_edge(delta_v_kmh: float) -> bool:
    return any(abs(delta_v_kmh / edge - 1) <= EDGE_SHARE for edge in DELTA_V_LOWER_EDGE_KMH.values())


def _share(held: Iterable[bool]) -> Share:
    values = list(held)
    return Share(sum(values), len(values))


def _is_good(verdict: Verdict) -> bool:
    return verdict.sensor is not None and verdict.sensor.is_good


def _delta_v(verdict: Verdict) -> float:
    return verdict.truth.delta_v_kmh if verdict.truth is not None else 0.0
