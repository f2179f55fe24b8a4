"""What the minutes after a shock tell: a device that falls silent, a car that drives on. Pure.

A broken device, a car in a ravine or under water sends nothing; one that follows its road as if nothing had been
has probably met a pothole. Either only weighs: nothing here ends an incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from incident.places.sphere import distance_km
from schemas.impact import Position

WATCH: Final = timedelta(minutes=5)
"""How long after it opened an incident is watched so."""
SILENCE: Final = timedelta(seconds=15)
"""A device sends each second, and over a poor network within some seconds: this long is no delay any more (ours)."""
GONE: Final = timedelta(seconds=5)
"""The broker told at once that the connection broke; a device that lives is back within seconds (ours)."""
SETTLE: Final = timedelta(seconds=10)
"""A struck car may still roll: speeds count from here on (ours)."""
FIXES: Final = 10
"""So many fixes in a row, at 1 Hz, must show a car that drives."""
DRIVING_KMH: Final = 20.0
"""Faster than a damaged car is pushed or rolls out to the roadside (ours)."""
AWAY_KM: Final = 0.15


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a car since its shock. `drive` is its last fixes: how many, the slowest, where it is now."""

    now: datetime
    occurred_at: datetime
    last_at: datetime | None
    gone_at: datetime | None
    """Since when the broker says that the device is gone, without having said goodbye."""
    others_heard: bool
    fixes: int = 0
    slowest_kmh: float = 0.0
    place: Position | None = None
    scene: Position | None = None


def silent_since(heard: Heard) -> datetime | None:
    """Since when nothing is heard of the device; None while it is heard, or while nobody is."""
    if not heard.others_heard:
        return None
    last_at = heard.last_at or heard.occurred_at
    silent = heard.now - max(last_at, heard.occurred_at) > SILENCE
    gone = heard.gone_at is not None and heard.now - heard.gone_at > GONE
    return last_at if silent or gone else None


def driving_on_kmh(heard: Heard) -> float | None:
    """How fast at least the car drives on; None if it does not, or is still where it was struck."""
    if heard.fixes < FIXES or heard.slowest_kmh < DRIVING_KMH or heard.place is None or heard.scene is None:
        return None
    return heard.slowest_kmh if distance_km(heard.place, heard.scene) > AWAY_KM else None
