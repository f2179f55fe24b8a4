"""How each device sits in its car: kept in the database, learnt slowly in the background.

The learner takes one device a turn, so that the lane is held up by no more than that. It reads
the last ten minutes of one that drove and whose mount is missing, poor or old. A better mount, or
one newer by a day, takes the place of the one before; one that no longer fits is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import structlog
from psycopg.types.json import Jsonb

from ingest.fleet import SQL
from ingest.surroundings import Moment, fixes_in, motion_in, track_of
from runtime.database import Connection
from scoring.frames import Motion, stretch_around, stretches
from scoring.mount import MIN_MOVING_S, MOVING_MPS, Mount, learn_mount

BEFORE_IMPACT: Final = timedelta(seconds=180)
_LEARN_FROM: Final = timedelta(minutes=10)
# Devices looked through in a turn for one to learn.
_AT_ONCE: Final = 50
GOOD: Final = 0.8
OLD: Final = timedelta(days=1)
# A poor one may be better after another stretch of road.
_POOR_FOR: Final = timedelta(minutes=10)


def stored(conn: Connection, device_id: str, at: datetime) -> Mount | None:
    """The mount of a device as it was learnt before a moment; None where there is none."""
    row = conn.execute(SQL["mount"], {"device_id": device_id, "at": at}).fetchone()
    return None if row is None else Mount.from_dict(row)


def drop(conn: Connection, device_id: str) -> None:
    """Forget a mount: the device was moved."""
    conn.execute(SQL["drop_mount"], {"device_id": device_id})


def learn_before(conn: Connection, moment: Moment) -> Mount | None:
    """The mount as the three minutes before an impact show it; None where they do not."""
    around = moment.window(BEFORE_IMPACT, timedelta())
    track = track_of(fixes_in(conn, around))
    if track is None:
        return None
    before_s = moment.uptime_ms / 1000 - 1.0
    motion = stretch_around(motion_in(conn, around), before_s)
    return None if motion is None else learn_mount(motion.window(motion.uptime_s, before_s), track)


@dataclass(frozen=True, slots=True)
class _Driver:
    """A device that drove lately, and the moment of its last fix."""

    last: Moment
    mount: Mount | None


class Learner:
    """Goes round the devices of some shards; belongs to one worker, and remembers where it stopped."""

    def __init__(self, shards: tuple[str, ...]) -> None:
        self._shards = list(shards)
        self._after = ""
        self._log = structlog.get_logger(role="ingest", lane="bulk")

    def turn(self, conn: Connection) -> None:
        """Learn the mount of the next device that needs it, if one is near. Raises psycopg errors."""
        driver = self._next(conn)
        if driver is None:
            return
        around, device_id = driver.last.window(_LEARN_FROM, timedelta()), driver.last.device_id
        motion = max(stretches(motion_in(conn, around)), key=lambda each: each.samples, default=None)
        track = track_of(fixes_in(conn, around))
        if motion is None or track is None:
            return
        learnt = learn_mount(motion, track)
        if driver.mount is not None and not driver.mount.fits(_up(motion)):
            drop(conn, device_id)
            self._log.info("device sits differently", device=device_id)
        if learnt is not None:
            values: dict[str, Any] = {**learnt.to_dict(), "rotation": Jsonb(learnt.rotation.tolist())}
            conn.execute(SQL["keep_mount"], {"device_id": device_id, "old": OLD, **values})

    def _next(self, conn: Connection) -> _Driver | None:
        rows = conn.execute(
            SQL["mounts_wanted"],
            {
                "shards": self._shards,
                "after": self._after,
                "most": _AT_ONCE,
                "good": GOOD,
                "old": OLD,
                "poor_for": _POOR_FOR,
                "back": _LEARN_FROM,
                "moving_mps": MOVING_MPS,
            },
        ).fetchall()
        for row in rows:
            self._after = row["device_id"]
            if row["moving"] is not None and row["moving"] >= MIN_MOVING_S:
                mount = Mount.from_dict(row) if row["rotation"] is not None else None
                last = Moment(row["device_id"], row["boot_id"], row["uptime_ms"], row["at"])
                return _Driver(last, mount)
        if len(rows) < _AT_ONCE:
            self._after = ""
        return None


def _up(motion: Motion) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.median(motion.acc_mps2, axis=1).astype(np.float64)
