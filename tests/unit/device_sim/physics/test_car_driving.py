"""A driving car: plausible, repeatable, consistent with its own GPS."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device_sim.physics.car import Car, random_rotation
from device_sim.physics.gps import GpsReceiver
from device_sim.physics.legs import RouteLeg
from device_sim.physics.routes import load_route, metres_per_degree, route_ids
from device_sim.physics.sensor import Sensor
from device_sim.physics.speed_profile import STYLES, TICK_S, drive_lap
from schemas.recording import G_MPS2


def measured_mps2(car: Car, seconds: int) -> np.ndarray:
    stretches = [car.drive(round(car.sensor.rate_hz)) for _ in range(seconds)]
    return np.concatenate([each.counts for each in stretches]) * car.sensor.scale_mps2


@pytest.mark.parametrize("route_id", route_ids())
@pytest.mark.parametrize("style", [0, 7, STYLES - 1])
def test_a_lap_stays_within_limits_and_comfort(route_id: str, style: int) -> None:
    route, lap = load_route(route_id), drive_lap(route_id, style)
    assert lap.along_m[-1] == pytest.approx(route.length_m)
    assert lap.speed_mps[0] < 0.5
    assert lap.speed_mps[-1] == pytest.approx(0.0, abs=0.05)
    assert np.all(lap.speed_mps >= 0)
    assert np.all(np.diff(lap.along_m) >= 0)
    driven = np.sum((lap.speed_mps[1:] + lap.speed_mps[:-1]) / 2) * TICK_S
    assert driven == pytest.approx(route.length_m, rel=0.005)
    assert np.abs(lap.along_mps2).max() < 2.5
    limit = route.sample(route.limit_mps, lap.along_m)
    assert np.percentile(lap.speed_mps / limit, 99) < 1.2
    lateral = lap.speed_mps**2 * np.abs(route.sample(route.curvature_per_m, lap.along_m))
    assert np.percentile(lateral, 99.9) < 3.5


def test_red_lights_differ_between_drivers() -> None:
    durations = {round(drive_lap("matsumoto-town", style).duration_s) for style in range(STYLES)}
    assert len(durations) > STYLES / 2


@pytest.mark.parametrize("route_id", route_ids())
def test_the_same_seed_drives_the_same_way_however_it_is_cut(route_id: str) -> None:
    whole, cut = Car(route_id, 11), Car(route_id, 11)
    for car in (whole, cut):
        car.pothole(2.345, 1.0)
        car.drop(7.1)
    one = whole.drive(1200)
    pieces = [cut.drive(size) for size in (1, 7, 92, 100, 33, 167, 400, 400)]
    assert np.array_equal(one.counts, np.concatenate([piece.counts for piece in pieces]))
    assert one.fixes == tuple(fix for piece in pieces for fix in piece.fixes)
    assert not np.array_equal(one.counts, Car(route_id, 12).drive(1200).counts)


def test_it_measures_about_one_g_and_more_the_faster() -> None:
    car = Car("tomei-gotemba-numazu", 4, rolling_at_s=5.0)
    fast = measured_mps2(car, 30)
    assert np.linalg.norm(fast.mean(axis=0)) == pytest.approx(G_MPS2, abs=0.5)
    car.stop(car.time_s)
    measured_mps2(car, 30)
    standing = measured_mps2(car, 20)
    assert car.speed_mps == 0.0
    fixes = car.drive(1000).fixes
    assert len({fix.heading_deg for fix in fixes}) == 1, "a receiver at a stand keeps its last course"
    assert {fix.speed_mps for fix in fixes} == {0.0}
    assert standing.std(axis=0).max() < 0.25 * fast.std(axis=0).max()
    assert standing.std(axis=0).max() > 0.01, "an engine idles and a sensor has noise"


def test_road_noise_lies_below_the_sensors_corner_and_hops_with_the_wheels() -> None:
    car = Car("tomei-gotemba-numazu", 4, rolling_at_s=20.0)
    measured = measured_mps2(car, 64)
    power = (np.abs(np.fft.rfft(measured - measured.mean(axis=0), axis=0)) ** 2).sum(axis=1)
    hertz = np.fft.rfftfreq(len(measured), 0.01)

    def density(low: float, high: float) -> float:
        return float(power[(hertz >= low) & (hertz < high)].mean())

    assert density(9, 15) > 10 * density(40, 50)
    assert density(1, 2.2) > 3 * density(4, 6)


@pytest.mark.parametrize("route_id", route_ids())
def test_fixes_come_once_a_second_and_agree_with_motion(route_id: str) -> None:
    car = Car(route_id, 3)
    fixes = car.drive(12000).fixes
    assert [fix.at_s for fix in fixes] == list(range(120))
    per_lat, per_lon = metres_per_degree(fixes[0].lat_deg)
    north = np.diff([fix.lat_deg for fix in fixes]) * per_lat
    east = np.diff([fix.lon_deg for fix in fixes]) * per_lon
    speeds = np.asarray([fix.speed_mps for fix in fixes])
    stepped = np.hypot(north, east)
    assert np.abs(stepped - (speeds[1:] + speeds[:-1]) / 2).mean() < 1.2
    assert np.corrcoef(stepped, speeds[1:])[0, 1] > 0.9 or speeds.std() < 1.0
    moving = np.flatnonzero((speeds[1:] > 8) & (speeds[:-1] > 8))
    courses = np.degrees(np.arctan2(east, north))[moving]
    headings = np.asarray([fix.heading_deg for fix in fixes[1:]])[moving]
    off = (courses - headings + 180) % 360 - 180
    assert np.abs(off).mean() < 12 if moving.size else True
    assert all(0 <= fix.heading_deg < 360 for fix in fixes)


def test_a_creeping_receiver_keeps_its_course_and_a_standing_one_reports_no_speed() -> None:
    receiver = GpsReceiver(load_route("matsumoto-town"), np.random.default_rng(1), 10.0)
    assert receiver.fix(0.0, 0.0, 0.0, 0.5, 200.0).heading_deg == 10.0
    assert receiver.fix(1.0, 0.0, 0.0, 5.0, 200.0).heading_deg == pytest.approx(200.0, abs=2.0)
    assert receiver.fix(2.0, 0.0, 0.0, 0.2, 90.0).speed_mps == 0.0


def test_braking_pushes_forward_and_a_right_turn_to_the_left() -> None:
    """The sensor feels what the body accelerates: forward is +x, right is +y."""
    car = Car("matsumoto-town", 2)
    mount = car._mount
    stretch = car.drive(60000)
    body = (stretch.counts * car.sensor.scale_mps2 - car._bias) @ mount
    smooth = np.apply_along_axis(lambda column: np.convolve(column, np.ones(100) / 100, "same"), 0, body)
    speeds = np.asarray([fix.speed_mps for fix in stretch.fixes])
    slope = np.gradient(speeds)
    felt = smooth[np.arange(speeds.size) * 100]
    assert np.corrcoef(slope[5:-5], felt[5:-5, 0])[0, 1] > 0.8
    headings = np.unwrap(np.radians([fix.heading_deg for fix in stretch.fixes]))
    lateral = speeds * np.gradient(headings)
    turning = speeds > 3
    assert np.corrcoef(lateral[turning], felt[turning, 1])[0, 1] > 0.5
    assert felt[:, 2].mean() == pytest.approx(-G_MPS2, abs=0.1)


def test_a_climb_is_felt_as_gravity_from_behind() -> None:
    car = Car("hakone-old-tokaido", 6, rolling_at_s=5.0)
    leg = car._legs[0]
    assert isinstance(leg, RouteLeg)
    body = (car.drive(30000).counts * car.sensor.scale_mps2 - car._bias) @ car._mount
    seconds = np.arange(300.0)
    along = np.asarray([leg.along_at(each + 0.5) for each in seconds])
    slope = leg.at(seconds + 0.5).forward_mps2
    felt = body[:, 0].reshape(300, 100).mean(axis=1) - slope
    grade = car.route.sample(car.route.grade, along)
    assert np.abs(grade).max() > 0.05
    assert felt == pytest.approx(G_MPS2 * grade, abs=0.4)


def test_mounts_are_proper_rotations_of_all_kinds() -> None:
    rng = np.random.default_rng(1)
    turns = [random_rotation(rng) for _ in range(400)]
    for turn in turns[:20]:
        assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
        assert np.linalg.det(turn) == pytest.approx(1.0)
    assert np.linalg.norm(np.mean([turn[:, 2] for turn in turns], axis=0)) < 0.15


def test_rolling_at_a_moment_means_driving_then() -> None:
    for seed in range(12):
        car = Car("matsumoto-town", seed, rolling_at_s=15.0)
        car.drive(1500)
        assert car.speed_mps > 25 / 3.6


def test_stopping_and_driving_on() -> None:
    car = Car("matsumoto-town", 3, rolling_at_s=5.0)
    car.drive(500)
    with pytest.raises(ValueError, match="has not been stopped"):
        car.drive_on(car.time_s)
    speed = car.speed_mps
    car.stop(6.0)
    car.drive(150)
    assert 0 < car.speed_mps < speed
    car.drive(2000)
    stood = car.position
    assert car.speed_mps == 0.0
    car.drive(500)
    assert car.position == stood
    car.drive_on(car.time_s)
    fixes = [fix for _ in range(60) for fix in car.drive(100).fixes]
    assert max(fix.speed_mps for fix in fixes) > 15 / 3.6
    steps = np.hypot(np.diff([f.lat_deg for f in fixes]) * 111e3, np.diff([f.lon_deg for f in fixes]) * 90e3)
    assert steps.max() < 20.0, "no jump"


def test_the_past_cannot_be_changed() -> None:
    car = Car("matsumoto-town", 3)
    car.drive(500)
    for late in (
        lambda: car.stop(4.9),
        lambda: car.drop(1.0),
        lambda: car.pothole(2.0),
        lambda: car.stop(math.nan),
    ):
        with pytest.raises(ValueError, match="is over"):
            late()


@pytest.mark.parametrize("rate_hz", [50.0, 104.0, 1000.0])
def test_other_rates_measure_the_same_drive(rate_hz: float) -> None:
    slow = Car("matsumoto-town", 8, rolling_at_s=5.0)
    other = Car("matsumoto-town", 8, Sensor(rate_hz=rate_hz), rolling_at_s=5.0)
    one, two = slow.drive(2000), other.drive(round(20 * rate_hz))
    assert one.fixes == two.fixes
    means = [each.counts.mean(axis=0) * slow.sensor.scale_mps2 for each in (one, two)]
    assert means[0] == pytest.approx(means[1], abs=0.12)


def test_the_rate_can_change_on_the_way() -> None:
    car = Car("matsumoto-town", 8)
    car.drive(250)
    car.set_rate(200.0)
    stretch = car.drive(200)
    assert stretch.start_s == pytest.approx(2.5)
    assert stretch.rate_hz == 200.0
    assert car.time_s == pytest.approx(3.5)
    assert [fix.at_s for fix in stretch.fixes] == [3.0]
