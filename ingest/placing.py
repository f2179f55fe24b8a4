"""Where on the server's time line an event of a device belongs: pure.

A device's wall clock is believed while it agrees with what its uptime says. Uptime 0 of
each boot is anchored once, at the first message heard of that boot, so that an event
without a believable clock gets the same time each time it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ingest.envelope import Stamp

TOLERANCE: Final = timedelta(seconds=120)
_SOONER: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Placed:
    """When something happened, and what was wrong with the device's own account of it."""

    at: datetime
    anchor_at: datetime
    defects: tuple[str, ...]


def place(stamp: Stamp, received_at: datetime, anchor_at: datetime | None) -> Placed:
    """Place an event.

    `anchor_at` is the anchor kept for the boot, or None if this is the first message of it;
    the result carries the anchor to keep.
    """
    defects: list[str] = []
    uptime = timedelta(milliseconds=stamp.event_uptime_ms)
    by_arrival = received_at - timedelta(milliseconds=stamp.held_ms)
    basis = by_arrival if anchor_at is None else anchor_at + uptime
    if basis > by_arrival + _SOONER:
        # The uptime has jumped: it would place the event in the future.
        defects.append("uptime_implausible")
        basis = by_arrival
    at = basis
    if stamp.wall_at is not None:
        if abs(stamp.wall_at - basis) <= TOLERANCE:
            at = stamp.wall_at
        else:
            defects.append("clock_implausible")
    return Placed(at, anchor_at if anchor_at is not None else at - uptime, tuple(defects))


def moment(uptime_ms: int, placed: Placed, stamp: Stamp) -> datetime:
    """The time of another uptime of the same boot, beside an event already placed."""
    return placed.at + timedelta(milliseconds=uptime_ms - stamp.event_uptime_ms)
