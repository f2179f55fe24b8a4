"""Speed lost between batches of fixes, whatever their order."""

from __future__ import annotations

from itertools import pairwise

from ingest.fleet import Boot
from ingest.speeds import Loss, Told, screen_speeds

ONE, OTHER = ("CB-ONE", 1), ("CB-OTHER", 1)


def fixes(boot: Boot, *told: tuple[int, float]) -> list[tuple[Boot, Told]]:
    return [(boot, Told(at_s * 1000, kmh / 3.6)) for at_s, kmh in told]


def test_a_loss_between_two_batches_is_seen() -> None:
    memories, found = screen_speeds({}, fixes(ONE, (10, 50), (11, 50)) + fixes(OTHER, (11, 30)))
    assert found == []
    again, found = screen_speeds(memories, fixes(OTHER, (12, 29)) + fixes(ONE, (12, 10), (13, 0)))
    assert found == [Loss(ONE, 10_500, 1)]
    assert again == dict(fixes(ONE, (13, 0)) + fixes(OTHER, (12, 29)))


def test_the_order_of_a_batch_does_not_matter() -> None:
    batch = fixes(ONE, (10, 50), (11, 50), (12, 10)) + fixes(OTHER, (11, 30), (12, 2))
    for turned in ([*batch[k:], *batch[:k]] for k in range(len(batch))):
        memories, found = screen_speeds({}, turned)
        assert {(loss.boot, loss.uptime_ms) for loss in found} == {(ONE, 10_500), (OTHER, 10_500)}
        assert all(turned[loss.place][1].uptime_ms == loss.uptime_ms + 1_500 for loss in found)
        assert memories == {ONE: Told(12_000, 10 / 3.6), OTHER: Told(12_000, 2 / 3.6)}


def test_however_a_trip_is_cut_the_losses_are_the_same() -> None:
    trip = fixes(ONE, *((at_s, 90 if at_s % 7 < 4 else 10) for at_s in range(40)))
    _, whole = screen_speeds({}, trip)
    assert len(whole) == 6
    for size in (1, 2, 3, 10):
        memories: dict[Boot, Told] = {}
        found: list[int] = []
        for first, after in pairwise([*range(0, 40, size), 40]):
            new, losses = screen_speeds(memories, trip[first:after])
            memories |= new
            found += [loss.uptime_ms for loss in losses]
        assert found == [loss.uptime_ms for loss in whole]


def test_a_late_batch_is_screened_by_itself_and_sets_nothing_back() -> None:
    memories = dict(fixes(ONE, (100, 50)))
    new, found = screen_speeds(memories, fixes(ONE, (50, 60), (51, 0)))
    assert found == [Loss(ONE, 49_500, 1)]
    assert new == memories


def test_nothing_gives_nothing() -> None:
    assert screen_speeds({}, []) == ({}, [])
