import numpy as np
import pytest

from cli.evaluation.exposure import STEPS_KMH, added, drive_batch
from cli.evaluation.figures import OURS
from cli.evaluation.shaking import RATE_HZ, roads, shaken, upsampled
from cli.evaluation.traffic import TICK_HZ, drive
from schemas.recording import G_MPS2


def test_cars_drive_as_cars_do() -> None:
    trips = drive(np.random.default_rng(1), 200, 600.0)
    assert trips.speed_mps.min() >= 0
    assert 90 < 3.6 * trips.speed_mps.max() < 130
    assert set(trips.settings) == {"town", "country", "motorway"}
    assert trips.forward_mps2.max() < 0.45 * G_MPS2
    assert -1.05 * G_MPS2 < trips.forward_mps2.min() < -0.5 * G_MPS2
    assert 0.5 * G_MPS2 < np.abs(trips.right_mps2).max() <= 0.9 * G_MPS2
    # Hard braking is there, and rare.
    hard = np.any(trips.forward_mps2 < -0.5 * G_MPS2, axis=1).mean()
    assert 0.02 < hard < 0.5


def test_speed_is_the_sum_of_its_acceleration() -> None:
    trips = drive(np.random.default_rng(2), 20, 300.0)
    rolling = np.gradient(trips.speed_mps, axis=1) * TICK_HZ
    grade = trips.forward_mps2 - rolling
    assert np.abs(grade).max() < 0.1 * G_MPS2


def test_the_road_shakes_by_its_class_and_not_a_standing_car() -> None:
    rng = np.random.default_rng(3)
    trips = drive(rng, 8, 120.0)
    ticks = trips.ticks
    smooth, rough = (np.full((8, ticks), factor, dtype=np.float32) for factor in (0.5, 4.0))
    moving = upsampled((trips.speed_mps > 8).astype(np.float32)) == 1
    standing = upsampled((trips.speed_mps > 0.01).astype(np.float32)) == 0
    vertical = [shaken(np.random.default_rng(4), trips, road)[:, 2] for road in (smooth, rough)]
    assert vertical[1][moving].std() == pytest.approx(8 * vertical[0][moving].std(), rel=0.1)
    assert vertical[1][standing].std() < 0.1
    assert vertical[0].shape == (8, ticks * RATE_HZ // TICK_HZ)
    assert set(np.unique(np.diff(roads(rng, 4, 600), axis=1) != 0).tolist()) == {True, False}


def test_a_batch_is_the_same_again_and_adds_up() -> None:
    one, again = (drive_batch(9, 0, cars=6, trip_s=120.0) for _ in range(2))
    assert one.hours == pytest.approx(6 * 120 / 3600)
    assert (one.candidates, one.events, one.happened, one.steps) == (
        again.candidates, again.events, again.happened, again.steps,
    )  # fmt: skip
    assert one.happened
    both = added([one, drive_batch(9, 1, cars=6, trip_s=120.0)])
    assert both.hours == pytest.approx(2 * one.hours)
    assert sum(both.happened.values()) > sum(one.happened.values())
    assert len(both.steps) == len(STEPS_KMH)
    assert both.events[OURS] == len(both.false)


def test_nothing_driven_is_no_hours() -> None:
    assert added([]).hours == 0
