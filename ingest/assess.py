"""From a suspicion to a decision: loads the motion around a candidate, analyses it, and tells incident.

Urgent bursts are analysed as each part arrives, so an impact is decided from what is there;
later parts revise the same impact. Candidates of the screen wait for the next frame or
until they are due. Whatever a killed worker left undecided is still in `candidates`, and what
it left incomplete in `evidence_due`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog

from incident.service import Incidents, hint
from ingest import evidence, mounts
from ingest.attempt import attempt
from ingest.driver import Driver
from ingest.envelope import ImpactPart
from ingest.fleet import SQL
from ingest.impacts import Candidate, Impacts
from ingest.placing import Placed, moment
from ingest.surroundings import fixes_in, motion_in, track_of
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.topics import UpTopic
from scoring.analyse import CONTEXT_AFTER_S, CONTEXT_BEFORE_S, Analysis, analyse
from scoring.frames import Motion, stretch_around
from scoring.reasons import Reason
from scoring.speed import SpeedTrack

# A part without its pulse's end is decided this long after it came, from what is there.
_DECIDE_AFTER: Final = timedelta(seconds=0.5)
# By then the last part of a burst (10 s) has come, or never will.
_BURST_OVER: Final = timedelta(seconds=15)
_MOTION_BEFORE: Final = timedelta(seconds=CONTEXT_BEFORE_S)
_MOTION_AFTER: Final = timedelta(seconds=CONTEXT_AFTER_S + 3)
_FIXES_FROM: Final = timedelta(seconds=60)
_FIXES_TO: Final = timedelta(seconds=60)
_LOOK_AGAIN: Final = timedelta(seconds=1)
# What fails for a reason nobody foresaw is tried again, but not for ever.
_TRY_AGAIN: Final = timedelta(seconds=10)
_GIVE_UP: Final = timedelta(hours=1)
# Presses wait while candidates are decided.
_AT_ONCE: Final = {"urgent": 10, "bulk": 100}
_LOOKS_AT_ONCE: Final = 10


class Assessor:
    """Decides candidates of one lane; belongs to one worker."""

    def __init__(self, incidents: Incidents, driver: Driver, lane: str, shards: tuple[str, ...]) -> None:
        self._impacts = Impacts(incidents, driver)
        self._lane = lane
        self._shards = list(shards)
        self._log = structlog.get_logger(role="ingest", lane=lane)

    def part_arrived(self, conn: Connection, topic: UpTopic, part: ImpactPart, placed: Placed) -> None:
        """Analyse a burst anew with its newest part, inside the caller's transaction."""
        candidate = Candidate(
            topic.device_id,
            part.stamp.boot_id,
            part.trigger_uptime_ms,
            self._lane,
            moment(part.trigger_uptime_ms, placed, part.stamp),
            part.stamp.late,
        )
        complete = self._assess(conn, candidate)
        if part.last and complete:
            conn.execute(SQL["close_candidate"], candidate.key)
            return
        conn.execute(
            SQL["open_candidate"],
            {
                **candidate.key,
                "shard": topic.shard,
                "at": candidate.at,
                "late": candidate.late,
                "wait": _BURST_OVER if complete else _DECIDE_AFTER,
            },
        )

    def decide_due(self, conn: Connection) -> None:
        """Decide what has waited long enough, each candidate in a transaction of its own.

        Raises as `attempt` does when the database is lost.
        """
        due = conn.execute(
            SQL["due_candidates"],
            {"lane": self._lane, "shards": self._shards, "most": _AT_ONCE[self._lane]},
        ).fetchall()
        for row in due:
            candidate = _candidate(row, row["lane"])
            failure = attempt(conn, partial(self._decide, conn, candidate, row["waited"]))
            if failure is not None:
                self._log.error("candidate cannot be decided", **candidate.key, exc_info=failure)
                self._settle(conn, candidate, done=row["waited"] > _GIVE_UP, wait=_TRY_AGAIN)
            hint(conn)

    def look_again(self, conn: Connection) -> None:
        """Complete the evidence of impacts whose time has come, and analyse anew what has grown.

        Raises as `attempt` does when the database is lost.
        """
        for row in evidence.due(conn, self._shards, _LOOKS_AT_ONCE):
            failure = attempt(conn, partial(self._complete, conn, row))
            if failure is not None:
                self._log.error("evidence is incomplete", impact=str(row["impact_id"]), exc_info=failure)
                evidence.looked(conn, row["impact_id"], row["looks"])
            hint(conn)

    def _complete(self, conn: Connection, row: dict[str, Any]) -> None:
        # What it may find after the first look was held back by the device: nobody is to be rung for it as for news.
        candidate = replace(_candidate(row, self._lane), late=row["late"] or row["looks"] > 0)
        conn.execute(SQL["lock_device"], {"device_id": candidate.device_id})
        if evidence.keep(conn, row["impact_id"], candidate.moment):
            self._assess(conn, candidate)
        evidence.looked(conn, row["impact_id"], row["looks"])

    def _decide(self, conn: Connection, candidate: Candidate, waited: timedelta) -> None:
        complete = self._assess(conn, candidate)
        self._settle(conn, candidate, done=complete or waited > _BURST_OVER, wait=_LOOK_AGAIN)

    @staticmethod
    def _settle(conn: Connection, candidate: Candidate, *, done: bool, wait: timedelta) -> None:
        if done:
            conn.execute(SQL["close_candidate"], candidate.key)
        else:
            conn.execute(SQL["postpone_candidate"], {**candidate.key, "wait": wait})

    def _assess(self, conn: Connection, candidate: Candidate) -> bool:
        """Analyse and record; whether nothing that may still come can change the finding."""
        # Before anything is read: of two lanes at once, the later one has seen what the earlier has.
        conn.execute(SQL["lock_device"], {"device_id": candidate.device_id})
        # A burst holds two seconds before the impact; what lay before them came in the bulk lane.
        frames = motion_in(conn, candidate.moment.window(_MOTION_BEFORE, _MOTION_AFTER))
        motion = stretch_around(frames, candidate.uptime_ms / 1000)
        if motion is None:
            return True
        fixes = fixes_in(conn, candidate.moment.window(_FIXES_FROM, _FIXES_TO))
        found = self._analyse(conn, candidate, motion, track_of(fixes))
        place = Position(fixes[-1]["lat_deg"], fixes[-1]["lon_deg"]) if fixes else None
        for analysis in found:
            self._impacts.record(conn, candidate, analysis, place)
        return all(analysis.final for analysis in found)

    @staticmethod
    def _analyse(
        conn: Connection, candidate: Candidate, motion: Motion, speed: SpeedTrack | None
    ) -> tuple[Analysis, ...]:
        """The finding, with its direction where the mount is known, or the minutes before tell it."""
        at_s = candidate.uptime_ms / 1000
        found = analyse(motion, at_s, speed=speed)
        if not any(analysis.severity.rank >= Severity.KNOCK.rank for analysis in found):
            return found
        mount = mounts.stored(conn, candidate.device_id, candidate.at)
        if mount is not None:
            found = analyse(motion, at_s, speed=speed, mount=mount)
            if not any(Reason.MOUNT_CHANGED in analysis.reasons for analysis in found):
                return found
            mounts.drop(conn, candidate.device_id)
        if any(analysis.severity.rank >= Severity.LIGHT.rank for analysis in found):
            mount = mounts.learn_before(conn, candidate.moment)
            if mount is not None:
                return analyse(motion, at_s, speed=speed, mount=mount)
        return found


def _candidate(row: dict[str, Any], lane: str) -> Candidate:
    return Candidate(row["device_id"], row["boot_id"], row["uptime_ms"], lane, row["at"], row["late"])
