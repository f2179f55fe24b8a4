"""No open incident is forgotten, whatever went wrong before; and what is wrong with the system is told."""

from __future__ import annotations

import threading
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from support.backend import running_backend
from support.desk import sign_in
from support.insured import Insured, insured_world
from support.scene import DEFAULT_PLAN_TOML

from incident.__main__ import use_plan_file
from incident.engine.auditor import Alarm, Auditor, Case, trouble
from incident.engine.engine import Engine
from incident.escalation.commands import Close, SendHelp, Take
from incident.escalation.events import Answered
from incident.field import units
from incident.record import members
from runtime.database import Connection
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        sign_in(made)
        yield made


def grow_old(world: Insured) -> None:
    """As if all incidents had been open for a while."""
    world.conn.execute("UPDATE incidents SET opened_at = opened_at - interval '1 minute'")


def audit(world: Insured) -> dict[str, int]:
    return {alarm.name: alarm.many for alarm in Auditor(world.incidents).audit(world.conn)}


def lose(world: Insured, incident_id: UUID, *, timers: bool = True, calls: bool = True) -> None:
    """What a fault of ours, or a hand in the database, might take away."""
    if timers:
        world.conn.execute("DELETE FROM timers WHERE incident_id = %s", [incident_id])
    if calls:
        world.conn.execute("UPDATE calls SET state = 'ended' WHERE incident_id = %s", [incident_id])
        world.conn.execute("UPDATE outbox SET state = 'expired' WHERE incident_id = %s", [incident_id])


SOUND = Case(tasks=(), taken=False, timer=True, reminder=False, stuck=False, call=False, effect=False)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"timer": False}, "nothing_waits"),
        ({"timer": False, "call": True}, None),
        ({"timer": False, "effect": True}, None),
        ({"timer": False, "taken": True}, None),
        ({"tasks": ["take"]}, "task_without_reminder"),
        ({"tasks": ["take"], "reminder": True}, None),
        ({"tasks": ["call_back"]}, "task_without_reminder"),
        ({"tasks": ["call_back"], "taken": True}, None),
        ({"tasks": ["take"], "taken": True}, "task_without_reminder"),
        ({"stuck": True, "reminder": True}, "timer_stuck"),
        ({"closed": True, "taken": True}, None),
        ({"closed": True, "taken": True, "timer": False}, "unit_unwatched"),
    ],
)
def test_who_is_in_trouble(changes: dict[str, Any], why: str | None) -> None:
    fields = {name: getattr(SOUND, name) for name in Case.__slots__}
    assert trouble(Case(**fields | changes)) == why


def test_nothing_is_found_where_all_is_well(world: Insured) -> None:
    severities = (Severity.SEVERE, Severity.MODERATE, Severity.LIGHT, None)
    incidents = [world.report(world.insure(f"car-000{n}"), one) for n, one in enumerate(severities)]
    grow_old(world)
    assert audit(world) == {}
    world.tell(incidents[0], lambda at: Take(at, "akiko"))
    world.tell(incidents[1], lambda at: Answered(at, Answer.FINE, CallParty.DRIVER, "key"))
    world.tell(incidents[2], lambda at: Answered(at, Answer.HELP, CallParty.DRIVER, "key"))
    world.tell(incidents[3], lambda at: Close(at, "akiko", Outcome.MISTAKE))
    assert audit(world) == {}
    assert not world.rows("SELECT * FROM incident_events WHERE kind = 'auditor_alarm'")


def test_an_incident_of_which_nothing_would_come_is_brought_to_the_operators(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.MODERATE)
    lose(world, incident_id)
    grow_old(world)
    assert audit(world) == {"forgotten": 1}
    assert world.events(incident_id)[-2:] == ["auditor_alarm", "operator_alarmed"]
    assert [row["name"] for row in world.rows("SELECT name FROM timers")] == ["remind"]
    assert world.one("SELECT data FROM incident_events WHERE kind = 'auditor_alarm'")["data"] == {
        "reason": "nothing_waits"
    }
    assert audit(world) == {}
    assert world.one("SELECT forgotten FROM audits")["forgotten"] == 1


def test_a_task_nobody_would_be_reminded_of_is_one_too(world: Insured) -> None:
    incident_id = world.report(world.insure())
    world.conn.execute("DELETE FROM timers WHERE name = 'remind'")
    grow_old(world)
    assert audit(world) == {"forgotten": 1}
    assert world.events(incident_id)[-2:] == ["auditor_alarm", "operator_alarmed"]
    assert audit(world) == {}


