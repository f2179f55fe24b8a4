"""From a suspicion to a decision: loads the motion around a candidate, analyses it, and tells incident.

Urgent bursts are analysed as each part arrives, so an impact is decided from what is there;
later parts revise the same impact. Candidates of the screen wait for the next frame or
until they are due. Whatever a killed worker left undecided is still in `candidates`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import structlog

from incident.service import Incidents, hint
from ingest.attempt import attempt
from ingest.envelope import ImpactPart
from ingest.fleet import SQL
from ingest.impacts import Candidate, Impacts
from ingest.placing import TOLERANCE, Placed, moment
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.topics import UpTopic
from scoring.analyse import CONTEXT_AFTER_S, CONTEXT_BEFORE_S, analyse
from scoring.frames import Frame, FrameError, stretch_around
from scoring.mount import Mount, learn_mount
from scoring.speed import SpeedTrack

# A part without its pulse's end is decided this long after it came, from what is there.
_DECIDE_AFTER: Final = timedelta(seconds=0.5)
# By then the last part of a burst (10 s) has come, or never will.
_BURST_OVER: Final = timedelta(seconds=15)
_BEFORE_MS: Final = round(CONTEXT_BEFORE_S * 1000)
_AFTER_MS: Final = round(CONTEXT_AFTER_S * 1000) + 3_000
_FIXES_FROM: Final = timedelta(seconds=60)
_FIXES_TO: Final = timedelta(seconds=60)
_MOUNT_FROM: Final = timedelta(seconds=180)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Of two events of a boot, one may be placed early by this much and the other late.
_CLOCKS_APART: Final = 2 * TOLERANCE
_LOOK_AGAIN: Final = timedelta(seconds=1)
# What fails for a reason nobody foresaw is tried again, but not for ever.
_TRY_AGAIN: Final = timedelta(seconds=10)
_GIVE_UP: Final = timedelta(hours=1)
# Presses wait while candidates are decided.
_AT_ONCE: Final = {"urgent": 10, "bulk": 100}


class Assessor:
    """Decides candidates of one lane; belongs to one worker."""

    def __init__(self, incidents: Incidents, lane: str, shards: tuple[str, ...]) -> None:
        self._impacts = Impacts(incidents)
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
            candidate = Candidate(
                row["device_id"], row["boot_id"], row["uptime_ms"], row["lane"], row["at"], row["late"]
            )
            failure = attempt(conn, partial(self._decide, conn, candidate, row["waited"]))
            if failure is not None:
                self._log.error("candidate cannot be decided", **candidate.key, exc_info=failure)
                self._settle(conn, candidate, done=row["waited"] > _GIVE_UP, wait=_TRY_AGAIN)
            hint(conn)

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
        # A burst holds two seconds before the impact; what lay before them came in the bulk lane.
        frames = self._frames(conn, candidate, "motion", _BEFORE_MS, _AFTER_MS)
        motion = stretch_around(frames, candidate.uptime_ms / 1000)
        if motion is None:
            return True
        speed = self._speed(conn, candidate)
        found = analyse(motion, candidate.uptime_ms / 1000, speed=speed)
        if any(analysis.severity.rank >= Severity.LIGHT.rank for analysis in found):
            mount = self._mount(conn, candidate)
            if mount is not None:
                found = analyse(motion, candidate.uptime_ms / 1000, speed=speed, mount=mount)
        impacts = [analysis for analysis in found if analysis.severity is not Severity.NONE]
        if impacts:
            fixes = self._fixes(conn, candidate, _FIXES_FROM)
            place = Position(fixes[-1]["lat_deg"], fixes[-1]["lon_deg"]) if fixes else None
            for analysis in impacts:
                self._impacts.record(conn, candidate, analysis, place)
        return all(analysis.final for analysis in found)

    def _frames(
        self, conn: Connection, candidate: Candidate, query: str, before_ms: int, after_ms: int
    ) -> list[Frame]:
        window = _window(candidate, timedelta(milliseconds=before_ms), timedelta(milliseconds=after_ms))
        frames: list[Frame] = []
        for row in conn.execute(SQL[query], window).fetchall():
            try:
                frames.append(Frame(key=None, **row))
            except FrameError as error:
                self._log.error("stored motion cannot be used", device=candidate.device_id, error=str(error))
        return frames

    def _speed(self, conn: Connection, candidate: Candidate) -> SpeedTrack | None:
        return _track(self._fixes(conn, candidate, _FIXES_FROM))

    def _mount(self, conn: Connection, candidate: Candidate) -> Mount | None:
        """How the device sits in the car, learnt from the minutes before."""
        track = _track(self._fixes(conn, candidate, _MOUNT_FROM))
        if track is None:
            return None
        frames = self._frames(conn, candidate, "motion_frames", round(_MOUNT_FROM / _MILLISECOND), 0)
        before = stretch_around(frames, candidate.uptime_ms / 1000 - 1.0)
        return learn_mount(before, track) if before is not None else None

    def _fixes(self, conn: Connection, candidate: Candidate, back: timedelta) -> list[dict[str, Any]]:
        rows = conn.execute(SQL["fixes_around"], _window(candidate, back, _FIXES_TO)).fetchall()
        if self._lane == "urgent":
            known = {row["uptime_ms"] for row in rows}
            for part in conn.execute(
                SQL["part_fixes"],
                {
                    "device_id": candidate.device_id,
                    "boot_id": candidate.boot_id,
                    "from_ms": candidate.uptime_ms - _BEFORE_MS,
                    "to_ms": candidate.uptime_ms + _AFTER_MS,
                },
            ).fetchall():
                rows.extend(fix for fix in part["fixes"] if fix["uptime_ms"] not in known)
                known.update(fix["uptime_ms"] for fix in part["fixes"])
        return sorted(rows, key=lambda row: row["uptime_ms"])


def _window(candidate: Candidate, before: timedelta, after: timedelta) -> dict[str, Any]:
    """The parameters of a look around a candidate: by uptime, and roughly by time for the partitions."""
    return {
        "device_id": candidate.device_id,
        "boot_id": candidate.boot_id,
        "from_ms": candidate.uptime_ms - before // _MILLISECOND,
        "to_ms": candidate.uptime_ms + after // _MILLISECOND,
        "from_at": candidate.at - before - _CLOCKS_APART,
        "to_at": candidate.at + after + _CLOCKS_APART,
    }


def _track(fixes: list[dict[str, Any]]) -> SpeedTrack | None:
    """The fixes as scoring takes them, each moment once; None where there are none."""
    once = {fix["uptime_ms"]: fix for fix in fixes}
    if not once:
        return None
    ordered = [once[uptime_ms] for uptime_ms in sorted(once)]
    return SpeedTrack(
        np.array([fix["uptime_ms"] / 1000 for fix in ordered], dtype=np.float64),
        np.array([fix["speed_mps"] for fix in ordered], dtype=np.float64),
        np.array([fix["heading_deg"] for fix in ordered], dtype=np.float64),
    )
