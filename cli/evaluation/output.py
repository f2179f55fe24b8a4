"""An evaluation as one JSON object, and its numbers as words."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from cli.evaluation.aims import aims_of
from cli.evaluation.baselines import BASELINES
from cli.evaluation.evaluation import Evaluation
from cli.evaluation.exposure import STEPS_KMH
from cli.evaluation.figures import OURS, Figures
from cli.evaluation.judge import Verdict
from cli.evaluation.latency import Latency
from cli.evaluation.statistics import Rate, Share, Spread
from scoring.analyse import Analysis

JUDGES = (OURS, *(rule.name for rule in BASELINES))


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the waveforms; what nothing told is null."""
    material, exposure = evaluation.material, evaluation.exposure
    return _without_nan(
        {
            "seed": evaluation.wanted.seed,
            "material": {
                "folder": str(evaluation.wanted.folder) if evaluation.wanted.folder else None,
                "crashes": [each.name for each in material.crashes],
                "driving": [each.name for each in material.drives],
                "drops": [each.name for each in material.drops],
                "anomalies": {each.name: len(each.snippets) for each in material.anomalies},
                "not_judged": [list(each) for each in material.not_judged],
            },
            "aims": [{**asdict(aim), "met": aim.met, "bar_met": aim.bar_met} for aim in aims_of(evaluation)],
            **_figures(evaluation.figures),
            "latency": latency_percentiles(evaluation.latencies),
            "real": {
                "hours": round(real_hours(evaluation.figures), 3),
                "false": {name: _rate(real_rate(evaluation.figures, name)) for name in JUDGES},
            },
            "simulated": {
                "hours": round(exposure.hours, 1),
                "false": {name: _rate(Rate(exposure.events.get(name, 0), exposure.hours)) for name in JUDGES},
                "candidates_per_h": exposure.candidates / exposure.hours if exposure.hours else None,
                "knocks": exposure.knocks,
                "happened": exposure.happened,
                "dv150_at_least": dict(zip(map(str, STEPS_KMH), exposure.steps, strict=True)),
                "false_impacts": [
                    {
                        "seed": each.seed,
                        "batch": each.batch,
                        "car": each.car,
                        **_finding(each.found),
                        "after": list(each.causes),
                    }
                    for each in exposure.false
                ],
            },
            "misses": [_miss(each) for each in evaluation.noteworthy if each.missed],
            "false_impacts": [
                {"scene": each.name, "kind": each.kind, "tags": list(each.tags), **_finding(found)}
                for each in evaluation.noteworthy
                for found in each.false
            ],
            "by_seed": {str(seed): _headline(each) for seed, each in evaluation.by_seed.items()},
        }
    )


def real_hours(figures: Figures) -> float:
    """Hours of recordings as they are."""
    return sum(group.hours for group in figures.false if group.is_real)


def real_rate(figures: Figures, who: str) -> Rate:
    """False impacts on recordings as they are."""
    return Rate(sum(group.events[who] for group in figures.false if group.is_real), real_hours(figures))


