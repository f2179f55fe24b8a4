"""What a crash, a fall and a pothole look like in a car's measurements."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device_sim.physics.car import Car
from device_sim.physics.drop import Drop, sampled_drop
from device_sim.physics.pulses import Pulse, Shape
from device_sim.physics.sensor import Sensor
from schemas.recording import G_MPS2

WIDE = Sensor(full_scale_g=200.0)


def body_of(car: Car, samples: int) -> np.ndarray:
    mount = car._mount
    return (car.drive(samples).counts * car.sensor.scale_mps2 - car._bias) @ mount


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize(
    ("delta_v_kmh", "pdof_deg", "duration_ms"), [(12, 0, 90), (30, 330, 120), (48, 75, 60), (65, 180, 150)]
)
def test_integrating_the_sensor_gives_the_crash_back(
    shape: Shape, delta_v_kmh: float, pdof_deg: float, duration_ms: float
) -> None:
    car = Car("matsumoto-town", 5, WIDE, rolling_at_s=10.0)
    car.crash(10.0037, Pulse(delta_v_kmh, pdof_deg, shape, duration_ms))
    body = body_of(car, 1100)
    horizontal = body[:, :2] - body[900:1000, :2].mean(axis=0)
    end = 1000 + math.ceil(duration_ms / 10) + 3
    gained = horizontal[1000:end].sum(axis=0) / 100.0 * 3.6
    # Sliding begins when the pulse ends and adds its own 5.5 m/s2 for a few samples.
    assert np.hypot(*gained) == pytest.approx(delta_v_kmh, abs=1.5)
    off = (math.degrees(math.atan2(-gained[1], -gained[0])) - pdof_deg + 180) % 360 - 180
    assert abs(off) < 6.0
    assert np.abs(horizontal[:1000]).max() < 1.0 * G_MPS2, "nothing before time zero"


def test_a_frontal_crash_stops_the_car_and_the_gps_says_so() -> None:
    car = Car("matsumoto-town", 5, rolling_at_s=10.0)
    car.crash(10.5, Pulse(40.0, 10.0))
    fixes = car.drive(3000).fixes
    before, after = fixes[10], fixes[12]
    assert before.speed_mps > 30 / 3.6
    assert after.speed_mps < before.speed_mps - 25 / 3.6
    assert all(fix.speed_mps == 0.0 for fix in fixes[16:])
    assert car.wrecked
    moved = np.ptp([fix.lat_deg for fix in fixes[16:]]) * 111e3
    assert moved < 15.0, "it lies where it came to rest"
    with pytest.raises(ValueError, match="no longer follows its route"):
        car.drive_on(car.time_s)
    with pytest.raises(ValueError, match="no longer follows its route"):
        car.stop(car.time_s)


def test_a_rear_impact_pushes_the_car_on() -> None:
    car = Car("matsumoto-town", 5, rolling_at_s=10.0)
    car.drive(1000)
    speed = car.speed_mps
    car.crash(10.0, Pulse(20.0, 180.0, duration_ms=100.0))
    car.drive(11)
    assert car.speed_mps == pytest.approx(speed + 20 / 3.6, abs=0.8)


def test_a_knock_leaves_the_engine_running() -> None:
    car = Car("matsumoto-town", 5, rolling_at_s=10.0)
    car.crash(10.0, Pulse(9.0, 0.0))
    car.drive(1500)
    assert not car.wrecked


def test_what_only_feels_like_a_crash_leaves_the_car_driving() -> None:
    struck, spared = (Car("matsumoto-town", 5, WIDE, rolling_at_s=10.0) for _ in range(2))
    struck.crash(10.5, Pulse(19.0, 180.0), drives_on=True)
    felt, plain = struck.drive(1500), spared.drive(1500)
    assert np.ptp(felt.counts[1040:1070], axis=0).max() > np.ptp(plain.counts[1040:1070], axis=0).max() + 500
    assert [fix.speed_mps for fix in felt.fixes] == [fix.speed_mps for fix in plain.fixes]
    assert not struck.wrecked


def test_a_second_crash_while_sliding() -> None:
    car = Car("matsumoto-town", 5, WIDE, rolling_at_s=10.0)
    car.crash(10.0, Pulse(20.0, 0.0))
    with pytest.raises(ValueError, match="is being struck until"):
        car.crash(10.05, Pulse(20.0, 90.0))
    car.crash(11.0, Pulse(15.0, 90.0))
    body = body_of(car, 1200)
    second = body[1095:1115].sum(axis=0) / 100 * 3.6, body[1085:1099].mean(axis=0)
    assert second[0][1] == pytest.approx(-15.0, abs=2.5)


def test_a_hard_crash_clips_at_full_scale() -> None:
    car = Car("matsumoto-town", 5, Sensor(full_scale_g=8.0), rolling_at_s=10.0)
    car.crash(10.0, Pulse(60.0, 0.0, Shape.HAVERSINE, 70.0))
    counts = car.drive(1100).counts
    assert np.count_nonzero((counts == 32767) | (counts == -32768)) >= 3
    assert np.abs(counts[:990].astype(int)).max() < 32767 / 4


def test_a_falling_device_is_weightless_then_hits_and_lies_another_way() -> None:
    car = Car("matsumoto-town", 9, Sensor(full_scale_g=32.0), rolling_at_s=5.0)
    drop = car.drop(5.0, Drop(fall_s=0.45, peak_g=20.0))
    assert drop == Drop(0.45, 20.0)
    with pytest.raises(ValueError, match="falling already"):
        car.drop(6.0)
    stretch = car.drive(1500)
    g = stretch.counts * car.sensor.scale_mps2 / G_MPS2
    size = np.linalg.norm(g, axis=1)
    falling = size[500:560] < 0.35
    assert np.count_nonzero(falling) >= 40
    assert np.all(falling[2:42])
    assert size[495:501] == pytest.approx(np.ones(6), abs=0.1), "nothing jumps before it falls"
    assert 15.0 < size[540:560].max() < 21.0
    up_before, up_after = g[300:500].mean(axis=0), g[700:900].mean(axis=0)
    cosine = up_before @ up_after / np.linalg.norm(up_before) / np.linalg.norm(up_after)
    assert cosine < 0.95
    assert np.linalg.norm(up_after) == pytest.approx(1.0, abs=0.08)
    speeds = [fix.speed_mps for fix in stretch.fixes]
    assert abs(speeds[7] - speeds[4]) < 5.0, "the car drives on"
    car.drop(car.time_s)


@pytest.mark.parametrize("rate_hz", [100.0, 1000.0])
def test_a_fall_begins_and_ends_at_rest(rate_hz: float) -> None:
    before, after = np.asarray([0.0, 0.0, 9.8]), np.asarray([9.8, 0.0, 0.0])
    samples = sampled_drop(
        Drop(0.4, 20.0),
        np.random.default_rng(1),
        before_mps2=before,
        after_mps2=after,
        rate_hz=rate_hz,
        lowpass_hz=42.0,
    )
    assert samples[0] == pytest.approx(before, abs=0.5)
    assert samples[-1] == pytest.approx(after, abs=0.5)


def test_drops_without_figures_are_like_phones() -> None:
    car = Car("matsumoto-town", 1)
    for _ in range(8):
        drop = car.drop(car.time_s)
        assert 0.35 <= drop.fall_s <= 0.6
        assert 16.0 <= drop.peak_g <= 24.0
        car.drive(300)


@pytest.mark.parametrize("bad", [{"fall_s": 0.0, "peak_g": 20.0}, {"fall_s": 0.4, "peak_g": 100.0}])
def test_impossible_drops_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="outside"):
        Drop(**bad)


def test_a_pothole_shakes_vertically() -> None:
    plain, holed = (Car("matsumoto-town", 5, rolling_at_s=10.0) for _ in range(2))
    holed.pothole(10.0, 1.2)
    extra = body_of(holed, 1200) - body_of(plain, 1200)
    assert np.abs(extra[:999]).max() < 0.01
    assert 0.7 * G_MPS2 < np.abs(extra[1000:, 2]).max() < 1.3 * G_MPS2
    assert np.abs(extra[1000:, :2]).max() < 0.3 * G_MPS2
