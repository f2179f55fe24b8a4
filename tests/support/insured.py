"""A small insured world behind the API: rows of it, and a look at what became of an incident."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import SecretStr, TypeAdapter
from support.scene import DEFAULT_PLAN_TOML

from incident.escalation.state import State
from incident.plan import store as plans
from incident.service import Incidents, Report
from runtime.database import Connection, connect
from runtime.settings import Settings
from schemas.impact import Position, Severity
from schemas.incident import CallParty, Trigger

DRIVER, CONTACT = "+819000000001", "+819000000002"
SCENE = Position(35.2324, 139.1069)
ACCOUNT_SID, AUTH_TOKEN = "AC" + "0123456789abcdef" * 2, "carrier-secret"
_STATE: TypeAdapter[State] = TypeAdapter(State)


def settings_for(**changes: Any) -> Settings:
    """Settings that do not depend on the machine."""
    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue] pydantic-settings
        **{
            "twilio_account_sid": ACCOUNT_SID,
            "twilio_auth_token": SecretStr(AUTH_TOKEN),
            "public_url": "http://127.0.0.1:1",
            "calls_per_s": 1000.0,
            "twilio_timeout_s": 2.0,
            **changes,
        },
    )


@dataclass
class Insured:
    """A migrated database with the default plan active. `conn` commits every statement by itself."""

    url: str
    conn: Connection
    settings: Settings
    incidents: Incidents

    @contextmanager
    def connection(self, *, autocommit: bool = False) -> Generator[Connection]:
        """One more connection: commits at its end unless told to commit every statement."""
        with connect(self.url, name="test", autocommit=autocommit) as conn:
            yield conn

    def insure(
        self,
        device_id: str = "car-0001",
        *,
        driver: str | None = DRIVER,
        contact: str | None = CONTACT,
        valid: tuple[date, date] = (date(2020, 4, 1), date(2099, 3, 31)),
    ) -> str:
        """A device in a car with a policy; its id."""
        holder = self.one("INSERT INTO policyholders (name) VALUES ('佐藤太郎') RETURNING id")["id"]
        if driver:
            self.conn.execute("INSERT INTO phones (holder_id, number) VALUES (%s, %s)", [holder, driver])
        if contact:
            self.conn.execute(
                "INSERT INTO emergency_contacts (holder_id, name, number) VALUES (%s, '佐藤花子', %s)",
                [holder, contact],
            )
        policy = f"P-{device_id}"
        self.conn.execute("INSERT INTO policies VALUES (%s, %s, %s, %s)", [policy, holder, *valid])
        vehicle = self.one(
            "INSERT INTO vehicles (policy_id, plate, model) VALUES (%s, '品川 300 あ 12-34', 'Prius') RETURNING id",
            policy,
        )["id"]
        self.conn.execute("INSERT INTO devices VALUES (%s, '00', %s)", [device_id, vehicle])
        return device_id

    def unit(
        self, unit_id: str, kind: str = "guard", *, km_north: float = 1.0, on_shift: bool = True
    ) -> None:
        """A unit so far from the scene."""
        self.conn.execute(
            "INSERT INTO units (id, skills, name, on_shift, lat_deg, lon_deg, base_lat_deg, base_lon_deg) "
            "VALUES (%(id)s, ARRAY[%(kind)s], %(name)s, %(on_shift)s, %(lat_deg)s, %(lon_deg)s, %(lat_deg)s, "
            "%(lon_deg)s)",
            {
                "id": unit_id,
                "kind": kind,
                "name": f"隊 {unit_id}",
                "on_shift": on_shift,
                "lat_deg": SCENE.lat_deg + km_north / 111.2,
                "lon_deg": SCENE.lon_deg,
            },
        )

    def report(
        self,
        device_id: str = "car-0001",
        severity: Severity | None = Severity.SEVERE,
        *,
        trigger: Trigger | None = None,
        position: Position | None = SCENE,
        late: bool = False,
        conn: Connection | None = None,
    ) -> UUID:
        """A press (no severity) or an impact, as ingest files it; the incident."""
        kind = trigger or (Trigger.IMPACT if severity else Trigger.LONG_PRESS)
        report = Report(device_id, kind, severity, datetime.now(UTC), late=late, position=position)
        used = conn or self.conn
        with used.transaction():
            return self.incidents.report(used, report).incident_id

    def tell(self, incident_id: UUID, make: Callable[[datetime], Any], *, actor: str = "test") -> State:
        """Let an event happen to an incident."""
        with self.conn.transaction():
            return self.incidents.handle(self.conn, incident_id, make, actor=actor)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a statement."""
        return self.conn.execute(query, values).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue] tests

    def one(self, query: str, *values: Any) -> dict[str, Any]:
        """The only row of a statement."""
        (row,) = self.rows(query, *values)
        return row

    def state(self, incident_id: UUID) -> State:
        """How an incident stands."""
        return _STATE.validate_python(
            self.one("SELECT state FROM incidents WHERE id = %s", incident_id)["state"]
        )

    def events(self, incident_id: UUID) -> list[str]:
        """Kinds of the incident's record, in order."""
        query = "SELECT kind FROM incident_events WHERE incident_id = %s ORDER BY id"
        return [row["kind"] for row in self.rows(query, incident_id)]

    def call(
        self, incident_id: UUID, party: CallParty = CallParty.DRIVER, attempt: int = 1
    ) -> dict[str, Any]:
        """A call with its outbox row: `sent` is the state of the request."""
        return self.one(
            "SELECT c.*, o.state AS sent, o.error FROM calls c JOIN outbox o ON o.id = c.id "
            "WHERE c.incident_id = %s AND c.party = %s AND c.attempt = %s",
            incident_id,
            party,
            attempt,
        )

    def make_due(self, incident_id: UUID, beginning: str = "") -> None:
        """The timers whose names begin so come due now."""
        self.conn.execute(
            "UPDATE timers SET due_at = clock_timestamp() WHERE incident_id = %s AND starts_with(name, %s)",
            [incident_id, beginning],
        )

    def run_out_leases(self) -> None:
        """As after a while: whoever was sending is thought dead, and what was put back is tried again."""
        self.conn.execute("UPDATE outbox SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")
        self.conn.execute("UPDATE outbox SET due_at = clock_timestamp() WHERE state = 'pending'")
        self.conn.execute("UPDATE carrier_health SET retry_at = NULL")

    def forget_messages(self) -> None:
        """Let nothing but calls wait in the outbox."""
        self.conn.execute("UPDATE outbox SET state = 'expired' WHERE kind IN ('push', 'sms', 'command')")

    def fix(
        self, device_id: str, at: datetime, position: Position = SCENE, *, speed_mps: float = 0.0
    ) -> None:
        """A GPS fix that was received."""
        number = self.one("SELECT count(*) AS n FROM gps_fixes")["n"]
        self.conn.execute(
            "INSERT INTO gps_fixes VALUES (%s, 1, %s, 0, %s, 0, false, %s, %s, %s, 0, 5)",
            [device_id, number, at, position.lat_deg, position.lon_deg, speed_mps],
        )


