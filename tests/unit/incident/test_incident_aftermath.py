"""Silence after a shock counts only while others are heard; a car drives on when it is elsewhere, at speed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.scene import at

from incident.escalation.aftermath import Heard, driving_on_kmh, silent_since
from schemas.impact import Position

SCENE = Position(35.2, 139.05)
AWAY = Position(35.202, 139.05)  # 222 m to the north
HEARD = Heard(
    now=at(60),
    occurred_at=at(0),
    last_at=at(59),
    gone_at=None,
    others_heard=True,
    fixes=10,
    slowest_kmh=38.0,
    place=AWAY,
    scene=SCENE,
)


def test_a_device_that_is_heard_is_not_silent() -> None:
    assert silent_since(HEARD) is None


def test_fifteen_seconds_without_a_word_are_silence() -> None:
    assert silent_since(replace(HEARD, last_at=at(44))) == at(44)
    assert silent_since(replace(HEARD, last_at=at(46))) is None


def test_who_was_never_heard_again_is_silent_since_the_shock() -> None:
    assert silent_since(replace(HEARD, last_at=None)) == at(0)
    assert silent_since(replace(HEARD, now=at(14), last_at=None)) is None


def test_what_came_before_the_shock_does_not_make_it_longer() -> None:
    assert silent_since(replace(HEARD, now=at(10), last_at=at(-8))) is None


def test_where_all_are_silent_nobody_is() -> None:
    assert silent_since(replace(HEARD, last_at=None, others_heard=False)) is None


@pytest.mark.parametrize(("gone_s", "silent"), [(54.0, True), (56.0, False)])
def test_a_connection_that_broke_is_silence_once_it_stays_away(gone_s: float, silent: bool) -> None:
    heard = replace(HEARD, last_at=at(50), gone_at=at(gone_s))
    assert (silent_since(heard) is not None) is silent


def test_a_car_that_is_elsewhere_and_fast_drives_on() -> None:
    assert driving_on_kmh(HEARD) == 38.0


@pytest.mark.parametrize(
    "change",
    [
        {"fixes": 9},
        {"slowest_kmh": 19.0},
        {"place": Position(35.2005, 139.05)},  # 56 m: rolled out
        {"place": None},
        {"scene": None},
    ],
)
def test_anything_less_is_not_driving_on(change: dict[str, object]) -> None:
    assert driving_on_kmh(replace(HEARD, **change)) is None  # type: ignore[arg-type]


def test_an_hour_is_no_different() -> None:
    later = replace(HEARD, now=HEARD.now + timedelta(hours=1), last_at=at(59))
    assert silent_since(later) == at(59)
