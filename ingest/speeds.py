"""The screen by GPS: a speed lost at once, whatever the device's own sensor felt of it.

Remembers the last fix of each boot, so that a loss between two batches is seen. A memory is a
plain value, put in place after the commit, and may be lost: then one pair of fixes is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from ingest.fleet import Boot
from scoring.aftermath import PAIR_S, SUDDEN_KMH
from scoring.analyse import NEAR_S
from scoring.speed import sudden_losses

# Around this long before the fix that shows a loss the shock is looked for: within the three seconds before it.
_BEFORE_FIX_MS: Final = round(1000 * NEAR_S)
_REMEMBERED: Final = -1


class Told(NamedTuple):
    """What a fix told: uptime in ms, speed in m/s."""

    uptime_ms: int
    speed_mps: float


class Loss(NamedTuple):
    """Around which uptime a boot lost its speed, and which fix of the batch (its place) showed it."""

    boot: Boot
    uptime_ms: int
    place: int


class _Row(NamedTuple):
    trip: int
    uptime_ms: int
    speed_mps: float
    place: int


def screen_speeds(
    memories: Mapping[Boot, Told], fixes: Sequence[tuple[Boot, Told]]
) -> tuple[dict[Boot, Told], list[Loss]]:
    """Screen a batch of fixes of any boots, in any order; the memories that changed, and the losses."""
    boots = list(dict.fromkeys(boot for boot, _ in fixes))
    number = {boot: index for index, boot in enumerate(boots)}
    rows = [_Row(number[boot], *told, place) for place, (boot, told) in enumerate(fixes)]
    rows += [_Row(number[boot], *memories[boot], _REMEMBERED) for boot in boots if boot in memories]
    rows.sort()
    found = sudden_losses(
        np.array([row.trip for row in rows], dtype=np.int64),
        np.array([row.uptime_ms / 1000 for row in rows], dtype=np.float64),
        np.array([row.speed_mps for row in rows], dtype=np.float64),
        lost_kmh=SUDDEN_KMH,
        within_s=PAIR_S,
    )
    shown: list[_Row] = [rows[int(index)] for index in found]
    return (
        {boots[row.trip]: Told(row.uptime_ms, row.speed_mps) for row in rows},  # the last of each boot
        [
            Loss(boots[row.trip], max(0, row.uptime_ms - _BEFORE_FIX_MS), row.place)
            for row in shown
            # What only a fix out of order shows, behind which there is one already, is left alone.
            if row.place != _REMEMBERED
        ],
    )
