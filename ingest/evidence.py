"""The evidence of an impact, kept for good: its motion from 10 s before to 20 s after, its fixes from 60 s before.

What is there is copied in the transaction that records or revises the impact. The rest comes
with later looks, which the database remembers: 25 s, 2 min and 1 h after an impact was recorded.
So what a device held back for up to an hour is still added; what comes later is not, unless the
screen finds the impact in it once more, which begins anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from ingest.fleet import SQL
from ingest.surroundings import Moment
from runtime.database import Connection

LOOKS: Final = (timedelta(seconds=25), timedelta(minutes=2), timedelta(hours=1))
MOTION_BEFORE: Final = timedelta(seconds=10)
FIXES_BEFORE: Final = timedelta(seconds=60)
AFTER: Final = timedelta(seconds=20)


def keep(conn: Connection, impact_id: UUID, moment: Moment) -> bool:
    """Copy what has arrived of an impact's window and is not kept yet; whether there was any.

    Inside the caller's transaction; doing it twice changes nothing.
    """

    def copied(query: str, before: timedelta) -> int:
        around = moment.window(before, AFTER)
        return conn.execute(SQL[query], {"impact_id": impact_id, **around}).rowcount

    return copied("keep_frames", MOTION_BEFORE) + copied("keep_fixes", FIXES_BEFORE) > 0


def look_again(conn: Connection, impact_id: UUID, device_id: str) -> None:
    """Have an impact looked at later, unless it will be already."""
    conn.execute(SQL["look_again"], {"impact_id": impact_id, "device_id": device_id, "wait": LOOKS[0]})


def due(conn: Connection, shards: list[str], most: int) -> list[dict[str, Any]]:
    """The impacts of these shards whose next look has come."""
    return conn.execute(SQL["due_looks"], {"shards": shards, "most": most}).fetchall()


def looked(conn: Connection, impact_id: UUID, looks: int) -> None:
    """Plan the look after the one that was number `looks`, from 0; after the last there is none."""
    if looks + 1 < len(LOOKS):
        wait = LOOKS[looks + 1] - LOOKS[looks]
        conn.execute(SQL["next_look"], {"impact_id": impact_id, "wait": wait})
    else:
        conn.execute(SQL["last_look"], {"impact_id": impact_id})
