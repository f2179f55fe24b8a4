"""Two engines, two dialers, a sender of texts and the API, cut into slices, on a database whose clock is set."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from pydantic import SecretStr
from support.insured import Insured, settings_for
from support.paper_carrier import PaperCarrier, through_paper
from support.promises import Facts
from support.scene import DEFAULT_PLAN_TOML
from support.servers import Databases
from support.set_clock import START, database_with_set_clock, set_clock
from support.slices import Job, Slicer

from incident import joining
from incident.channels.push import PushSender
from incident.channels.sms import SmsSender
from incident.engine.engine import Engine
from incident.plan import store as plans
from incident.record import members
from incident.service import Incidents, Report
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.voice.dialer import Dialer
from runtime.database import Connection, connect
from schemas.impact import Position, Severity
from schemas.incident import Trigger

SCENE: Final = Position(35.2324, 139.1069)
CARS: Final = ("car-0001", "car-0002")
# Each driver is the other's emergency contact: a telephone that two incidents may want to ring.
PHONES: Final = {"car-0001": "+819000000001", "car-0002": "+819000000002"}
OPERATOR, OPERATOR_PHONE = "akiko", "+815000000011"
_KEPT: Final = ("schema_migrations", "series", "escalation_plans", "moment", "carrier_health")


class EngineWorld:
    """One database for many examples; `begin` empties it."""

    def __init__(self, url: str, conn: Connection) -> None:
        self.url, self.conn = url, conn
        self.settings = settings_for(
            database_url=SecretStr(url), calls_per_s=1e9, twilio_base_url="http://carrier.invalid", amd=False
        )
        self.incidents = Incidents(self.settings)
        self.calls = Calls(self.incidents)
        self.talk = Conversation(self.settings, self.incidents, self.calls)
        self.insured = Insured(url, conn, self.settings, self.incidents)
        plans.put(conn, DEFAULT_PLAN_TOML)
        tables = (
            "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL (%s)"
        )
        found = conn.execute(tables, [list(_KEPT)]).fetchall()
        # Without their triggers, of which one forbids just this; to truncate so many tables takes far longer.
        self._empty = "".join(f"DELETE FROM {row['name']};" for row in found)
        self.carrier = PaperCarrier()
        self.now_s = 0.0

    def begin(self, *, operator: bool, units: int) -> None:
        """A new world at START: two cars, perhaps an operator, so many guards."""
        self.conn.execute("SET session_replication_role = replica")
        self.conn.execute(self._empty)  # pyright: ignore[reportArgumentType] names of tables
        self.conn.execute("SET session_replication_role = origin")
        self.conn.execute(
            "UPDATE carrier_health SET succeeded_at = NULL, failing_since = NULL, failures = 0, retry_at = NULL,"
            " down_since = NULL, error = NULL"
        )
        self.set_clock(0.0)
        self.carrier = PaperCarrier()
        self._twilio = through_paper(self.settings, self.carrier)
        for car, other in zip(CARS, reversed(CARS), strict=True):
            self.insured.insure(car, driver=PHONES[car], contact=PHONES[other])
        if operator:
            members.sign_in(self.conn, OPERATOR, OPERATOR_PHONE)
        for number in range(units):
            self.insured.unit(f"guard-{number}", km_north=1.0 + number)

    def set_clock(self, seconds: float) -> None:
        self.now_s = seconds
        set_clock(self.conn, seconds)  # pyright: ignore[reportArgumentType] rows of any kind
        self.carrier_time()

    def carrier_time(self) -> None:
        self.carrier.pass_time(self.now_s)

    # Pieces of work, as a process of its own does them.

    def engine(self, conn: Connection) -> Any:
        return Engine(self.incidents).step(conn)

    def dialer(self, conn: Connection) -> Any:
        return Dialer(self.settings, self.incidents, self._twilio).step(conn)

    def texts(self, conn: Connection) -> Any:
        asked = SmsSender(self.settings, self.incidents, self._twilio).step(conn)
        return PushSender(self.incidents, None).step(conn) or asked

    def report(
        self, car: str, trigger: Trigger, severity: Severity | None, *, late: bool, revises: bool
    ) -> Callable[[Connection], Any]:
        """What ingest does with a press or an impact."""
        at = START + timedelta(seconds=self.now_s)
        report = Report(car, trigger, severity, at, late=late, position=SCENE, revises=revises)
        return _in_transaction(lambda conn: self.incidents.report(conn, report))

    def status(self, call_id: UUID, sid: str, status: str) -> Callable[[Connection], Any]:
        """What the API does with a webhook about a call."""
        return _in_transaction(lambda conn: self.calls.report(conn, call_id, sid, status))

    def hook(self, what: str, call_id: UUID, sid: str, *more: Any) -> Callable[[Connection], Any]:
        """What the API does with a webhook that asks for words, by the name of its method."""
        return _in_transaction(lambda conn: getattr(self.talk, what)(conn, call_id, sid, *more))

    def happens(
        self, incident_id: UUID, make: Callable[[Any], Any], actor: str
    ) -> Callable[[Connection], Any]:
        """What the API does with a word of the app or an operator's command."""
        return _in_transaction(lambda conn: self.incidents.handle(conn, incident_id, make, actor=actor))

    def reopens(self, incident_id: UUID) -> Callable[[Connection], Any]:
        """What the API does when an operator takes a closed incident up again."""
        return _in_transaction(
            lambda conn: joining.reopen(
                conn, self.incidents, incident_id, operator=OPERATOR, note_id=UUID(int=1)
            )
        )

    # What anybody can see.

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return self.insured.rows(query, *values)

    def every_incident(self) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT i.id, i.device_id, i.phase, i.taken_by, i.answer,"
            " (SELECT count(*) FROM timers t WHERE t.incident_id = i.id) AS timers,"
            " (SELECT count(*) FROM calls c WHERE c.incident_id = i.id AND c.state <> 'ended') AS live"
            " FROM incidents i"
        )

    def every_call(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM calls")

    def every_effect(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM outbox")

    def facts(self) -> dict[UUID, Facts]:
        """Rows of every incident."""
        kinds = {
            "events": "SELECT * FROM incident_events ORDER BY id",
            "calls": "SELECT * FROM calls ORDER BY created_at",
            "messages": "SELECT * FROM messages ORDER BY created_at",
            "timers": "SELECT * FROM timers ORDER BY due_at",
        }
        kept: dict[str, dict[UUID, list[Mapping[str, Any]]]] = {name: {} for name in kinds}
        for name, query in kinds.items():
            for row in self.rows(query):
                kept[name].setdefault(row["incident_id"], []).append(row)
        found: dict[UUID, Facts] = {}
        for row in self.rows("SELECT * FROM incidents"):
            parts: dict[str, Sequence[Mapping[str, Any]]] = {n: kept[n].get(row["id"], []) for n in kinds}
            found[row["id"]] = Facts(row, **parts)
        return found

    def next_due_s(self) -> float | None:
        """When the next timer comes due."""
        (row,) = self.rows("SELECT min(due_at) AS at FROM timers")
        return None if row["at"] is None else (row["at"] - START).total_seconds()


def _in_transaction(work: Callable[[Connection], Any]) -> Callable[[Connection], Any]:
    def run(conn: Connection) -> Any:
        with conn.transaction():
            return work(conn)

    return run


class Told:
    """What the code itself logs as a fault of its own."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def __call__(self, logger: Any, method: str, event: Any) -> Any:
        if event.get("exc_info"):
            self.faults.append(f"{event['event']}: {_cause()}")
        raise structlog.DropEvent


def _cause() -> str:
    return traceback.format_exc()[-1500:]


@contextmanager
def engine_world(databases: Databases) -> Generator[EngineWorld]:
    """The database, and an observer's connection to it."""
    # It warns of each connection that is cut in the middle of something, which here is what is meant to happen.
    told = logging.getLogger("psycopg")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        with database_with_set_clock(databases) as url, connect(url, name="test", autocommit=True) as conn:
            yield EngineWorld(url, conn)
    finally:
        told.setLevel(level)


__all__ = ["CARS", "OPERATOR", "PHONES", "EngineWorld", "Job", "Slicer", "Told", "engine_world"]
