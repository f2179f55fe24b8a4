"""Learning how a device sits in its car."""

from __future__ import annotations

import numpy as np
import pytest
from support.shocks import UP_IN_CAR, driving, motion_of, turned

from scoring.frames import Motion
from scoring.mount import Mount, learn_mount
from scoring.rest import angle_deg
from scoring.speed import SpeedTrack


def trip(
    mount: np.ndarray, *, minutes: float = 4.0, force: float = 1.0, seed: int = 0, latency_s: float = 0.5
) -> tuple[Motion, SpeedTrack]:
    """Driving with some braking and turning, and GPS of it that lags and errs."""
    rng = np.random.default_rng(seed)
    n = round(6000 * minutes)
    t = np.arange(n) / 100
    ahead = force * (np.sin(2 * np.pi * t / 19) + 0.7 * np.sin(2 * np.pi * t / 7.3))
    turn = force * 0.1 * np.sin(2 * np.pi * t / 29)
    speed = 15 + np.cumsum(ahead) / 100
    car = driving(n / 100, noise_mps2=0.6, seed=seed)
    car[0] += ahead
    car[1] += speed * turn
    fix = np.arange(0, n, 100)
    track = SpeedTrack(
        100 + t[fix] + latency_s,
        speed[fix] + rng.normal(0, 0.15, fix.size),
        (350 + np.degrees(np.cumsum(turn) / 100)[fix] + rng.normal(0, 0.3, fix.size)) % 360,
    )
    return motion_of(car, mount=mount), track


@pytest.mark.parametrize("seed", range(6))
def test_any_mount_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    mount = turned((axis[0], axis[1], axis[2]), rng.uniform(0, 180))
    found = learn_mount(*trip(mount, seed=seed))
    assert found is not None
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(found.rotation) == pytest.approx(1.0)
    for index in range(3):
        assert angle_deg(found.rotation[index], mount[:, index]) < 6
    assert found.quality > 0.6
    assert found.moving_s > 200


@pytest.mark.parametrize("latency_s", [0.0, 1.0, 2.0])
def test_the_lag_of_gps_is_found_too(latency_s: float) -> None:
    mount = turned((2, 1, -1), 75)
    found = learn_mount(*trip(mount, latency_s=latency_s))
    assert found is not None
    assert angle_deg(found.rotation[0], mount[:, 0]) < 4


def test_braking_and_speeding_up_alone_teach_the_front() -> None:
    """A motorway: straight on, but not always at one speed."""
    mount = turned((2, 1, -1), 75)
    motion, track = trip(mount)
    straight = SpeedTrack(track.uptime_s, track.speed_mps, np.full_like(track.heading_deg, 80.0))
    car = mount.T @ motion.acc_mps2.astype(float)
    car[1] = np.random.default_rng(3).normal(0, 0.3, car.shape[1])
    found = learn_mount(motion_of(car, mount=mount), straight)
    assert found is not None
    assert angle_deg(found.rotation[0], mount[:, 0]) < 6


def test_too_little_is_refused() -> None:
    mount = turned((1, 0, 1), 30)
    motion, track = trip(mount)
    assert learn_mount(motion.window(100, 140), track) is None
    assert learn_mount(motion.window(0, 1), track) is None
    assert learn_mount(*trip(mount, force=0.05)) is None
    slow = SpeedTrack(track.uptime_s, track.speed_mps * 0.05, track.heading_deg)
    assert learn_mount(motion, slow) is None
    blind = SpeedTrack(track.uptime_s, track.speed_mps, np.full_like(track.heading_deg, np.nan))
    assert learn_mount(motion, blind) is None


def test_motion_that_does_not_follow_gps_is_refused() -> None:
    _, track = trip(np.eye(3))
    other, _ = trip(np.eye(3), force=0.0, seed=9)
    assert learn_mount(other, track) is None


def test_a_mount_tells_when_the_device_was_moved() -> None:
    mount = turned((1, 0, 1), 30)
    known = Mount(mount.T, 0.9, 300.0)
    assert known.fits(mount @ UP_IN_CAR)
    assert not known.fits(turned((1, 0, 0), 25) @ mount @ UP_IN_CAR)


def test_a_mount_survives_storage() -> None:
    known = Mount(turned((1, 0, 1), 30), 0.9, 300.0)
    again = Mount.from_dict(known.to_dict())
    np.testing.assert_array_equal(again.rotation, known.rotation)
    assert (again.quality, again.moving_s) == (0.9, 300.0)
    with pytest.raises(ValueError, match="no rotation"):
        Mount.from_dict({"rotation": [[1, 0, 0]] * 3, "quality": 1.0, "moving_s": 1.0})


def test_fixes_of_different_lengths_or_order_are_refused() -> None:
    three = np.arange(3.0)
    with pytest.raises(ValueError, match="three alike"):
        SpeedTrack(three, three, three[:2])
    with pytest.raises(ValueError, match="rising"):
        SpeedTrack(three[::-1], three, three)
