"""Due timers happen once, whoever fires them, and a transaction that dies leaves nothing behind."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb
from support.insured import Insured, insured_world, snapshot

from incident.engine.engine import Engine
from incident.escalation.commands import AnswerFor, Close, SendHelp, StopHelp, Take
from incident.escalation.events import Answered
from incident.field import units
from incident.service import Incidents
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from runtime.database import Connection
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def step(world: Insured) -> int:
    return Engine(world.incidents).step(world.conn)


def ten_minutes_pass(world: Insured) -> None:
    """As if nobody had been there: the plan's steps are overdue, and the first call began as long ago."""
    world.conn.execute(
        "UPDATE timers SET due_at = due_at - interval '10 minutes' WHERE starts_with(name, 'step')"
    )
    world.conn.execute(
        """UPDATE incidents SET state = jsonb_set(state, '{driver,began_at}',
           to_jsonb((state #>> '{driver,began_at}')::timestamptz - interval '10 minutes'))"""
    )


def test_only_what_is_due_fires(world: Insured) -> None:
    incident_id = world.report(world.insure())
    assert step(world) == 0
    world.make_due(incident_id, "step:0:6")
    assert step(world) == 1
    assert world.call(incident_id, CallParty.CONTACT)["state"] == "waiting"
    assert world.rows("SELECT * FROM calls WHERE party = 'driver' AND attempt > 1") == []
    assert step(world) == 0


def test_what_is_due_together_happens_in_the_order_it_was_due(world: Insured) -> None:
    incident_id = world.report(world.insure())
    ten_minutes_pass(world)
    step(world)
    kinds = world.events(incident_id)
    assert [kind for kind in kinds if kind in ("ambulance_needed", "dispatch_requested", "call_queued")] == [
        "call_queued",
        "dispatch_requested",
        "ambulance_needed",
        "call_queued",
        "dispatch_requested",  # at 90 s once more, since nobody was found at 30 s
    ]


def test_two_engines_at_once_fire_each_timer_once(world: Insured) -> None:
    incidents = [world.report(world.insure(f"car-{n:04}")) for n in range(25)]
    ten_minutes_pass(world)
    started = threading.Barrier(3)
    failed: list[BaseException] = []

    def fire() -> None:
        try:
            with world.connection(autocommit=True) as conn:
                engine = Engine(Incidents(world.settings))
                started.wait()
                while conn.execute("SELECT 1 FROM timers WHERE due_at <= clock_timestamp()").fetchone():
                    engine.step(conn)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=fire) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    for incident_id in incidents:
        kinds = world.events(incident_id)
        assert kinds.count("ambulance_needed") == 1
        assert kinds.count("dispatch_failed") == 2
        assert kinds.count("call_queued") == 2
        assert sorted(world.state(incident_id).steps_done) == list(range(8))


def test_an_incident_somebody_else_works_on_is_passed_over(world: Insured) -> None:
    busy, free = (world.report(world.insure(f"car-000{n}")) for n in range(2))
    for incident_id in (busy, free):
        world.make_due(incident_id, "step:0:5")
    with world.connection() as other:
        other.execute("SELECT FROM incidents WHERE id = %s FOR UPDATE", [busy])
        assert step(world) == 1
        assert "ambulance_needed" in world.events(free)
        assert "ambulance_needed" not in world.events(busy)
    assert step(world) == 1
    assert "ambulance_needed" in world.events(busy)