def test_a_unit_on_the_scene_of_a_closed_incident_is_not_forgotten_either(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.unit("G-1")
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", DispatchKind.GUARD))
    dispatch = world.one("SELECT id FROM dispatches")["id"]
    for state in (DispatchState.ACCEPTED, DispatchState.ON_SCENE):
        with world.conn.transaction():
            units.report(world.conn, world.incidents, "G-1", dispatch, state)
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    world.conn.execute("UPDATE incidents SET closed_at = closed_at - interval '1 minute'")
    assert audit(world) == {}
    lose(world, incident_id)
    assert audit(world) == {"forgotten": 1}
    assert [row["name"] for row in world.rows("SELECT name FROM timers")] == ["safe:guard:G-1"]
    assert audit(world) == {}
    with world.conn.transaction():
        units.report(world.conn, world.incidents, "G-1", dispatch, DispatchState.COMPLETED)
    assert audit(world) == {}


def test_while_a_call_is_under_way_something_may_still_come(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.MODERATE)
    lose(world, incident_id, calls=False)
    world.conn.execute(
        "INSERT INTO calls (id, incident_id, party, attempt, number, language, state) "
        "VALUES (gen_random_uuid(), %s, 'driver', 1, '+819000000001', 'ja', 'ringing')",
        [incident_id],
    )
    world.conn.execute("UPDATE outbox SET state = 'done'")
    grow_old(world)
    assert audit(world) == {}
    world.conn.execute("UPDATE calls SET state = 'ended'")
    assert audit(world) == {"forgotten": 1}


@pytest.mark.parametrize("state", ["'{}'", "'[]'", 'state || \'{"rule": "no such rule"}\''])
def test_one_that_cannot_be_read_is_told_once_and_holds_up_no_other(world: Insured, state: str) -> None:
    broken, lost = (world.report(world.insure(f"car-000{n}"), Severity.MODERATE) for n in range(2))
    world.conn.execute(f"UPDATE incidents SET state = {state} WHERE id = %s", [broken])
    world.conn.execute(
        "UPDATE timers SET due_at = due_at - interval '10 minutes' WHERE incident_id = %s", [broken]
    )
    lose(world, lost)
    grow_old(world)
    for _ in range(2):
        assert Engine(world.incidents).step(world.conn) == 0
        found = audit(world)
        assert found.pop("forgotten") in (1, 2)
        assert found == {}
    assert world.events(broken).count("auditor_alarm") == 1
    assert world.events(lost)[-2:] == ["auditor_alarm", "operator_alarmed"]


def test_closed_and_fresh_incidents_are_left_alone(world: Insured) -> None:
    fresh = world.report(world.insure("car-0001"), Severity.MODERATE)
    closed = world.report(world.insure("car-0002"), Severity.MODERATE)
    world.tell(closed, lambda at: Close(at, "akiko", Outcome.MISTAKE))
    for incident_id in (fresh, closed):
        lose(world, incident_id)
    world.conn.execute(
        "UPDATE incidents SET opened_at = opened_at - interval '1 hour' WHERE id = %s", [closed]
    )
    assert audit(world) == {}
    assert world.state(closed).phase is Phase.CLOSED


FAULTS = {
    "leases": "UPDATE outbox SET state = 'sending', lease_until = clock_timestamp() - interval '5 minutes' "
    "WHERE kind = 'call'",
    "effects": "UPDATE outbox SET due_at = due_at - interval '5 minutes' WHERE kind = 'push'",
    "commands": "UPDATE outbox SET state = 'expired', attempts = 5, expires_at = clock_timestamp() - "
    "interval '1 second' WHERE kind = 'command'",
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_stuck_is_an_alarm_until_it_is_not(world: Insured, name: str) -> None:
    device = world.insure()
    world.report(device)
    world.conn.execute(
        "INSERT INTO device_presence VALUES (%s, true, 1, 1, 1000, clock_timestamp(), '1.0')", [device]
    )
    assert audit(world) == {}
    world.conn.execute(FAULTS[name])  # pyright: ignore[reportArgumentType, reportCallIssue] tests
    assert audit(world) == {name: 1}
    assert [row["name"] for row in world.rows("SELECT name FROM alarms")] == [name]
    world.conn.execute("UPDATE outbox SET state = 'done', lease_until = NULL")
    world.conn.execute("UPDATE alarms SET seen_at = seen_at - interval '1 minute'")
    assert audit(world) == {}
    assert world.rows("SELECT name FROM alarms") == []


def test_a_plan_that_cannot_be_read_is_an_alarm_while_incidents_run_by_it(world: Insured) -> None:
    auditor = Auditor(world.incidents)
    incident_id = world.report(world.insure())
    assert auditor.audit(world.conn) == []
    version = world.one(
        "INSERT INTO escalation_plans (sha256, toml, activated_at) VALUES ('x', 'rules = 5', 'epoch') "
        "RETURNING version"
    )
    assert auditor.audit(world.conn) == []
    world.conn.execute("UPDATE incidents SET plan_version = %s", [version["version"]])
    (alarm,) = auditor.audit(world.conn)
    assert (alarm.name, alarm.many) == (f"plan_{version['version']}", 1)
    assert world.state(incident_id).phase is Phase.REACHING


def test_a_desk_without_an_operator_is_an_alarm_before_anybody_needs_one(world: Insured) -> None:
    assert audit(world) == {}
    with world.conn.transaction():
        members.sign_out(world.conn, "akiko")
    assert audit(world) == {"desk": 1}
    assert [row["name"] for row in world.rows("SELECT name FROM alarms")] == ["desk"]


def test_a_clock_that_is_wrong_is_an_alarm(world: Insured, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    real = time.time
    monkeypatch.setattr("incident.engine.auditor.time.time", lambda: real() + 30)
    assert audit(world) == {"clock": 30}


def test_of_several_engines_one_looks(world: Insured) -> None:
    looked: list[int] = []

    class Counting(Auditor):
        def audit(self, conn: Connection) -> list[Alarm]:
            looked.append(1)
            return super().audit(conn)

    start = threading.Barrier(4)

    def look() -> None:
        with world.connection(autocommit=True) as conn:
            one = Counting(world.incidents)
            start.wait()
            one.step(conn)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert looked == [1]
    assert world.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") == []


@pytest.mark.parametrize("words", ["rules = 5", "[[", None])
def test_a_broken_plan_file_is_an_alarm_and_the_plan_before_stays(
    world: Insured, tmp_path: Path, words: str | None
) -> None:
    file = tmp_path / "plan.toml"
    if words is not None:
        file.write_text(words)
    before = world.one("SELECT version FROM escalation_plans")
    alarms = use_plan_file(world.conn, file)
    assert [alarm.name for alarm in alarms] == ["plan_file"]
    assert world.one("SELECT version FROM escalation_plans") == before
    Auditor(world.incidents, alarms).step(world.conn)
    assert str(file) in world.one("SELECT words FROM alarms WHERE name = 'plan_file'")["words"]
    file.write_text(DEFAULT_PLAN_TOML)
    assert use_plan_file(world.conn, file) == []


def test_new_incidents_open_by_the_built_in_plan_where_the_active_one_cannot_be_read(world: Insured) -> None:
    world.conn.execute("INSERT INTO escalation_plans (sha256, toml) VALUES ('x', 'rules = 5')")
    incident_id = world.report(world.insure())
    assert "call_queued" in world.events(incident_id)
    before, broken = world.rows("SELECT version FROM escalation_plans ORDER BY version")[:2]
    assert audit(world) == {f"plan_{broken['version']}": 0}
    assert world.one("SELECT plan_version FROM incidents")["plan_version"] == before["version"]
    assert timedelta(0) < world.one("SELECT max(due_at) - clock_timestamp() AS left FROM timers")["left"]


def test_alarms_and_the_age_of_the_last_look_are_metrics(database_url: str) -> None:
    with running_backend(database_url) as backend, insured_world(database_url) as world:

        def figures() -> dict[str, float]:
            lines = backend.client.get("/metrics").text.splitlines()
            told = [line.rpartition(" ") for line in lines if line.startswith("cbutton_")]
            return {name: float(value) for name, _, value in told}

        assert "cbutton_audit_age_seconds" not in figures()
        lose(world, world.report(world.insure(), Severity.MODERATE))
        grow_old(world)
        audit(world)
        seen = figures()
        assert seen['cbutton_alarm{name="forgotten"}'] == 1
        assert seen["cbutton_incidents_forgotten"] == 1
        assert 0 <= seen["cbutton_audit_age_seconds"] < 60
