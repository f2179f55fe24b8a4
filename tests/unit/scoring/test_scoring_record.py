"""A finding as it is kept: plain JSON, with its version and every model's name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.shocks import driving, haversine, motion_of, struck, turned

from scoring.analyse import analyse
from scoring.finding import DETECTOR_VERSION
from scoring.injury import MODELS
from scoring.modifiers import Modifier, Modifiers
from scoring.mount import Mount
from scoring.record import record_of

MOTION = motion_of(struck(driving(22.0), haversine(30, 0.12), 1200))


def test_it_is_plain_json_and_holds_what_was_found() -> None:
    (found,) = analyse(MOTION)
    kept = json.loads(json.dumps(record_of(found), allow_nan=False))
    assert kept["detector"] == DETECTOR_VERSION
    assert kept["severity"] == "severe"
    assert kept["possible_severities"] == ["severe", "severe"]
    assert kept["delta_v_kmh"] == pytest.approx(found.delta_v_kmh, abs=0.005)
    assert len(kept["measures"]["delta_v_series_kmh"]) == 26
    mais3 = next(each for each in kept["injury"] if each["injury"] == "mais3_plus")
    probabilities = [each["probability"] for each in mais3["models"]]
    assert mais3["low"] == min(probabilities)
    assert mais3["high"] == max(probabilities)
    assert kept["mount"] is None


def test_what_is_known_of_the_people_changes_the_estimate() -> None:
    (found,) = analyse(MOTION)
    young, old = (record_of(found, Modifiers(age_years=age))["injury"][1]["high"] for age in (20, 80))
    assert young < old


def test_what_was_no_impact_has_no_injury() -> None:
    bump = driving(22.0)
    bump[2, 1200:1210] -= 20.0
    (found,) = analyse(motion_of(bump), 112.0)
    assert record_of(found)["injury"] == []


def test_the_models_are_in_their_own_order_whatever_the_database_does_to_keys() -> None:
    (found,) = analyse(MOTION, mount=Mount(np.eye(3), 0.9, 300.0))
    kept = json.loads(json.dumps(record_of(found), sort_keys=True))
    order = [model.name for model in MODELS]
    for each in kept["injury"]:
        names = [risk["model"] for risk in each["models"]]
        assert len(names) > 1
        assert names == sorted(names, key=order.index)


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in numbers(each)]
    if isinstance(value, list):
        return [number for each in value for number in numbers(each)]
    assert type(value) in {str, int, bool, float, type(None)}
    return [value] if type(value) is float else []


def test_figures_are_plain_and_end_where_they_mean_nothing() -> None:
    (found,) = analyse(MOTION, mount=Mount(turned((0, 0, 1), 12.3456), 0.87654321, 299.98765))
    kept = record_of(
        replace(found, peak_g=np.float32(17.123456), turned_deg=np.float64(4.04), parked=np.bool_(False))
    )
    assert all(round(number, 5) == number for number in numbers(kept))
    assert (kept["peak_g"], kept["turned_deg"], kept["parked"]) == (17.12, 4.0, False)
    assert kept["mount"] == {"quality": 0.87654, "moving_s": 299.988}
    assert kept["pdof_deg"] == round(kept["pdof_deg"], 1) == pytest.approx(found.pdof_deg, abs=0.05)
    assert all(round(value, 2) == value for value in [kept["delta_v_kmh"], *kept["delta_v_xyz_kmh"]])
    series = kept["measures"]["delta_v_series_kmh"]
    assert all(round(value, 2) == value for pair in series for value in pair)


def test_straight_ahead_is_not_360_degrees() -> None:
    (found,) = analyse(MOTION)
    kept = record_of(replace(found, pdof_deg=359.97))
    assert (kept["pdof_deg"], kept["clock"]) == (0.0, 12)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float32("-inf")])
def test_what_is_no_number_is_null_and_harms_nothing_else(number: float) -> None:
    (found,) = analyse(MOTION)
    measures = replace(found.measures, asi=number, delta_v_series_kmh=((0.0, number),))
    kept = record_of(replace(found, turned_deg=number, pdof_deg=number, measures=measures))
    assert (kept["turned_deg"], kept["pdof_deg"], kept["clock"]) == (None, None, None)
    assert (kept["measures"]["asi"], kept["measures"]["delta_v_series_kmh"]) == (None, [[0.0, None]])
    assert kept["injury"] == record_of(found)["injury"]
    without = record_of(replace(found, delta_v_kmh=number))
    assert (without["delta_v_kmh"], without["injury"]) == (None, [])
    json.dumps([kept, without], allow_nan=False)


def test_what_json_does_not_know_is_refused() -> None:
    (found,) = analyse(MOTION)
    with pytest.raises(TypeError, match="holds no object"):
        record_of(replace(found, turned_deg=object()))  # pyright: ignore[reportArgumentType]


def test_what_moved_the_models_is_told_but_no_age() -> None:
    (found,) = analyse(MOTION, mount=Mount(turned((0, 0, 1), -90.0), 0.9, 300.0))
    assert found.pdof_deg == pytest.approx(270, abs=5)
    kept = record_of(found, Modifiers(age_years=75, near_side=False))
    assert kept["injury_modifiers"] == {"age": "applied", "near_side": "far", "belt": "unknown"}
    assert kept["injury_uncovered"] == []
    assert not [name for name in kept if "age" in name]
    nothing = record_of(found)
    assert nothing["injury_modifiers"] == {"age": "unknown", "near_side": "unknown", "belt": "unknown"}
    off = record_of(
        found, Modifiers(age_years=75, near_side=False, off=frozenset({Modifier.AGE, Modifier.NEAR_SIDE}))
    )
    assert off["injury_modifiers"] == {"age": "off", "near_side": "off", "belt": "unknown"}
    assert off["injury"] == nothing["injury"] != kept["injury"]


def test_what_no_model_covers_is_named() -> None:
    (found,) = analyse(MOTION)
    assert record_of(replace(found, multiple=True, rollover=True))["injury_uncovered"] == [
        "multiple",
        "rollover",
    ]
    assert record_of(replace(found, rollover=True))["injury"] == record_of(found)["injury"]
