"""The fleet's configuration, and journeys made from it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from device_sim.cars.config import Action, FleetConfig
from device_sim.cars.journey import Journey

BROKER = {"port": 1883}
CAR = {"device_id": "car-001", "shard": "0a", "route": "matsumoto-town"}
ACTION: TypeAdapter[Any] = TypeAdapter(Action)


def config(**changes: Any) -> FleetConfig:
    return FleetConfig.model_validate({"broker": BROKER, "cars": [CAR]} | changes)


def journey(seed: int = 5, script: tuple[dict[str, Any], ...] = (), **changes: Any) -> Journey:
    car = config(cars=[{**CAR, "seed": seed, "script": script, **changes}]).cars[0]
    made = Journey(car)
    for action in car.script:
        made.plan(action)  # pyright: ignore[reportArgumentType]
    return made


def test_defaults_are_the_usual_device() -> None:
    car = config().cars[0]
    assert (car.rate_hz, car.full_scale_g, car.lowpass_hz, car.clock, car.seed) == (
        100.0,
        16.0,
        42.0,
        "gps",
        0,
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"cars": []}, "needs cars or bulk"),
        ({"cars": [CAR, CAR]}, "used twice: car-001"),
        ({"cars": [{**CAR, "route": "moon"}]}, "no such route; there are matsumoto-town"),
        ({"cars": [{**CAR, "shard": "10"}]}, "a shard is 00 to 0f"),
        ({"cars": [{**CAR, "device_id": "a b"}]}, "should match pattern"),
        ({"cars": [{**CAR, "rate_hz": 20}]}, "greater than or equal to 50"),
        ({"cars": [{**CAR, "clock": "sun"}]}, "'gps', 'wrong' or 'none'"),
        ({"cars": [{**CAR, "colour": "red"}]}, "Extra inputs are not permitted"),
        ({"cars": [{**CAR, "script": [{"do": "fly"}]}]}, "does not match any of the expected tags"),
        ({"cars": [{**CAR, "script": [{"do": "crash", "delta_v_kmh": 500}]}]}, "less than or equal to 150"),
        (
            {"cars": [{**CAR, "script": [{"do": "press", "kind": "long", "at_s": -1}]}]},
            "greater than or equal to 0",
        ),
        ({"broker": {}}, "Field required"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_reason(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        config(**changes)


@pytest.mark.parametrize(
    "item",
    [
        {
            "do": "crash",
            "delta_v_kmh": 48,
            "pdof_deg": 330,
            "shape": "half_sine",
            "duration_ms": 120,
            "at_s": 3,
        },
        {"do": "roll_over", "delta_v_kmh": 13, "roll_deg": 180, "roll_s": 1.5},
        {"do": "press", "kind": "short"},
        {"do": "drop"},
        {"do": "drop", "fall_s": 0.5, "peak_g": 20},
        {"do": "pothole"},
        {"do": "offline", "for_s": 20},
        {"do": "stop"},
        {"do": "drive", "min_speed_kmh": 1},
    ],
)
def test_every_kind_of_action_is_read(item: dict[str, Any]) -> None:
    assert ACTION.validate_python(item).do == item["do"]


def test_bulk_cars_spread_over_shards_and_routes() -> None:
    cars = config(cars=[], bulk={"count": 40, "prefix": "load-", "rate_hz": 50}).all_cars()
    assert cars[0].device_id == "load-00001"
    assert len({car.device_id for car in cars}) == 40
    assert {car.shard for car in cars} == {f"{n:02x}" for n in range(16)}
    assert len({car.route for car in cars}) == 3
    assert len({car.seed for car in cars}) == 40
    assert {car.rate_hz for car in cars} == {50.0}


def test_a_journey_hands_out_every_sample_once_in_time() -> None:
    made = journey()
    blocks, fixes = [], []
    for now_s in np.arange(0.03, 5.0, 0.07):
        new, found = made.measured(float(now_s), 100.0)
        assert all(block.end_ms <= now_s * 1000.0 for block in new)
        assert all(fix.uptime_ms <= now_s * 1000.0 for fix in found)
        blocks += new
        fixes += found
    together = np.concatenate([block.counts for block in blocks])
    again = journey().car.drive(600).counts
    assert np.array_equal(together, again[: len(together)])
    assert len(together) == 490
    assert [fix.uptime_ms for fix in fixes] == [0, 1000, 2000, 3000, 4000]


def test_a_scripted_crash_happens_at_its_moment_to_a_moving_car() -> None:
    made = journey(script=({"do": "crash", "at_s": 7.25, "delta_v_kmh": 40, "pdof_deg": 350},))
    for tenth in range(1, 73):
        made.measured(tenth / 10, 100.0)
        assert made.happened(tenth / 10) == []
    (crash,) = made.happened(7.3)
    assert (crash.uptime_s, crash.kind) == (7.25, "crash")
    assert crash.data["delta_v_kmh"] == 40.0
    assert crash.data["pdof_deg"] == 350.0
    assert crash.data["speed_kmh"] > 25.0


def test_a_rollover_happens_to_a_moving_car() -> None:
    made = journey(script=({"do": "roll_over", "at_s": 7.25, "delta_v_kmh": 13, "pdof_deg": -90},))
    made.measured(8.0, 100.0)
    (happening,) = made.happened(8.0)
    assert (happening.uptime_s, happening.kind, happening.data["pdof_deg"]) == (7.25, "roll_over", 270.0)
    assert happening.data["speed_kmh"] > 25.0


def test_an_action_without_a_time_happens_within_a_second() -> None:
    made = journey()
    made.measured(3.3, 100.0)
    at_s = made.plan(ACTION.validate_python({"do": "pothole"}))
    made.measured(6.0, 100.0)
    (hole,) = made.happened(6.0)
    assert hole.uptime_s == at_s
    assert 3.3 < at_s <= 4.31


def test_what_waits_for_speed_waits() -> None:
    made = journey(seed=3)
    made.plan(ACTION.validate_python({"do": "stop"}))
    for second in range(20):
        made.measured(float(second), 100.0)
    made.plan(ACTION.validate_python({"do": "crash", "delta_v_kmh": 20, "min_speed_kmh": 20}))
    made.measured(40.0, 100.0)
    assert [each.kind for each in made.happened(40.0)] == ["stop"]
    made.plan(ACTION.validate_python({"do": "drive"}))
    for second in range(41, 120):
        made.measured(float(second), 100.0)
    drive, crash = made.happened(120.0)
    assert (drive.kind, crash.kind) == ("drive", "crash")
    assert crash.data["speed_kmh"] >= 20.0


def test_what_the_car_cannot_do_is_said() -> None:
    made = journey(script=({"do": "crash", "at_s": 2, "delta_v_kmh": 40}, {"do": "stop", "at_s": 5}))
    for second in range(9):
        made.measured(float(second), 100.0)
    _, refused = made.happened(9.0)
    assert refused.kind == "refused"
    assert refused.data == {"do": "stop", "reason": "the car has crashed and no longer follows its route"}


def test_another_rate_begins_with_the_next_second() -> None:
    made = journey()
    blocks = made.measured(1.5, 100.0)[0] + made.measured(4.0, 200.0)[0]
    assert {block.rate_hz for block in blocks} == {100.0, 200.0}
    times = [(block.uptime_ms, block.end_ms) for block in blocks]
    assert all(after[0] == pytest.approx(before[1]) for before, after in itertools.pairwise(times))
