"""Where an event belongs on the server's time line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingest.envelope import Stamp
from ingest.placing import moment, place

ARRIVED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def stamp(event_ms: int = 60_000, held_ms: int = 0, wall_at: datetime | None = None) -> Stamp:
    return Stamp(1, 1, event_ms, event_ms + held_ms, wall_at)


def test_a_clock_that_agrees_is_believed() -> None:
    wall_at = ARRIVED - timedelta(seconds=0.4)
    placed = place(stamp(wall_at=wall_at), ARRIVED, None)
    assert placed.at == wall_at
    assert placed.defects == ()
    assert placed.anchor_at == wall_at - timedelta(seconds=60)


def test_a_clock_that_is_wrong_gives_way_to_the_servers_time() -> None:
    placed = place(stamp(wall_at=ARRIVED - timedelta(hours=3)), ARRIVED, None)
    assert placed.at == ARRIVED
    assert placed.defects == ("clock_implausible",)


def test_what_was_held_back_is_placed_when_it_happened() -> None:
    placed = place(stamp(held_ms=300_000), ARRIVED, None)
    assert placed.at == ARRIVED - timedelta(seconds=300)


def test_an_event_sent_again_gets_the_same_time() -> None:
    first = place(stamp(), ARRIVED, None)
    again = place(stamp(held_ms=5_000), ARRIVED + timedelta(seconds=5.7), first.anchor_at)
    assert again.at == first.at


def test_delay_on_our_side_moves_nothing_once_the_boot_is_anchored() -> None:
    anchor_at = ARRIVED - timedelta(seconds=60)
    placed = place(stamp(), ARRIVED + timedelta(hours=2), anchor_at)
    assert placed.at == ARRIVED
    assert placed.defects == ()


def test_an_uptime_that_jumps_ahead_does_not_reach_into_the_future() -> None:
    anchor_at = ARRIVED - timedelta(seconds=60)
    placed = place(stamp(event_ms=10**9), ARRIVED, anchor_at)
    assert placed.at == ARRIVED
    assert placed.defects == ("uptime_implausible",)


def test_other_moments_of_the_boot_lie_beside_a_placed_one() -> None:
    placed = place(stamp(), ARRIVED, None)
    assert moment(61_500, placed, stamp()) == placed.at + timedelta(seconds=1.5)
