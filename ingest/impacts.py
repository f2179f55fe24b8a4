"""Impacts as rows: one for each, whichever lane found it, revised by later evidence, its severity only upwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from incident.service import Incidents, Report
from ingest import evidence
from ingest.driver import Driver
from ingest.fleet import SQL
from ingest.surroundings import Moment
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.incident import Trigger
from scoring.analyse import Analysis
from scoring.finding import DETECTOR_VERSION
from scoring.modifiers import Modifiers
from scoring.record import record_of

# Shocks of a device within a second are one impact; time zero of one and the same shock hardly moves.
_SAME_IMPACT_MS: Final = 1000
_SAME_SHOCK_MS: Final = 100


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

    @property
    def moment(self) -> Moment:
        """Where to look for what surrounds it."""
        return Moment(self.device_id, self.boot_id, self.uptime_ms, self.at)

    def time_of(self, uptime_s: float) -> datetime:
        """The wall time of another uptime of the same boot."""
        return self.at + timedelta(seconds=uptime_s - self.uptime_ms / 1000)


class Impacts:
    """Writes what was found, and tells incident of everything from light on."""

    def __init__(self, incidents: Incidents, driver: Driver) -> None:
        self._incidents = incidents
        self._driver = driver
        self._log = structlog.get_logger(role="ingest")

    def record(
        self, conn: Connection, candidate: Candidate, analysis: Analysis, place: Position | None
    ) -> None:
        """Write an impact with its evidence, or revise the one within a second of it.

        Inside the caller's transaction, which holds the device's lock since before it read what was
        analysed. `place` is the last known position. The figures are those of the latest analysis; the
        severity is the gravest there was, and a finding that is no graver only helps to place the incident.
        A shock found to be none after all takes nothing back, but says so in the impact's analysis.
        """
        uptime_ms = round(analysis.uptime_s * 1000)
        none = analysis.severity is Severity.NONE
        same = conn.execute(
            SQL["same_impact"],
            {
                "device_id": candidate.device_id,
                "boot_id": candidate.boot_id,
                "uptime_ms": uptime_ms,
                "within_ms": _SAME_SHOCK_MS if none else _SAME_IMPACT_MS,
            },
        ).fetchone()
        if same is None and none:
            return
        at = candidate.time_of(analysis.uptime_s)
        people = self._driver.known(conn, candidate.device_id, at, analysis.pdof_deg)
        figures = self._figures(analysis, place, people)
        incident_id: UUID | None = None
        if same is None:
            graver = True
            known = self._store(conn, candidate, analysis, figures)
        else:
            known, incident_id, before = same["id"], same["incident_id"], Severity(same["severity"])
            graver = analysis.severity.rank > before.rank
            if graver or analysis.final or not same["final"]:
                severity = analysis.severity if graver else before
                conn.execute(SQL["revise_impact"], {"id": known, "severity": severity} | figures)
        evidence.keep(conn, known, replace(candidate.moment, uptime_ms=uptime_ms, at=at))
        evidence.look_again(conn, known, candidate.device_id)
        if not graver:
            if incident_id is not None and place is not None:
                self._incidents.place(conn, candidate.device_id, place, at)
            return
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
            revises=incident_id is not None,
        )
        filed = self._incidents.report(conn, report)
        conn.execute(SQL["impact_belongs_to"], {"id": known, "incident_id": filed.incident_id})

    @staticmethod
    def _store(conn: Connection, candidate: Candidate, analysis: Analysis, figures: dict[str, Any]) -> UUID:
        key = {
            "device_id": candidate.device_id,
            "boot_id": candidate.boot_id,
            "uptime_ms": round(analysis.uptime_s * 1000),
            "at": candidate.time_of(analysis.uptime_s),
            "late": candidate.late,
            "severity": analysis.severity,
        }
        row = conn.execute(SQL["store_impact"], key | figures).fetchone()
        if row is None:
            raise AssertionError("RETURNING gave no row")
        return row["id"]

    def _figures(self, analysis: Analysis, place: Position | None, people: Modifiers) -> dict[str, Any]:
        return {
            "delta_v_kmh": analysis.delta_v_kmh,
            "delta_v_is_lower_bound": analysis.delta_v_is_lower_bound,
            "pdof_deg": analysis.pdof_deg,
            "peak_g": analysis.peak_g,
            "duration_ms": analysis.duration_ms,
            "rollover": analysis.rollover,
            "multiple": analysis.multiple,
            "parked": analysis.parked,
            "reasons": list(analysis.reasons),
            "lat_deg": place.lat_deg if place else None,
            "lon_deg": place.lon_deg if place else None,
            "speed_before_kmh": analysis.speed_before_kmh,
            "detector": DETECTOR_VERSION,
            "analysis": self._record(analysis, people),
        }

    def _record(self, analysis: Analysis, people: Modifiers) -> Jsonb | None:
        """The finding whole; None where it cannot be written: that must not keep help from a crash."""
        try:
            record = record_of(analysis, people)
            json.dumps(record, allow_nan=False)
        except (ValueError, TypeError, ArithmeticError, LookupError):
            self._log.exception("finding cannot be kept whole")
            return None
        return Jsonb(record)
