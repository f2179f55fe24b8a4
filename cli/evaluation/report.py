"""The evaluation as one page that needs nothing else: drawings inline, no script, no address."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from cli.evaluation import plot
from cli.evaluation.aims import aims_of
from cli.evaluation.baselines import BASELINES
from cli.evaluation.evaluation import Evaluation
from cli.evaluation.exposure import CARS, STEPS_KMH, TRIP_S, FalseImpact
from cli.evaluation.figures import OURS, delta_v_error, pdof_error
from cli.evaluation.happenings import HANDS_PER_H, KINDS
from cli.evaluation.judge import Verdict
from cli.evaluation.output import (
    JUDGES,
    fixed,
    latency_percentiles,
    rate_words,
    real_hours,
    real_rate,
    share_words,
)
from cli.evaluation.shaking import ROADS
from cli.evaluation.statistics import Rate
from schemas.impact import Severity
from scoring.reasons import sentence

_WORDS: Final = {
    "screened_out": "The screen saw nothing worth an analysis.",
    "no_shock": "The analysis found no shock there at all.",
}


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the page."""
    path.write_text(page(evaluation), encoding="utf-8")


def page(evaluation: Evaluation) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=PackageLoader("cli.evaluation"), autoescape=select_autoescape(default=True), trim_blocks=True
    )
    # Jinja types its filters as the union of its own ones.
    filters: dict[str, Any] = environment.filters
    filters.update(share=share_words, rate=rate_words, fixed=fixed)
    return environment.get_template("report.html").render(
        evaluation=evaluation,
        material=evaluation.material,
        figures=evaluation.figures,
        exposure=evaluation.exposure,
        judges=JUDGES,
        ours=OURS,
        baselines=BASELINES,
        severities=[str(severity) for severity in Severity],
        aims=aims_of(evaluation),
        simulated={
            name: Rate(evaluation.exposure.events.get(name, 0), evaluation.exposure.hours) for name in JUDGES
        },
        real={name: real_rate(evaluation.figures, name) for name in JUDGES},
        real_hours=real_hours(evaluation.figures),
        latencies=latency_percentiles(evaluation.latencies),
        exceeded=list(zip(STEPS_KMH, evaluation.exposure.steps, strict=True)),
        model={"cars": CARS, "trip_min": TRIP_S / 60, "kinds": KINDS, "hands": HANDS_PER_H, "roads": ROADS},
        drawings={name: Markup(svg) for name, svg in _drawings(evaluation).items()},  # noqa: S704 - ours, numbers only
        misses=[_card(each) for each in evaluation.noteworthy if each.missed],
        false_cards=[_card(each) for each in evaluation.noteworthy if each.false and not each.missed],
        simulated_false=[_simulated_card(each) for each in evaluation.exposure.false],
        spread=_spread(evaluation),
    )


def _drawings(evaluation: Evaluation) -> dict[str, str]:
    figures = evaluation.figures
    good = [each for each in evaluation.verdicts if each.sensor is not None and each.sensor.is_good]
    errors = {
        clipped: [
            error
            for each in good
            if (error := delta_v_error(each)) is not None
            and each.truth is not None
            and each.truth.clipped == clipped
        ]
        for clipped in (False, True)
    }
    points: dict[str, list[tuple[float, float]]] = {"one": [], "two": []}
    for each in good:
        if each.truth is not None and each.found is not None:
            kind = "two" if each.truth.clipped else "one"
            points[kind].append((each.truth.delta_v_kmh, each.found.delta_v_kmh))
    told = {
        "one": [each.burst_s for each in evaluation.latencies if each.burst_s is not None],
        "three": [each.stream_s for each in evaluation.latencies if each.stream_s is not None],
    }
    drawings = {
        "unclipped": plot.histogram(errors[False], 15, 30, "delta-V error in %, in range", mark=3),
        "clipped": plot.histogram(errors[True], 60, 30, "delta-V error in %, clipped", mark=5),
        "pdof": plot.histogram(
            [error for each in good if (error := pdof_error(each)) is not None],
            40,
            32,
            "direction error, degrees",
            mark=15,
        ),
        "agreement": plot.agreement(points),
        "latency": plot.steps(told, "seconds after the shock's end until it is known"),
    }
    for pulses in ("measured", "ideal"):
        rows = [
            (band.label, band.shares)
            for band in figures.recalls
            if band.pulses == pulses and band.devices == "good" and band.shares[OURS].of
        ]
        drawings[f"recall_{pulses}"] = plot.recalls(rows, JUDGES) if rows else ""
    return drawings


def _card(verdict: Verdict) -> dict[str, Any]:
    truth, found = verdict.truth, verdict.found
    return {
        "name": verdict.name,
        "kind": verdict.kind,
        "tags": verdict.tags,
        "truth": truth,
        "found": found,
        "false": verdict.false,
        "said": [_said(code) for code in verdict.said],
        "why": [[_said(code) for code in each.reasons] for each in verdict.false],
        "waves": [
            Markup(plot.waveform(wave, f"{verdict.kind}: motion and speed"))  # noqa: S704 - ours, numbers only
            for wave in verdict.waveforms
        ],
    }


def _simulated_card(false: FalseImpact) -> dict[str, Any]:
    return {
        "batch": false.batch,
        "car": false.car,
        "causes": false.causes,
        "found": false.found,
        "why": [_said(code) for code in false.found.reasons],
        "wave": Markup(plot.waveform(false.waveform, "simulated driving: motion and speed")),  # noqa: S704 - numbers only
    }


def _said(code: str) -> str:
    return _WORDS.get(code) or sentence(code, "en")


def _spread(evaluation: Evaluation) -> list[tuple[str, float, float, float]]:
    """Least, median and largest recall over the seeds, by band."""
    rows: list[tuple[str, float, float, float]] = []
    every = list(evaluation.by_seed.values())
    for place, band in enumerate(evaluation.figures.recalls):
        values = sorted(
            figures.recalls[place].shares[OURS].value
            for figures in every
            if figures.recalls[place].shares[OURS].of
        )
        if values and len(every) > 1:
            label = f"{band.pulses} pulses, {band.devices} devices, {band.label} km/h"
            rows.append((label, values[0], values[len(values) // 2], values[-1]))
    return rows