FAULTS: dict[str, tuple[str, ...]] = {
    "a timer of no known kind": ("INSERT INTO timers VALUES (%(id)s, 'nap:1', 0, clock_timestamp())",),
    "a state that cannot be read": ("UPDATE incidents SET state = '{}' WHERE id = %(id)s",),
    "a step the plan does not have": (
        "INSERT INTO timers VALUES (%(id)s, 'step:0:99', 0, clock_timestamp())",
    ),
    "a row that is in the way": (
        """INSERT INTO calls (id, incident_id, party, attempt, number, language)
           VALUES (gen_random_uuid(), %(id)s, 'contact', 1, '+819000000009', 'ja')""",
        "UPDATE timers SET due_at = clock_timestamp() WHERE incident_id = %(id)s AND name = 'step:0:6'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_incident_that_cannot_be_worked_on_does_not_hold_up_the_others(
    world: Insured, fault: str
) -> None:
    faulty, sound = (world.report(world.insure(f"car-000{n}")) for n in range(2))
    before = world.events(faulty)
    for statement in FAULTS[fault]:
        world.conn.execute(statement, {"id": faulty})  # pyright: ignore[reportArgumentType, reportCallIssue] tests
    for incident_id in (faulty, sound):
        world.make_due(incident_id, "step:0:5")
    assert step(world) == 1
    assert "ambulance_needed" in world.events(sound)
    # Nothing of it happened, and nothing of it is lost.
    assert world.events(faulty) == before
    assert world.rows("SELECT name FROM timers WHERE incident_id = %s AND name = 'step:0:5'", faulty)


def test_a_lost_database_is_told_to_the_caller(world: Insured) -> None:
    incident_id = world.report(world.insure())
    world.make_due(incident_id, "step:0:5")
    with pytest.raises(psycopg.OperationalError, match="killed"):
        Engine(world.incidents).step(dying(world.conn, 3))
    assert "ambulance_needed" not in world.events(incident_id)


def test_speed_holds_back_what_waits_until_the_car_stands(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.LIGHT)
    world.fix("car-0001", datetime.now(UTC), speed_mps=14.0)
    world.make_due(incident_id, "step:0:0")
    step(world)
    assert world.rows("SELECT * FROM messages") == []
    assert world.rows("SELECT name FROM timers WHERE name = 'step:0:0' AND due_at > clock_timestamp()")
    world.fix("car-0001", datetime.now(UTC), speed_mps=0.3)
    world.make_due(incident_id, "step:0:0")
    step(world)
    assert [row["template"] for row in world.rows("SELECT template FROM messages")] == ["light"]


def part_of_impact(world: Insured, at: datetime, fixes: list[tuple[int, float | None]]) -> None:
    """A part of an impact's message, with (how many ms before it, speed) of each of its fixes."""
    uptime_ms = 60_000
    world.conn.execute(
        "INSERT INTO impact_parts "
        "VALUES ('car-0001', 1, %s, 1, 0, true, %s, %s, %s, %s, false, 100, 1, 1, 8, 0, '', %s)",
        [
            world.one("SELECT count(*) AS n FROM impact_parts")["n"],
            at,
            uptime_ms,
            uptime_ms,
            at,
            Jsonb([{"uptime_ms": uptime_ms - before_ms, "speed_mps": speed} for before_ms, speed in fixes]),
        ],
    )


def opened_a_while_ago(world: Insured) -> None:
    world.conn.execute(
        "UPDATE incidents SET state = state || jsonb_build_object('plan_from', now() - interval '1 minute')"
    )


def texts_after_a_look(world: Insured, incident_id: UUID) -> int:
    world.make_due(incident_id, "step:0:1")
    step(world)
    return world.one("SELECT count(*) AS n FROM messages WHERE channel = 'sms'")["n"]


def test_the_speed_that_came_with_the_impact_counts(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.LIGHT)
    opened_a_while_ago(world)
    now = datetime.now(UTC)
    part_of_impact(world, now, [(2000, 3.0), (900, 27.5), (100, None)])
    assert texts_after_a_look(world, incident_id) == 0
    world.fix("car-0001", now - timedelta(seconds=1.5), speed_mps=0.1)  # older than what the impact says
    assert texts_after_a_look(world, incident_id) == 0
    world.fix("car-0001", now, speed_mps=0.1)
    assert texts_after_a_look(world, incident_id) == 1


def test_an_old_speed_and_none_at_all_do_not_hold_a_text_for_ever(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.LIGHT)
    world.fix("car-0001", datetime.now(UTC) - timedelta(seconds=40), speed_mps=27.5)
    part_of_impact(world, datetime.now(UTC) - timedelta(seconds=40), [(100, 27.5)])
    assert texts_after_a_look(world, incident_id) == 0  # only just opened
    opened_a_while_ago(world)
    assert texts_after_a_look(world, incident_id) == 1


# Killed at every statement.


class Dying:
    """A connection that is lost before its n-th statement."""

    def __init__(self, conn: Connection, statements: int) -> None:
        self._conn, self._left = conn, statements

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        if self._left == 0:
            raise psycopg.OperationalError("killed")
        self._left -= 1
        return self._conn.execute(*args, **kwargs)

    def pipeline(self) -> AbstractContextManager[Any]:
        return self._conn.pipeline()

    def transaction(self) -> AbstractContextManager[Any]:
        return self._conn.transaction()


def dying(conn: Connection, statements: int) -> Connection:
    return cast("Connection", Dying(conn, statements))


class Clock:
    """In place of the database's clock, so that two runs can be compared."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

    def __call__(self, conn: Connection) -> datetime:
        conn.execute("SELECT clock_timestamp() AS now")  # it may die here as well
        return self.at


Deed = Callable[[Insured, Connection], object]


def change(make: Callable[[datetime], Any]) -> Deed:
    def deed(world: Insured, conn: Connection) -> None:
        incident_id = world.one("SELECT id FROM incidents")["id"]
        with conn.transaction():
            world.incidents.handle(conn, incident_id, make, actor="operator:akiko")

    return deed


def carrier(words: Callable[[Calls, Connection, UUID], object], attempt: int = 1) -> Deed:
    def deed(world: Insured, conn: Connection) -> None:
        call = world.one("SELECT id FROM calls WHERE party = 'driver' AND attempt = %s", attempt)["id"]
        with conn.transaction():
            words(Calls(world.incidents), conn, call)

    return deed


def talk(words: Callable[[Conversation, Connection, UUID], object]) -> Deed:
    def deed(world: Insured, conn: Connection) -> None:
        call = world.one("SELECT id FROM calls WHERE party = 'driver' AND attempt = 1")["id"]
        with conn.transaction():
            words(Conversation(world.settings, world.incidents, Calls(world.incidents)), conn, call)

    return deed


def unit(wanted: DispatchState, eta_s: float | None = None) -> Deed:
    def deed(world: Insured, conn: Connection) -> None:
        row = world.one("SELECT id, unit_id FROM dispatches WHERE state <> 'stood_down'")
        with conn.transaction():
            units.report(
                conn, world.incidents, row["unit_id"], row["id"], wanted, eta_s=eta_s, words="見ました"
            )

    return deed


def report(severity: Severity) -> Deed:
    return lambda world, conn: world.report(severity=severity, conn=conn)


def engine(world: Insured, conn: Connection) -> None:
    Engine(world.incidents).step(conn)


STORY: tuple[tuple[float, Deed], ...] = (
    (0, report(Severity.MODERATE)),
    (10, engine),
    (11, carrier(lambda calls, conn, call: calls.report(conn, call, "CA1", "initiated"))),
    (12, report(Severity.SEVERE)),
    (14, carrier(lambda calls, conn, call: calls.report(conn, call, "CA1", "ringing"))),
    (15, talk(lambda calls, conn, call: calls.greet(conn, call, "CA1"))),
    (35, talk(lambda calls, conn, call: calls.stay_silent(conn, call, "CA1"))),
    (43, engine),
    (50, unit(DispatchState.DECLINED)),
    (55, unit(DispatchState.ACCEPTED, eta_s=600)),
    (56, carrier(lambda calls, conn, call: calls.report(conn, call, "CA1", "completed"))),
    (73, engine),
    (74, change(lambda at: Take(at, "akiko"))),
    (80, unit(DispatchState.EN_ROUTE)),
    (90, change(lambda at: Answered(at, Answer.AMBULANCE, CallParty.DRIVER, "app"))),
    (100, change(lambda at: SendHelp(at, "akiko", DispatchKind.ROADSIDE))),
    (110, change(lambda at: StopHelp(at, "akiko", DispatchKind.GUARD))),
    (120, change(lambda at: AnswerFor(at, "akiko", Answer.FINE))),
    (130, report(Severity.LIGHT)),
    (190, engine),
    (200, change(lambda at: Close(at, "akiko", Outcome.ACCIDENT))),
)


def prepare(world: Insured) -> None:
    world.insure()
    for number in (1, 2):
        world.unit(f"guard-{number}", km_north=number)


def test_killed_at_every_statement_and_tried_again_it_ends_the_same(
    world: Insured, database_url: str, databases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("incident.service.now", clock)
    # A report carries the time of the impact, which must be the same in both runs too.
    monkeypatch.setattr("support.insured.datetime", _Fixed)
    killed = 0
    with databases.fresh() as other_url, insured_world(other_url) as undisturbed:
        for one in (world, undisturbed):
            prepare(one)
        for second, deed in STORY:
            clock.at = datetime(2026, 11, 24, 3, 0, tzinfo=UTC) + timedelta(seconds=second)
            deed(undisturbed, undisturbed.conn)
            before, after = snapshot(world), snapshot(undisturbed)
            for statements in itertools.count():
                try:
                    deed(world, dying(world.conn, statements))
                except psycopg.OperationalError:
                    killed += 1
                    # All of it or nothing; all of it where only the hint after the commit was lost.
                    assert snapshot(world) in (before, after), f"at {second} s, statement {statements}"
                else:
                    break
            assert snapshot(world) == after, f"after {second} s"
        done = world.one("SELECT id FROM incidents")["id"]
        assert world.state(done).phase is Phase.CLOSED
    assert killed > 200


class _Fixed(datetime):
    """The time of reports, for two runs that shall be the same."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2026, 11, 24, 2, 59, tzinfo=tz)


def test_settings_of_the_scale_reach_the_timers(database_url: str) -> None:
    with insured_world(database_url, time_scale=0.1) as world:
        incident_id = world.report(world.insure())
        row = world.one(
            "SELECT extract(epoch FROM t.due_at - i.opened_at)::float AS s FROM timers t "
            "JOIN incidents i ON i.id = t.incident_id WHERE i.id = %s AND name = 'step:0:7'",
            incident_id,
        )
    assert row["s"] == pytest.approx(9.0, abs=0.01)
