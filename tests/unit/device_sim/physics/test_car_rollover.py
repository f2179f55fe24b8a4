"""What a car that turns over looks like in its own measurements, and a receiver that is behind."""

from __future__ import annotations

import numpy as np
import pytest

from device_sim.physics.car import Car
from device_sim.physics.pulses import Pulse, Shape
from device_sim.physics.rollover import Rollover
from device_sim.physics.sensor import Sensor
from schemas.recording import G_MPS2, Floats

WIDE = Sensor(full_scale_g=200.0)
AT = 1500
SIDE = Pulse(14.0, 90.0, Shape.HAVERSINE, 120.0)


def rolled(rollover: Rollover, seed: int = 5, **how: int | None) -> tuple[Car, Floats, list[float]]:
    """The car, its motion (n, 3) in its own axes, and its speeds by GPS."""
    car = Car("hakone-old-tokaido", seed, WIDE, rolling_at_s=15.0, **how)
    car.roll_over(15.0, rollover)
    mount = car._mount
    stretch = car.drive(3000)
    body = (stretch.counts * car.sensor.scale_mps2 - car._bias) @ mount
    return car, body, [fix.speed_mps for fix in stretch.fixes]


@pytest.mark.parametrize(
    ("pdof_deg", "roll_deg", "lies"),
    [(90, 90, (0, 1, 0)), (270, 90, (0, -1, 0)), (90, 180, (0, 0, 1)), (250, 180, (0, 0, 1))],
)
def test_it_lies_where_it_was_pushed_to(
    pdof_deg: float, roll_deg: float, lies: tuple[float, float, float]
) -> None:
    _, body, _ = rolled(Rollover(Pulse(14.0, pdof_deg), roll_deg, 2.0))
    resting = body[-300:].mean(axis=0) / G_MPS2
    assert resting == pytest.approx(lies, abs=0.1)
    assert body[-300:].std(axis=0).max() < 0.1


@pytest.mark.parametrize("roll_s", [1.5, 2.5])
@pytest.mark.parametrize("roll_deg", [90.0, 180.0])
def test_it_turns_at_a_rate_cars_do(roll_deg: float, roll_s: float) -> None:
    rollover = Rollover(SIDE, roll_deg, roll_s)
    times_s = np.arange(0.0, 5.0, 0.01)
    rates = np.degrees(np.diff(rollover.angle_rad(times_s))) / 0.01
    assert np.abs(rates).max() == pytest.approx(1.5 * roll_deg / roll_s, rel=0.01)
    assert np.abs(rates).max() < 250.0
    turning_s = np.count_nonzero(rates) * 0.01
    assert turning_s == pytest.approx(roll_s, abs=0.03)


def test_the_ground_strikes_it_several_times_and_carries_its_weight() -> None:
    rollover = Rollover(SIDE, 180.0, 2.0)
    _, body, _ = rolled(rollover)
    elapsed_s = np.arange(len(body)) / 100.0 - 15.0
    angle = rollover.angle_rad(elapsed_s)
    up = -body[:, 1] * np.sin(angle) - body[:, 2] * np.cos(angle)
    hard = np.flatnonzero(up[AT:] > 2.0 * G_MPS2)
    assert np.count_nonzero(np.diff(hard) > 20) == 2, "three blows"
    assert up[AT + 30 : AT + 250].max() < 6.0 * G_MPS2
    turning = up[(elapsed_s > 0.3) & (elapsed_s < 2.6)]
    assert turning.mean() == pytest.approx(G_MPS2, rel=0.05), "it neither rises nor falls"
    assert np.linalg.norm(body[AT:], axis=1).min() > 0.4 * G_MPS2, "and is never weightless"


def test_the_blow_from_the_side_is_measured_as_asked_for() -> None:
    _, body, _ = rolled(Rollover(SIDE))
    before = body[AT - 100 : AT].mean(axis=0)
    gained = (body[AT : AT + 16, :2] - before[:2]).sum(axis=0) / 100.0 * 3.6
    assert np.hypot(*gained) == pytest.approx(14.0, abs=1.5)
    assert gained[1] < -12.0


def test_it_slides_to_rest_and_stays_there() -> None:
    car, _, speeds = rolled(Rollover(SIDE))
    assert speeds[14] > 5.0
    assert all(speed == 0.0 for speed in speeds[20:])
    assert car.wrecked
    with pytest.raises(ValueError, match="turned over already"):
        car.roll_over(car.time_s, Rollover(SIDE))


@pytest.mark.parametrize("delta_v_kmh", range(8, 20))
def test_a_car_at_rest_after_sliding_is_pulled_by_nothing_but_gravity(delta_v_kmh: int) -> None:
    # Whether rounding leaves a trace of the slide depends on the speed it began with.
    car = Car("matsumoto-town", 1, WIDE)
    car.stop(1.0)
    car.crash(20.0, Pulse(delta_v_kmh, 180.0))
    mount = car._mount
    body = (car.drive(3000).counts * WIDE.scale_mps2 - car._bias) @ mount
    assert body[2500:, :2].mean(axis=0) == pytest.approx(body[1500:1900, :2].mean(axis=0), abs=0.1)


@pytest.mark.parametrize("bad", [{"roll_deg": 10.0}, {"roll_deg": 400.0}, {"roll_s": 0.5}, {"roll_s": 9.0}])
def test_impossible_rollovers_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="outside"):
        Rollover(SIDE, **bad)


def test_a_receiver_that_is_behind_tells_of_before() -> None:
    _, _, prompt = rolled(Rollover(SIDE))
    _, _, late = rolled(Rollover(SIDE), gps_lag_s=2)
    assert late[12:] == pytest.approx(prompt[10:-2], abs=1.0)
    assert late[0] == pytest.approx(late[2], abs=1.0)


def test_a_receiver_that_finds_nothing_tells_nothing() -> None:
    assert rolled(Rollover(SIDE), gps_lag_s=None)[2] == []


def test_fixes_before_a_crash_tell_of_the_driving_however_motion_is_asked_for() -> None:
    at_once, by_seconds = (Car("matsumoto-town", 5, rolling_at_s=15.0) for _ in range(2))
    for car in (at_once, by_seconds):
        car.crash(15.5, Pulse(30.0, 10.0))
    seconds = [fix for _ in range(20) for fix in by_seconds.drive(100).fixes]
    assert at_once.drive(2000).fixes == tuple(seconds)
    calm = Car("matsumoto-town", 5, rolling_at_s=15.0).drive(1600).fixes
    assert [fix.speed_mps for fix in calm] == [fix.speed_mps for fix in seconds[:16]]
    assert [fix.lat_deg for fix in calm] == [fix.lat_deg for fix in seconds[:16]]
