"""Rows that were read for one console and are good for the others."""

from __future__ import annotations

from uuid import UUID

import pytest

from api import shown
from api.shown import Shown

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def rows() -> Shown:
    """Events are known from position 10 on; both rows were read at 12."""
    made = Shown()
    made.begin(10)
    made.happened([(11, ONE), (12, OTHER)])
    made.keep({ONE: b"one", OTHER: b"other"}, position=12, at_s=100.0)
    return made


def test_what_was_read_behind_its_last_event_will_do(rows: Shown) -> None:
    assert rows.fresh([ONE, OTHER], seen=12, at_s=100.5) == {ONE: b"one", OTHER: b"other"}
    assert rows.fresh([UUID(int=3)], seen=12, at_s=100.5) == {}


def test_an_event_ends_it_for_its_own_row_only(rows: Shown) -> None:
    rows.happened([(13, ONE)])
    assert rows.fresh([ONE, OTHER], seen=13, at_s=100.5) == {OTHER: b"other"}


def test_a_reading_from_before_an_event_does_not_count_though_it_comes_later(rows: Shown) -> None:
    rows.happened([(13, ONE)])
    rows.keep({ONE: b"as it was"}, position=12, at_s=100.1)
    assert rows.fresh([ONE], seen=13, at_s=100.5) == {}
    rows.keep({ONE: b"as it is"}, position=13, at_s=100.2)
    rows.keep({ONE: b"as it was"}, position=12, at_s=100.3)
    assert rows.fresh([ONE], seen=13, at_s=100.5) == {ONE: b"as it is"}


def test_who_has_heard_of_more_than_is_known_here_is_told_nothing_old(rows: Shown) -> None:
    assert rows.fresh([ONE], seen=13, at_s=100.5) == {}


def test_it_lasts_a_second(rows: Shown) -> None:
    assert rows.fresh([ONE], seen=12, at_s=101.0) == {ONE: b"one"}
    assert rows.fresh([ONE], seen=12, at_s=101.1) == {}


def test_of_events_before_it_began_and_those_forgotten_nothing_is_assumed(
    rows: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.keep({UUID(int=3): b"early"}, position=9, at_s=100.0)
    assert rows.fresh([UUID(int=3)], seen=12, at_s=100.5) == {}
    monkeypatch.setattr(shown, "_MOST", 2)
    rows.happened([(position, UUID(int=position)) for position in range(13, 20)])
    assert rows.fresh([ONE, OTHER], seen=19, at_s=100.5) == {}
