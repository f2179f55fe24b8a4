"""Looks for incidents that nobody would come back to, and for what is wrong with the system around them.

Nothing here should ever find anything: each finding is a fault of ours, or of an operation. That is why it is told
loudly, and why the incident is brought to the operators by the shortest way there is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb

from incident import service
from incident.escalation.events import Forgotten
from incident.plan.plan import PlanError, read_plan
from incident.record.members import operators_ready
from incident.service import Incidents
from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("incident.engine", "audit.sql")
EVERY: Final = timedelta(seconds=10)
# Longer overdue than the busiest hour makes them: these timers do not fire.
_STUCK: Final = timedelta(seconds=60)
_MOST: Final = 200
_CLOCK_S: Final = 5.0
_LEASE_STUCK: Final = timedelta(minutes=2)
# An alarm that nobody has seen for so long has ended; each engine sees its own.
_KEEP: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something wrong with the system: what, how many of it, and words for whoever runs it."""

    name: str
    many: int
    words: str


@dataclass(frozen=True, slots=True)
class Case:
    """An incident, and what may still happen to it by itself. A closed one is a case while a unit is on its scene."""

    tasks: Sequence[str]
    taken: bool
    timer: bool
    reminder: bool
    stuck: bool
    call: bool
    effect: bool
    closed: bool = False


def trouble(case: Case) -> str | None:
    """Why nobody would come back to an incident; None when somebody or something will. Pure."""
    if case.stuck:
        return "timer_stuck"
    if case.closed:
        return None if case.timer else "unit_unwatched"
    if case.tasks and (not case.taken or "take" in case.tasks) and not case.reminder:
        return "task_without_reminder"
    if not (case.taken or case.timer or case.call or case.effect):
        return "nothing_waits"
    return None


class Auditor:
    """One look every ten seconds, by whichever engine is first; used by one thread with its own connection.

    standing: alarms that hold for as long as this process runs.
    """

    def __init__(self, incidents: Incidents, standing: Sequence[Alarm] = ()) -> None:
        self._incidents, self._standing = incidents, tuple(standing)
        self._log = structlog.get_logger(role="auditor")
        self._next_s = 0.0
        self._plans: dict[int, str] = {}

    def step(self, conn: Connection) -> bool:
        """Look, if it is time and nobody else does; always false. Raises psycopg.OperationalError."""
        if time.monotonic() < self._next_s:
            return False
        self._next_s = time.monotonic() + EVERY.total_seconds() / 2
        self._raise(conn, self._standing)
        locked = conn.execute(SQL["try_auditing"]).fetchone()
        if locked is None or not locked["locked"]:
            return False
        try:
            if conn.execute(SQL["audited_lately"], {"every": EVERY * 0.9}).fetchone() is None:
                self.audit(conn)
        finally:
            if not conn.closed:
                conn.execute(SQL["stop_auditing"])
        return False

    def audit(self, conn: Connection) -> list[Alarm]:
        """One look: brings forgotten incidents to the operators, and keeps table `alarms` true."""
        key = {"most": _MOST, "stuck": _STUCK}
        found = [
            (row["id"], why, row["told"])
            for row in conn.execute(SQL["suspects"], key).fetchall()
            if (why := trouble(_case(row))) is not None
        ]
        for incident_id, why, told in found:
            if not told:
                self._bring(conn, incident_id, why)
        alarms = self._wrong(conn)
        if found:
            alarms.append(
                Alarm(
                    "forgotten",
                    len(found),
                    "incidents, or units on their scene, that nothing would come of any more",
                )
            )
        self._raise(conn, alarms)
        for row in conn.execute(SQL["end_alarms"], {"keep": _KEEP}).fetchall():
            self._log.info("alarm has ended", name=row["name"])
        conn.execute(SQL["note_audit"], {"forgotten": sum(not told for _, _, told in found)})
        return alarms

    def _bring(self, conn: Connection, incident_id: UUID, why: str) -> None:
        """Alarm the operators to an incident; the record says why."""
        self._log.error("an incident was about to be forgotten", incident=str(incident_id), why=why)
        try:
            with conn.transaction():
                self._incidents.handle(conn, incident_id, lambda at: Forgotten(at, why), actor="auditor")
        except (LookupError, ValueError, TypeError, AssertionError, psycopg.Error) as fault:
            if isinstance(fault, psycopg.OperationalError):
                raise
            # It cannot be read or decided upon: then at least its record says so, and the alarm stands.
            self._log.exception("an incident cannot be worked on", incident=str(incident_id))
            with conn.transaction():
                conn.execute(
                    service.SQL["insert_event"],
                    {
                        "incident_id": incident_id,
                        "at": service.now(conn),
                        "actor": "auditor",
                        "kind": "auditor_alarm",
                        "data": Jsonb({"reason": why, "unreadable": True}),
                    },
                )
        service.hint(conn)

    def _wrong(self, conn: Connection) -> list[Alarm]:
        """What is wrong with the system at this moment."""
        row = conn.execute(SQL["figures"], {"stuck": _LEASE_STUCK}).fetchone()
        if row is None:
            raise AssertionError("SELECT gave no row")
        apart_s = abs(time.time() - row["at"].timestamp())
        counted = (
            ("leases", row["leases"], "effects whose sender is gone, and that no other has taken up"),
            ("effects", row["effects"], "texts and questions to the carrier that do not leave"),
            ("commands", row["commands"], "commands that devices on line have never acknowledged"),
        )
        alarms = [Alarm(name, many, words) for name, many, words in counted if many]
        if not operators_ready(conn):
            alarms.append(Alarm("desk", 1, "desk at which no operator is signed in with a telephone"))
        if apart_s > _CLOCK_S:
            alarms.append(
                Alarm("clock", round(apart_s), "seconds between this machine's clock and the database's")
            )
        return alarms + self._plan_alarms(conn)

    def _plan_alarms(self, conn: Connection) -> list[Alarm]:
        """Plans that cannot be read: the active one, and those that open incidents run by."""
        for row in conn.execute(SQL["plans"], {"read": list(self._plans)}).fetchall():
            try:
                read_plan(row["toml"])
                self._plans[row["version"]] = ""
            except PlanError as fault:
                self._plans[row["version"]] = str(fault)
        alarms: list[Alarm] = []
        for version, fault in self._plans.items():
            if not fault:
                continue
            row = conn.execute(SQL["use_of_plan"], {"version": version}).fetchone()
            if row is not None and (row["many"] or row["active"]):
                active = "the active one; the built-in one is used instead" if row["active"] else "not active"
                words = f"open incidents by plan {version} ({active}), which cannot be read: {fault}"
                alarms.append(Alarm(f"plan_{version}", row["many"], words))
        return alarms

    def _raise(self, conn: Connection, alarms: Sequence[Alarm]) -> None:
        """Keep alarms in their table, and log each once, when it begins."""
        for alarm in alarms:
            key: Mapping[str, Any] = {"name": alarm.name, "many": alarm.many, "words": alarm.words}
            row = conn.execute(SQL["raise_alarm"], key).fetchone()
            if row is not None and row["new"]:
                self._log.error("alarm", name=alarm.name, many=alarm.many, words=alarm.words)


def _case(row: Mapping[str, Any]) -> Case:
    tasks: Sequence[str] | None = row["tasks"]
    return Case(
        tasks=tasks or (),
        taken=row["taken_by"] is not None,
        timer=row["timer"],
        reminder=row["reminder"],
        stuck=row["stuck"],
        call=row["call"],
        effect=row["effect"],
        closed=row["phase"] == "closed",
    )
