"""From a suspicion to a decision: loads the motion around a candidate, analyses it, and tells incident.

Urgent bursts are analysed as each part arrives, so an impact is decided from what is there;
later parts revise the same impact. Candidates of the screen wait for the next frame or
until they are due. Whatever a killed worker left undecided is still in `candidates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import structlog

from incident.service import Incidents, Report, hint
from ingest.envelope import ImpactPart
from ingest.fleet import SQL
from ingest.placing import Placed, moment
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.incident import Trigger
from schemas.topics import UpTopic
from scoring.analyse import Analysis, analyse
from scoring.frames import Frame, FrameError, stretch_around
from scoring.mount import Mount, learn_mount
from scoring.speed import SpeedTrack

# A part without its pulse's end is decided this long after it came, from what is there.
_DECIDE_AFTER: Final = timedelta(seconds=0.5)
# By then the last part of a burst (10 s) has come, or never will.
_BURST_OVER: Final = timedelta(seconds=15)
_BEFORE_MS: Final = 4_000
_AFTER_MS: Final = 12_000
_MOUNT_FROM: Final = timedelta(seconds=180)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Candidate:
    device_id: str
    boot_id: int
    uptime_ms: int
    lane: str
    at: datetime
    late: bool

    @property
    def key(self) -> dict[str, Any]:
        return {
            "device_id": self.device_id,
            "boot_id": self.boot_id,
            "uptime_ms": self.uptime_ms,
            "lane": self.lane,
        }

    def time_of(self, uptime_s: float) -> datetime:
        return self.at + timedelta(seconds=uptime_s - self.uptime_ms / 1000)


class Assessor:
    """Decides candidates of one lane; belongs to one worker."""

    def __init__(self, incidents: Incidents, lane: str, shards: tuple[str, ...]) -> None:
        self._incidents = incidents
        self._lane = lane
        self._shards = list(shards)
        self._log = structlog.get_logger(role="ingest", lane=lane)

    def part_arrived(self, conn: Connection, topic: UpTopic, part: ImpactPart, placed: Placed) -> None:
        """Analyse a burst anew with its newest part, inside the caller's transaction."""
        candidate = _Candidate(
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
        row = conn.execute(SQL["clock"]).fetchone()
        if row is None:
            raise AssertionError("SELECT gave no row")
        conn.execute(
            SQL["open_candidate"],
            {
                **candidate.key,
                "shard": topic.shard,
                "at": candidate.at,
                "late": candidate.late,
                "due_at": row["now"] + (_BURST_OVER if complete else _DECIDE_AFTER),
            },
        )

    def decide_due(self, conn: Connection) -> None:
        """Decide what has waited long enough. Each candidate is a transaction of its own."""
        due = conn.execute(SQL["due_candidates"], {"lane": self._lane, "shards": self._shards}).fetchall()
        for row in due:
            candidate = _Candidate(
                row["device_id"], row["boot_id"], row["uptime_ms"], row["lane"], row["at"], row["late"]
            )
            with conn.transaction():
                complete = self._assess(conn, candidate)
                waited = row["now"] - row["opened_at"]
                if complete or waited > _BURST_OVER:
                    conn.execute(SQL["close_candidate"], candidate.key)
                else:
                    conn.execute(
                        SQL["postpone_candidate"],
                        {**candidate.key, "due_at": row["now"] + timedelta(seconds=1)},
                    )
            hint(conn)

    def _assess(self, conn: Connection, candidate: _Candidate) -> bool:
        """Analyse and record; whether nothing that may still come can change the finding."""
        query = "motion_parts" if self._lane == "urgent" else "motion_frames"
        frames = self._frames(conn, candidate, query, _BEFORE_MS, _AFTER_MS)
        motion = stretch_around(frames, candidate.uptime_ms / 1000)
        if motion is None:
            return True
        speed = self._speed(conn, candidate)
        found = analyse(motion, candidate.uptime_ms / 1000, speed=speed)
        if any(analysis.severity.rank >= Severity.LIGHT.rank for analysis in found):
            mount = self._mount(conn, candidate)
            if mount is not None:
                found = analyse(motion, candidate.uptime_ms / 1000, speed=speed, mount=mount)
        for analysis in found:
            if analysis.severity is not Severity.NONE:
                self._record(conn, candidate, analysis)
        return all(analysis.final for analysis in found)

    def _frames(
        self, conn: Connection, candidate: _Candidate, query: str, before_ms: int, after_ms: int
    ) -> list[Frame]:
        window = {
            "device_id": candidate.device_id,
            "boot_id": candidate.boot_id,
            "from_ms": candidate.uptime_ms - before_ms,
            "to_ms": candidate.uptime_ms + after_ms,
            "from_at": candidate.at - timedelta(milliseconds=before_ms),
            "to_at": candidate.at + timedelta(milliseconds=after_ms),
        }
        frames: list[Frame] = []
        for row in conn.execute(SQL[query], window).fetchall():
            try:
                frames.append(Frame(key=None, **row))
            except FrameError as error:
                self._log.error("stored motion cannot be used", device=candidate.device_id, error=str(error))
        return frames

    def _speed(self, conn: Connection, candidate: _Candidate) -> SpeedTrack | None:
        return _track(self._fixes(conn, candidate, timedelta(seconds=60)))

    def _mount(self, conn: Connection, candidate: _Candidate) -> Mount | None:
        """How the device sits in the car, learnt from the minutes before."""
        track = _track(self._fixes(conn, candidate, _MOUNT_FROM))
        if track is None:
            return None
        frames = self._frames(conn, candidate, "motion_frames", round(_MOUNT_FROM / _MILLISECOND), 0)
        before = stretch_around(frames, candidate.uptime_ms / 1000 - 1.0)
        return learn_mount(before, track) if before is not None else None

    def _fixes(self, conn: Connection, candidate: _Candidate, back: timedelta) -> list[dict[str, Any]]:
        rows = conn.execute(
            SQL["fixes_around"],
            {
                "device_id": candidate.device_id,
                "boot_id": candidate.boot_id,
                "from_at": candidate.at - back,
                "to_at": candidate.at + timedelta(seconds=60),
            },
        ).fetchall()
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

    def _record(self, conn: Connection, candidate: _Candidate, analysis: Analysis) -> None:
        """Write the impact, or revise the one both lanes mean, and tell its incident."""
        uptime_ms = round(analysis.uptime_s * 1000)
        conn.execute(SQL["lock_device"], {"device_id": candidate.device_id})
        same = conn.execute(
            SQL["same_impact"],
            {"device_id": candidate.device_id, "boot_id": candidate.boot_id, "uptime_ms": uptime_ms},
        ).fetchone()
        values: dict[str, Any] = {
            "severity": analysis.severity,
            "delta_v_kmh": analysis.delta_v_kmh,
            "delta_v_is_lower_bound": analysis.delta_v_is_lower_bound,
            "pdof_deg": analysis.pdof_deg,
            "peak_g": analysis.peak_g,
            "duration_ms": analysis.duration_ms,
            "rollover": analysis.rollover,
            "multiple": analysis.multiple,
            "reasons": list(analysis.reasons),
        }
        at = candidate.time_of(analysis.uptime_s)
        if same is not None and analysis.severity.rank <= Severity(same["severity"]).rank:
            return
        if same is None:
            fixes = self._fixes(conn, candidate, timedelta(seconds=60))
            last = fixes[-1] if fixes else None
            row = conn.execute(
                SQL["store_impact"],
                {
                    **values,
                    "device_id": candidate.device_id,
                    "boot_id": candidate.boot_id,
                    "uptime_ms": uptime_ms,
                    "at": at,
                    "lat_deg": last["lat_deg"] if last else None,
                    "lon_deg": last["lon_deg"] if last else None,
                    "speed_before_kmh": analysis.speed_before_kmh,
                    "late": candidate.late,
                },
            ).fetchone()
            if row is None:
                raise AssertionError("INSERT … RETURNING gave no row")
            impact_id, incident_id = row["id"], None
            position = Position(last["lat_deg"], last["lon_deg"]) if last else None
        else:
            conn.execute(SQL["revise_impact"], {"id": same["id"], **values})
            impact_id, incident_id, position = same["id"], same["incident_id"], None
        self._log.info(
            "impact",
            device=candidate.device_id,
            severity=str(analysis.severity),
            delta_v_kmh=round(analysis.delta_v_kmh, 1),
            revised=same is not None,
        )
        if analysis.severity.rank < Severity.LIGHT.rank:
            return
        report = Report(
            device_id=candidate.device_id,
            trigger=Trigger.IMPACT,
            severity=analysis.severity,
            at=at,
            late=candidate.late,
            position=position,
            revises=incident_id is not None,
        )
        filed = self._incidents.report(conn, report)
        conn.execute(SQL["impact_belongs_to"], {"id": impact_id, "incident_id": filed.incident_id})


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