@contextmanager
def insured_world(database_url: str, **changes: Any) -> Generator[Insured]:
    """A database with the default plan."""
    settings = settings_for(database_url=SecretStr(database_url), **changes)
    incidents = Incidents(settings)
    with connect(database_url, name="test", autocommit=True) as conn:
        plans.put(conn, DEFAULT_PLAN_TOML)
        yield Insured(database_url, conn, settings, incidents)


def wait_until_blocked(world: Insured, count: int = 1, within_s: float = 10.0) -> None:
    """Wait until so many other transactions of this database wait for a lock."""
    query = (
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"
    )
    ends_at = time.monotonic() + within_s
    while world.one(query)["n"] < count:
        assert time.monotonic() < ends_at, "nobody waits for a lock"
        time.sleep(0.01)


@contextmanager
def in_background(work: Callable[[], Any]) -> Generator[Future[Any]]:
    """Run something in a thread; its result, or what it raised, at the end."""
    with ThreadPoolExecutor(1) as executor:
        yield executor.submit(work)


def snapshot(world: Insured) -> dict[str, list[dict[str, Any]]]:
    """Everything about incidents that does not depend on chance: no ids made by us, no times of the server."""
    attempt = "(SELECT party || ' ' || attempt FROM calls WHERE id = {})"
    queries = {
        "incidents": "SELECT device_id, policy_id, trigger, severity, phase, answer, outcome, taken_by, occurred_at,"
        " opened_at, closed_at, lat_deg, lon_deg, flags, generation, state FROM incidents"
        " ORDER BY opened_at, device_id",
        "events": "SELECT at, actor, kind, data FROM incident_events ORDER BY id",
        "timers": "SELECT name, generation, due_at FROM timers ORDER BY name",
        "calls": "SELECT party, attempt, number, language, state, sid, end_status, pressed, possible_duplicate,"
        " answered_at, ended_at FROM calls ORDER BY party, attempt",
        "outbox": f"SELECT kind, device_id, payload - 'call_id' AS payload, state, priority, due_at, expires_at,"
        f" {attempt.format('outbox.id')} AS call, {attempt.format('(payload ->> $$call_id$$)::uuid')} AS about"
        f" FROM outbox ORDER BY created_at",
        "messages": "SELECT channel, template, language, number, state,"
        " regexp_replace(body, '/a/[A-Za-z0-9_-]{12}', '/a/LINK') AS body FROM messages ORDER BY created_at",
        "dispatches": "SELECT kind, state, unit_id, requested_at, offered_at, accepted_at, eta_at, en_route_at,"
        " on_scene_at, secured_at, ended_at, report FROM dispatches ORDER BY requested_at, kind",
    }
    return {name: world.rows(query) for name, query in queries.items()}


def queue_call(world: Insured, incident_id: UUID, number: str, attempt: int = 1) -> UUID:
    """One more call in the outbox, to whom you like."""
    row = world.one(
        "INSERT INTO calls (id, incident_id, party, attempt, number, language) "
        "VALUES (gen_random_uuid(), %s, 'contact', %s, %s, 'ja') RETURNING id",
        incident_id,
        attempt,
        number,
    )
    world.conn.execute(
        "INSERT INTO outbox (id, incident_id, kind, payload, priority, due_at) "
        "VALUES (%s, %s, 'call', %s, 1, clock_timestamp())",
        [row["id"], incident_id, Jsonb({"ring_s": 14})],
    )
    return row["id"]
