"""Fitting the detector's score: `scoring.score`'s weights from composed crashes and from shocks that are none.

A logistic regression in which no weight may be negative, so that each feature speaks one way only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]  # scipy has no types

from cli.evaluation.judge import LATE_S, SETTLING_S, speed_track
from cli.evaluation.material import Material
from cli.evaluation.negatives import composed_count, composed_scene, real_scenes
from cli.evaluation.positives import crash_scene
from cli.evaluation.scene import Scene
from scoring.sampling import motions_of
from scoring.scene import Scene as Seen
from scoring.score import Feature
from scoring.verdict import KNOCK_KMH, counted_kmh

Signal = NDArray[np.float64]

_optimize: Any = optimize
CRASHES: Final = 1500
REPEATS: Final = 30
RIDGE: Final = 1e-3
"""Keeps weights of features that hardly matter from running away."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Shocks of a knock and more: features (n, k) in the order of `Feature`, and whether each was a crash (n,)."""

    features: Signal
    is_crash: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted weights, and how well crashes and others are told apart by the score alone (area under the curve)."""

    bias: float
    weights: dict[Feature, float]
    auc: float
    crashes: int
    others: int


def examples(
    material: Material, seed: int, *, crashes: int = CRASHES, repeats: int = REPEATS
) -> Iterator[tuple[dict[Feature, float], bool]]:
    """Shocks and whether each was a crash, from composed crashes and everything that is none."""
    for number in range(crashes):
        scene = crash_scene(material, seed, number)
        if scene.sensor is not None and scene.sensor.is_good:
            yield from _shocks(scene)
    for number in range(composed_count(material, repeats)):
        yield from _shocks(composed_scene(material, seed, number, repeats))
    for scene in real_scenes(material):
        yield from _shocks(scene)


def fit(found: Iterator[tuple[dict[Feature, float], bool]]) -> Calibration:
    """Fit the score. Raises ValueError where one of the two kinds is missing."""
    rows = list(found)
    features = np.array([[each[feature] for feature in Feature] for each, _ in rows], dtype=np.float64)
    is_crash = np.array([crash for _, crash in rows], dtype=np.bool_)
    if not rows or is_crash.all() or not is_crash.any():
        raise ValueError("a score needs crashes and shocks that are none")
    # Both kinds count alike, however many of each were composed.
    weight = np.full(is_crash.size, 0.5 / float((~is_crash).sum()))
    weight[is_crash] = 0.5 / float(is_crash.sum())
    sign: Signal = np.where(is_crash, 1.0, -1.0).astype(np.float64)

    def loss(unknown: Signal) -> tuple[float, Signal]:
        margin: Signal = sign * (unknown[0] + features @ unknown[1:])
        slope: Signal = np.asarray(
            -weight * sign / (1 + np.exp(np.clip(margin, -500, 500))), dtype=np.float64
        )
        gradient = np.empty(unknown.size)
        gradient[0] = slope.sum()
        gradient[1:] = slope @ features + 2 * RIDGE * unknown[1:]
        value = float(weight @ np.logaddexp(0, -margin)) + RIDGE * float(unknown[1:] @ unknown[1:])
        return value, gradient

    start: Signal = np.ones(1 + len(Feature), dtype=np.float64)
    bounds = [(None, None), *[(0.0, None)] * len(Feature)]
    solved = _optimize.minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    bias, *weights = (float(each) for each in solved.x)
    score = features @ np.array(weights)
    return Calibration(
        bias,
        dict(zip(Feature, weights, strict=True)),
        _auc(score[is_crash], score[~is_crash]),
        int(is_crash.sum()),
        int((~is_crash).sum()),
    )


def _shocks(scene: Scene) -> Iterator[tuple[dict[Feature, float], bool]]:
    truth = scene.truth
    speed = speed_track(scene.recording)
    for motion in motions_of(scene.recording):
        # A crash's own seconds of sliding and rolling are neither.
        if truth is not None:
            motion = motion.window(truth.at_s - 12.0, truth.last_ends_s + 9.0)  # noqa: PLW2901
        if motion.samples < 3:
            continue
        for shock in Seen(motion, speed, None, None).judged:
            if counted_kmh(shock.pulse) < KNOCK_KMH:
                continue
            if truth is None:
                yield shock.features, False
            elif truth.at_s - 0.2 <= shock.start_s <= truth.ends_s:
                yield shock.features, True
            elif not truth.at_s - 0.5 <= shock.start_s <= truth.last_ends_s + max(LATE_S, SETTLING_S):
                yield shock.features, False


def _auc(crashes: Signal, others: Signal) -> float:
    """The chance that a crash scores above a shock that is none."""
    ranks = np.searchsorted(np.sort(others), crashes, side="left") + np.searchsorted(
        np.sort(others), crashes, side="right"
    )
    return float(ranks.mean() / 2 / others.size)