def latency_percentiles(latencies: tuple[Latency, ...]) -> dict[str, dict[str, float | int]]:
    """Median, 95 % and largest of each way, in seconds after the shock's end."""
    told: dict[str, list[float | None]] = {
        "stream": [each.stream_s for each in latencies],
        "stream_settled": [each.stream_settled_s for each in latencies],
        "burst": [each.burst_s for each in latencies],
        "burst_settled": [each.burst_settled_s for each in latencies],
    }
    found: dict[str, dict[str, float | int]] = {}
    for way, values in told.items():
        known = [value for value in values if value is not None]
        median, p95, most = np.percentile(known, [50, 95, 100]).tolist() if known else (math.nan,) * 3
        found[way] = {"of": len(values), "told": len(known), "median_s": median, "p95_s": p95, "max_s": most}
    return found


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "recall": [
            {
                "pulses": band.pulses,
                "devices": band.devices,
                "delta_v_kmh": band.label,
                **{name: _share(band.shares[name]) for name in JUDGES},
                "found_as_knock_or_more": _share(band.found_at_all),
                "missed_within_5_percent_of_the_edge": band.edge_missed,
            }
            for band in figures.recalls
        ],
        "false": [
            {
                "kind": group.kind,
                "real": group.is_real,
                "scenes": group.scenes,
                "hours": round(group.hours, 4),
                **group.events,
            }
            for group in figures.false
        ],
        "delta_v_error_percent": {name: _spread(each) for name, each in figures.delta_v_error.items()},
        "pdof_error_deg": {name: _spread(each) for name, each in figures.pdof_error.items()},
        "pdof_told": _share(figures.pdof_told),
        "confusion": figures.confusion,
        "right_class": _share(figures.right_class),
        "right_class_off_edges": _share(figures.right_class_off_edges),
        "recall_by_kind": {kind: _share(each) for kind, each in figures.by_kind.items()},
        "rollover": _share(figures.rollover),
        "rollover_false": _share(figures.rollover_false),
        "parked": _share(figures.parked),
        "parked_false": _share(figures.parked_false),
        "stated_range_held_the_truth": {name: _share(each) for name, each in figures.range_held.items()},
        "multiple": _share(figures.multiple),
        "multiple_false": _share(figures.multiple_false),
        "below_8_kmh_found_as_light_or_more": _share(figures.over_called),
        "false_beside_crashes": figures.extra_false,
    }


def _headline(figures: Figures) -> dict[str, Any]:
    return {
        "recall": {
            f"{band.pulses} {band.devices} {band.label}": band.shares[OURS].value for band in figures.recalls
        },
        "false": sum(group.events[OURS] for group in figures.false) + figures.extra_false,
        "delta_v_error_percent": {
            name: each.median for name, each in figures.delta_v_error.items() if "all" in name
        },
        "pdof_error_deg": figures.pdof_error["all"].median,
    }


def _miss(verdict: Verdict) -> dict[str, Any]:
    truth = verdict.truth
    return {
        "scene": verdict.name,
        "kind": verdict.kind,
        "tags": list(verdict.tags),
        "delta_v_kmh": None if truth is None else round(truth.delta_v_kmh, 2),
        "clipped": truth is not None and truth.clipped,
        "found": None if verdict.found is None else _finding(verdict.found),
        "reasons": list(verdict.said),
    }


def _finding(found: Analysis) -> dict[str, Any]:
    return {
        "at_s": round(found.uptime_s, 3),
        "severity": str(found.severity),
        "delta_v_kmh": round(found.delta_v_kmh, 2),
        "peak_g": round(found.peak_g, 2),
        "confidence": round(found.confidence, 4),
        "reasons": list(found.reasons),
    }


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"found": share.found, "of": share.of, "share": share.value, "low": low, "high": high}


def _rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval
    return {"events": rate.events, "per_1000_h": rate.per_1000_h, "low": low, "high": high}


def _spread(spread: Spread) -> dict[str, Any]:
    return asdict(spread)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_without_nan(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 5)
    return value


def fixed(value: float, digits: int) -> str:
    """So many digits after the point; a dash for what nothing told."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def share_words(share: Share) -> str:
    """0.987 (0.97-1.00)."""
    if not share.of:
        return "-"
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f}-{high:.3f})"


def rate_words(rate: Rate) -> str:
    """0.30 per 1,000 h (0.01-1.86; 1 in 3,000.0 h)."""
    if rate.hours <= 0:
        return "-"
    low, high = rate.interval
    return f"{rate.per_1000_h:.2f} per 1,000 h ({low:.2f}-{high:.2f}; {rate.events} in {rate.hours:,.1f} h)"


def spread_words(spread: Spread, unit: str) -> str:
    """Median, 90 %, 95 %, and of how many."""
    return f"median {spread.median:.1f}, 90 % {spread.p90:.1f}, 95 % {spread.p95:.1f} {unit} of {spread.of}"
