"""Impacts as rows: one for each, whichever lane found it, revised upwards by later evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from incident.service import Incidents, Report
from ingest.fleet import SQL
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.incident import Trigger
from scoring.analyse import Analysis


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of motion that may hold an impact; `at` is the wall time of `uptime_ms`."""

    device_id: str
    boot_id: int
    uptime_ms: int
    lane: str
    at: datetime
    late: bool

    @property
    def key(self) -> dict[str, Any]:
        """What names its row."""
        return {
            "device_id": self.device_id,
            "boot_id": self.boot_id,
            "uptime_ms": self.uptime_ms,
            "lane": self.lane,
        }

    def time_of(self, uptime_s: float) -> datetime:
        """The wall time of another uptime of the same boot."""
        return self.at + timedelta(seconds=uptime_s - self.uptime_ms / 1000)


class Impacts:
    """Writes what was found, and tells incident of everything from light on."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._log = structlog.get_logger(role="ingest")

    def record(
        self, conn: Connection, candidate: Candidate, analysis: Analysis, place: Position | None
    ) -> None:
        """Write an impact, or revise the one within a second of it; inside the caller's transaction.

        `place` is the last known position. A finding that is not graver than what is known
        only helps to place the incident.
        """
        uptime_ms = round(analysis.uptime_s * 1000)
        conn.execute(SQL["lock_device"], {"device_id": candidate.device_id})
        same = conn.execute(
            SQL["same_impact"],
            {"device_id": candidate.device_id, "boot_id": candidate.boot_id, "uptime_ms": uptime_ms},
        ).fetchone()
        at = candidate.time_of(analysis.uptime_s)
        if same is not None and analysis.severity.rank <= Severity(same["severity"]).rank:
            if analysis.final and analysis.severity == same["severity"]:
                # The class stands; figures and direction are better known now.
                self._write(conn, candidate, analysis, place, same["id"])
            if same["incident_id"] is not None and place is not None:
                self._incidents.place(conn, candidate.device_id, place, at)
            return
        impact_id = self._write(conn, candidate, analysis, place, same["id"] if same else None)
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
            position=place,
            revises=same is not None and same["incident_id"] is not None,
        )
        filed = self._incidents.report(conn, report)
        conn.execute(SQL["impact_belongs_to"], {"id": impact_id, "incident_id": filed.incident_id})

    @staticmethod
    def _write(
        conn: Connection, candidate: Candidate, analysis: Analysis, place: Position | None, known: UUID | None
    ) -> UUID:
        values: dict[str, Any] = {
            "id": known,
            "device_id": candidate.device_id,
            "boot_id": candidate.boot_id,
            "uptime_ms": round(analysis.uptime_s * 1000),
            "at": candidate.time_of(analysis.uptime_s),
            "severity": analysis.severity,
            "delta_v_kmh": analysis.delta_v_kmh,
            "delta_v_is_lower_bound": analysis.delta_v_is_lower_bound,
            "pdof_deg": analysis.pdof_deg,
            "peak_g": analysis.peak_g,
            "duration_ms": analysis.duration_ms,
            "rollover": analysis.rollover,
            "multiple": analysis.multiple,
            "reasons": list(analysis.reasons),
            "lat_deg": place.lat_deg if place else None,
            "lon_deg": place.lon_deg if place else None,
            "speed_before_kmh": analysis.speed_before_kmh,
            "late": candidate.late,
        }
        row = conn.execute(SQL["revise_impact" if known else "store_impact"], values).fetchone()
        if row is None:
            raise AssertionError("RETURNING gave no row")
        return row["id"]
