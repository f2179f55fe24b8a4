"""Speed lost between one fix and the next."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.speed import sudden_losses

LIMIT_KMH, WITHIN_S = 25.0, 1.6


def losses(*rows: tuple[int, float, float]) -> list[int]:
    """Of rows trip, seconds, km/h."""
    trip, at_s, kmh = (np.array(column) for column in zip(*rows, strict=True))
    found = sudden_losses(
        trip.astype(np.int64), at_s.astype(float), kmh / 3.6, lost_kmh=LIMIT_KMH, within_s=WITHIN_S
    )
    return found.tolist()


def test_the_fix_that_shows_a_loss_is_named() -> None:
    assert losses((1, 0, 60), (1, 1, 58), (1, 2, 20), (1, 3, 0)) == [2]


def test_the_fixes_of_another_trip_are_not_compared() -> None:
    assert losses((1, 0, 60), (2, 1, 20), (2, 2, 50), (3, 3, 0)) == []


@pytest.mark.parametrize(("apart_s", "found"), [(1.6, [1]), (1.7, []), (0.0, [])])
def test_fixes_too_far_apart_or_of_one_moment_tell_nothing(apart_s: float, found: list[int]) -> None:
    assert losses((1, 10, 60), (1, 10 + apart_s, 0)) == found


def test_what_brakes_can_do_and_what_is_not_told_are_no_losses() -> None:
    assert losses((1, 0, 60), (1, 1, 40), (1, 2, float("nan")), (1, 3, 0)) == []


def test_none_and_one_fix_hold_no_loss() -> None:
    none = np.zeros(0)
    assert sudden_losses(none.astype(np.int64), none, none, lost_kmh=25, within_s=1.6).size == 0
    assert losses((1, 0, 60)) == []


def test_many_trips_at_once_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(3)
    rows = [(trip, float(at), float(rng.uniform(0, 90))) for trip in range(50) for at in range(20)]
    alone = [20 * trip + index for trip in range(50) for index in losses(*rows[20 * trip : 20 * trip + 20])]
    assert len(alone) > 100
    assert losses(*rows) == alone
