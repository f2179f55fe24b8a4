"""Fitting the score: on examples whose answer is known, and on a few composed scenes."""

from __future__ import annotations

import numpy as np
import pytest

from cli.evaluation.calibration import examples, fit
from cli.evaluation.material import Material
from scoring.score import BIAS, WEIGHTS, Feature, confidence


def made(rng: np.random.Generator, count: int) -> list[tuple[dict[Feature, float], bool]]:
    """Crashes are abrupt; level at random; and slow only where they are none, which no weight may say."""
    rows: list[tuple[dict[Feature, float], bool]] = []
    for _ in range(count):
        crash = bool(rng.random() < 0.3)
        features = dict.fromkeys(Feature, 0.0)
        features[Feature.ABRUPTNESS] = rng.normal(1.0 if crash else -1.0, 0.7)
        features[Feature.LEVELNESS] = rng.normal()
        features[Feature.SLOWNESS] = rng.normal(-0.5 if crash else 0.5, 0.5)
        rows.append((features, crash))
    return rows


def test_what_tells_crashes_gets_the_weight_and_none_is_negative() -> None:
    found = fit(iter(made(np.random.default_rng(1), 2_000)))
    assert found.weights[Feature.ABRUPTNESS] > 1.0
    assert found.weights[Feature.LEVELNESS] < 0.1
    assert found.weights[Feature.SLOWNESS] == 0.0
    assert 0.95 < found.auc < 1.0
    assert 500 < found.crashes < 700
    assert found.crashes + found.others == 2_000


def test_one_kind_alone_cannot_be_fitted() -> None:
    crashes = [each for each in made(np.random.default_rng(1), 50) if each[1]]
    with pytest.raises(ValueError, match="needs crashes and shocks that are none"):
        fit(iter(crashes))


def test_the_weights_in_use_tell_composed_scenes_apart() -> None:
    rows = list(examples(Material(), 5, crashes=40, repeats=2))
    scores = [(confidence(features), crash) for features, crash in rows]
    crashes = [score for score, crash in scores if crash]
    others = [score for score, crash in scores if not crash]
    assert len(crashes) > 15
    assert len(others) > 5
    assert np.median(crashes) > 0.95
    assert np.median(others) < 0.2


def test_more_of_a_feature_never_lowers_the_score() -> None:
    assert set(WEIGHTS) == set(Feature)
    assert min(WEIGHTS.values()) >= 0
    nothing = dict.fromkeys(Feature, 0.0)
    assert confidence(nothing) == pytest.approx(1 / (1 + np.exp(-BIAS)))
    for feature in Feature:
        assert confidence({**nothing, feature: 1.0}) >= confidence(nothing)
