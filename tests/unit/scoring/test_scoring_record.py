"""A finding as it is kept: plain JSON, with its version and every model's name."""

from __future__ import annotations

import json

from support.shocks import driving, haversine, motion_of, struck

from scoring.analyse import analyse
from scoring.finding import DETECTOR_VERSION
from scoring.injury import Modifiers
from scoring.record import record_of

MOTION = motion_of(struck(driving(22.0), haversine(30, 0.12), 1200))


def test_it_is_plain_json_and_holds_what_was_found() -> None:
    (found,) = analyse(MOTION)
    kept = json.loads(json.dumps(record_of(found), allow_nan=False))
    assert kept["detector"] == DETECTOR_VERSION
    assert kept["severity"] == "severe"
    assert kept["possible_severities"] == ["severe", "severe"]
    assert kept["delta_v_kmh"] == found.delta_v_kmh
    assert len(kept["measures"]["delta_v_series_kmh"]) == 26
    mais3 = next(each for each in kept["injury"] if each["injury"] == "mais3_plus")
    assert "NHTSA 2022 all" in mais3["models"]
    assert mais3["low"] == min(mais3["models"].values())
    assert mais3["high"] == max(mais3["models"].values())


def test_what_is_known_of_the_people_changes_the_estimate() -> None:
    (found,) = analyse(MOTION)
    young, old = (record_of(found, Modifiers(age_years=age))["injury"][1]["high"] for age in (20, 80))
    assert young < old


def test_what_was_no_impact_has_no_injury() -> None:
    bump = driving(22.0)
    bump[2, 1200:1210] -= 20.0
    (found,) = analyse(motion_of(bump), 112.0)
    assert record_of(found)["injury"] == []
