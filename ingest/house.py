"""What the bulk lane does beside its messages: keeping evidence, learning mounts, making and dropping partitions."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import psycopg
import structlog

from ingest.assess import Assessor
from ingest.attempt import attempt
from ingest.bulk import BulkLane
from ingest.fleet import SQL
from ingest.mounts import Learner
from runtime.database import Connection
from runtime.settings import Settings

_LOOK_AGAIN_S: Final = 1.0
_LEARN_S: Final = 10.0
_TIDY_S: Final = 60.0
_REMEMBERED_BOOTS: Final = 50_000


class House:
    """Belongs to one worker; what goes wrong here is no reason not to serve.

    Its methods raise as `attempt` does when the database is lost.
    """

    def __init__(self, settings: Settings, lane: BulkLane, assessor: Assessor) -> None:
        self._settings = settings
        self._lane = lane
        self._assessor = assessor
        self._learner = Learner(settings.shards)
        self._log = structlog.get_logger(role="ingest", lane="bulk")
        self._next_look_s = self._next_lesson_s = self._next_tidying_s = 0.0

    def open(self, conn: Connection) -> None:
        """What must be done before the first message."""
        self._tidy(conn)

    def keep(self, conn: Connection) -> None:
        """Do what has come due since."""
        now_s = monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + _LOOK_AGAIN_S
            self._assessor.look_again(conn)
        if now_s >= self._next_lesson_s:
            self._next_lesson_s = now_s + _LEARN_S
            failure = attempt(conn, partial(self._learner.turn, conn))
            if failure is not None:
                self._log.error("a mount cannot be learnt", exc_info=failure)
        if now_s >= self._next_tidying_s:
            self._lane.forget(keep=_REMEMBERED_BOOTS)
            self._tidy(conn)

    def _tidy(self, conn: Connection) -> None:
        """Make the partitions of the hours to come and drop what is kept no longer."""
        self._next_tidying_s = monotonic() + _TIDY_S
        try:
            _keep_series(conn, self._settings, self._log)
        except psycopg.OperationalError:
            raise
        except psycopg.Error:
            # Rows without a partition are kept as well.
            self._log.exception("housekeeping failed")


def _keep_series(conn: Connection, settings: Settings, log: structlog.stdlib.BoundLogger) -> None:
    conn.execute(SQL["prepare_series"], {"ahead": timedelta(hours=3)})
    keeps = {
        "accel_frames": timedelta(hours=settings.frames_keep_hours),
        "gps_fixes": timedelta(days=settings.fixes_keep_days),
        "device_status": timedelta(days=settings.fixes_keep_days),
    }
    for name, keep in keeps.items():
        row = conn.execute(SQL["drop_series"], {"name": name, "keep": keep}).fetchone()
        if row is not None and row["dropped"]:
            log.info("partitions dropped", series=name, count=row["dropped"])
    conn.execute(SQL["drop_dead_letters"])
