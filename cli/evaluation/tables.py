"""An evaluation as tables on standard output."""

from __future__ import annotations

from cli.evaluation.aims import aims_of
from cli.evaluation.baselines import BASELINES
from cli.evaluation.evaluation import Evaluation
from cli.evaluation.figures import OURS
from cli.evaluation.output import (
    JUDGES,
    fixed,
    latency_percentiles,
    rate_words,
    real_rate,
    share_words,
    spread_words,
)
from cli.evaluation.statistics import Rate
from cli.terminal import print_table


def print_figures(evaluation: Evaluation) -> None:
    """What matters most of an evaluation; the page and the JSON hold the rest."""
    figures, exposure = evaluation.figures, evaluation.exposure
    if evaluation.wanted.folder is None:
        print("No folder of recordings: synthetic material only. Give --data or set CBUTTON_SAMPLE_DATA.")
    for name, reason in evaluation.material.not_judged:
        print(f"not judged: {name}: {reason}")
    print("\nRecall of crashes, found as light or more (Wilson 95 %)")
    print_table(
        ("pulses", "devices", "km/h", "crashes", *JUDGES),
        (
            (
                band.pulses,
                band.devices,
                band.label,
                str(band.shares[OURS].of),
                share_words(band.shares[OURS]),
                *(fixed(band.shares[rule.name].value, 3) for rule in BASELINES),
            )
            for band in figures.recalls
            if band.shares[OURS].of
        ),
    )
    print("\nFalse impacts, light or more where there was none")
    print_table(
        ("where", "scenes", "hours", *JUDGES),
        [
            *(
                (
                    group.kind,
                    str(group.scenes),
                    fixed(group.hours, 2),
                    *(str(group.events[name]) for name in JUDGES),
                )
                for group in figures.false
            ),
            (
                "simulated driving",
                "",
                fixed(exposure.hours, 0),
                *(str(exposure.events.get(name, 0)) for name in JUDGES),
            ),
        ],
    )
    print(f"recordings: {rate_words(real_rate(figures, OURS))}")
    print(
        f"simulated: {rate_words(Rate(exposure.events.get(OURS, 0), exposure.hours))}; "
        f"knocks: {exposure.knocks}"
    )
    print()
    for name, spread in figures.delta_v_error.items():
        if name.endswith(("all good", "measured good")):
            print(f"delta-V error, {name}: {spread_words(spread, '%')}")
    print(f"direction error: {spread_words(figures.pdof_error['all'], 'deg')}")
    print(f"right class, away from the edges: {share_words(figures.right_class_off_edges)}")
    for way, told in latency_percentiles(evaluation.latencies).items():
        print(
            f"latency, {way.replace('_', ', ')}: median {fixed(told['median_s'], 2)} s, "
            f"95 % {fixed(told['p95_s'], 2)} s of {told['of']}"
        )
    print("\nAims")
    print_table(
        ("figure", "aim", "first bar", "reached", ""),
        (
            (
                aim.name,
                f"{aim.aim:g}",
                f"{aim.bar:g}",
                fixed(aim.reached, 3),
                "met" if aim.met else "first bar met" if aim.bar_met else "missed",
            )
            for aim in aims_of(evaluation)
        ),
    )
