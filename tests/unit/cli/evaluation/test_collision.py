import numpy as np
import pytest

from cli.evaluation.collision import Collision, Struck, strike
from cli.evaluation.ground import REST_IN_CAR, Ground, levelled
from cli.evaluation.pulse import ideal_pulse
from cli.evaluation.sensor import Sensor, random_rotation

SENSOR = Sensor(100.0, 42.0, 16.0)


def even_ground(speed_kmh: float = 60.0, duration_s: float = 20.0, rate_hz: float = 100.0) -> Ground:
    samples = round(duration_s * rate_hz)
    return Ground(
        "even",
        rate_hz,
        np.repeat(REST_IN_CAR[:, None], samples, axis=1),
        np.full(samples, speed_kmh / 3.6),
        np.full(samples, 30.0),
    )


def struck(
    delta_v_kmh: float = 20.0,
    yaw_deg: float = 0.0,
    *,
    speed_kmh: float = 60.0,
    stops: bool = True,
    **roll: float,
) -> Struck:
    pulse = ideal_pulse("haversine", delta_v_kmh, duration_s=0.1, yaw_deg=yaw_deg)
    collision = Collision(((0.0, pulse),), friction_g=0.6, stops=stops, **roll)
    return strike(even_ground(speed_kmh), collision, 10.0037, SENSOR, np.eye(3))


@pytest.mark.parametrize("yaw_deg", [0.0, 60.0, 90.0, 195.0, 300.0])
def test_integrating_the_composed_motion_gives_the_truth(yaw_deg: float) -> None:
    crash = struck(20.0, yaw_deg)
    first, after = round((crash.truth.at_s - 0.05) * 100), round((crash.truth.ends_s + 0.05) * 100)
    change = 3.6 * (crash.acc_mps2 - REST_IN_CAR[:, None])[:2, first:after].sum(axis=1) / 100
    assert np.linalg.norm(change) == pytest.approx(crash.truth.delta_v_kmh, rel=0.03)
    came_from_deg = np.degrees(np.arctan2(-change[1], -change[0])) % 360
    assert abs((came_from_deg - crash.truth.pdof_deg + 180) % 360 - 180) < 3


@pytest.mark.parametrize("offset_s", [0.0, 0.0004, 0.0037, 0.0081])
def test_the_pulse_lies_where_it_should_at_any_sampling_phase(offset_s: float) -> None:
    pulse = ideal_pulse("haversine", 20.0, duration_s=0.1, yaw_deg=0.0)
    collision = Collision(((0.0, pulse),), friction_g=1e-6, stops=False)
    crash = strike(even_ground(), collision, 10.0 + offset_s, SENSOR, np.eye(3))
    pull = crash.acc_mps2[0]
    centre_s = float((np.arange(pull.size) / 100) @ pull / pull.sum())
    lowpass_delay_s = np.sqrt(2) / (2 * np.pi * SENSOR.lowpass_hz)
    assert centre_s == pytest.approx(10.0 + offset_s + 0.02 + 0.05 + lowpass_delay_s, abs=5e-4)


def test_the_speed_falls_by_what_the_pulse_says_and_then_by_friction() -> None:
    crash = struck(20.0, 0.0)
    after_s = crash.truth.ends_s
    assert crash.track.speed_mps[round(10.0 * 100) - 10] * 3.6 == pytest.approx(60.0)
    assert crash.track.speed_mps[round(after_s * 100) + 1] * 3.6 == pytest.approx(40.0, abs=1.0)
    stands_at_s = after_s + 40 / 3.6 / (0.6 * 9.80665)
    assert crash.track.speed_mps[round((stands_at_s - 0.5) * 100)] > 1.0
    assert crash.track.speed_mps[round((stands_at_s + 0.5) * 100)] == 0.0


def test_the_whole_motion_integrates_to_a_stand() -> None:
    crash = struck(20.0, 40.0)
    change = (crash.acc_mps2 - REST_IN_CAR[:, None])[:2].sum(axis=1) / 100
    assert change == pytest.approx([-60 / 3.6, 0.0], abs=0.05)


def test_a_car_that_drives_on_keeps_its_speed_and_loses_its_slip() -> None:
    crash = struck(12.0, 90.0, stops=False)
    assert crash.track.speed_mps[-1] * 3.6 == pytest.approx(60.0, abs=0.5)
    assert crash.track.course_deg[-1] == pytest.approx(30.0, abs=0.5)
    assert crash.track.course_deg[round(crash.truth.ends_s * 100)] < 30.0 - 5


def test_clipping_is_told_by_what_the_device_would_have_read() -> None:
    pulse = ideal_pulse("haversine", 40.0, duration_s=0.08, yaw_deg=0.0)
    collision = Collision(((0.0, pulse),), friction_g=0.6, stops=True)
    for full_scale_g, clipped in ((64.0, False), (8.0, True)):
        sensor = Sensor(100.0, 42.0, full_scale_g)
        crash = strike(even_ground(), collision, 10.0, sensor, random_rotation(np.random.default_rng(1)))
        assert crash.truth.clipped is clipped


@pytest.mark.parametrize(
    ("roll_deg", "on_its_side"), [(90, True), (-90, True), (180, True), (360, False), (0, False)]
)
def test_a_rolled_car_comes_to_rest_as_far_over_as_it_turned(roll_deg: float, on_its_side: bool) -> None:
    crash = struck(20.0, 90.0, roll_deg=roll_deg, roll_s=2.0)
    assert crash.truth.rollover is on_its_side
    leans_deg = np.degrees(np.arccos(crash.acc_mps2[:, -1] @ REST_IN_CAR / np.linalg.norm(REST_IN_CAR) ** 2))
    assert leans_deg == pytest.approx(abs((roll_deg + 180) % 360 - 180), abs=2)


def test_two_pulses_are_told_as_several_and_the_truth_is_the_strongest() -> None:
    weak, strong = (ideal_pulse("haversine", size, duration_s=0.1, yaw_deg=0.0) for size in (9.0, 22.0))
    crash = strike(
        even_ground(),
        Collision(((0.0, weak), (1.5, strong)), friction_g=0.6, stops=True),
        8.0,
        SENSOR,
        np.eye(3),
    )
    assert crash.truth.multiple
    assert crash.truth.delta_v_kmh == pytest.approx(22.0)
    assert crash.truth.last_ends_s - crash.truth.ends_s == pytest.approx(1.5, abs=0.05)


def test_levelling_turns_any_mount_upright() -> None:
    motion = np.repeat(REST_IN_CAR[:, None], 50, axis=1)
    for seed in range(5):
        assert levelled(random_rotation(np.random.default_rng(seed)) @ motion) == pytest.approx(motion)
    assert levelled(-motion) == pytest.approx(motion)
