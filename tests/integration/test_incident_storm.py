"""Many calls at once: the gravest leaves first, one person is rung once at a time, nobody is forgotten."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any
from uuid import UUID

import pytest
from support.insured import Insured, insured_world
from support.outbox import drain, fine, fire, sender, webhook
from support.small_carrier import SmallCarrier, small_carrier

from incident.escalation.urgency import Urgency
from incident.voice.dialer import SQL
from schemas.impact import Severity
from schemas.incident import Trigger

CLAIM = {"gap": "0 s", "lease": "60 s", "longest_ring": "60 s", "longest_talk": "600 s"}


@pytest.fixture
def carrier() -> Generator[SmallCarrier]:
    with small_carrier() as made:
        yield made


@pytest.fixture
def world(database_url: str, carrier: SmallCarrier) -> Generator[Insured]:
    with insured_world(database_url, twilio_base_url=carrier.url) as made:
        yield made


def crash(world: Insured, number: int, severity: Severity = Severity.SEVERE) -> UUID:
    """An impact of a car of its own; its driver's number ends in `number`."""
    device = world.insure(f"car-{number:05}", driver=f"+8190{number:08}", contact=None)
    return world.report(device, severity)


def let_step_happen(world: Insured, incident_id: UUID) -> None:
    """Whatever the plan has for later comes due now."""
    fire(world, incident_id, "step:")


def waiting_calls(world: Insured, count: int, urgency: Urgency) -> None:
    """So many calls of one incident that wait, each to another number."""
    incident_id = crash(world, 99_999, Severity.LIGHT)
    world.conn.execute(
        "WITH made AS (INSERT INTO calls (id, incident_id, party, attempt, number, language) "
        "SELECT gen_random_uuid(), %s, 'contact', n, '+8180' || lpad(n::text, 8, '0'), 'ja' "
        "FROM generate_series(1, %s) n RETURNING id, incident_id, attempt) "
        "INSERT INTO outbox (id, incident_id, kind, payload, priority, due_at) "
        "SELECT id, incident_id, 'call', '{\"ring_s\": 14}', %s, "
        "clock_timestamp() - interval '1 hour' + attempt * interval '1 second' FROM made",
        [incident_id, count, urgency],
    )


def numbers(carrier: SmallCarrier) -> list[str]:
    return [made["to"] for made in carrier.calls]


# Order.


def test_a_severe_crash_is_next_while_a_hundred_minor_calls_wait(
    world: Insured, carrier: SmallCarrier
) -> None:
    waiting_calls(world, 100, Urgency.MINOR)
    one = sender(world)
    assert one.dialer.step(world.conn)
    crash(world, 1)
    world.forget_messages()
    assert one.dialer.step(world.conn)
    assert one.dialer.step(world.conn)
    assert numbers(carrier) == ["+818000000001", "+819000000001", "+818000000002"]


def test_calls_leave_by_urgency_and_then_by_how_long_they_are_due(
    world: Insured, carrier: SmallCarrier
) -> None:
    trouble = world.insure("car-00009", driver="+819000000009", contact=None)
    early = world.report(trouble, None, trigger=Trigger.SHORT_PRESS)
    let_step_happen(world, early)
    moderate = crash(world, 1, Severity.MODERATE)
    let_step_happen(world, moderate)
    crash(world, 2)
    crash(world, 3, Severity.VERY_SEVERE)
    drain(world, sender(world))
    assert numbers(carrier) == ["+819000000002", "+819000000003", "+819000000001", "+819000000009"]
    rows = world.rows("SELECT priority FROM outbox WHERE kind = 'call' ORDER BY priority")
    assert [row["priority"] for row in rows] == [
        Urgency.SEVERE_FIRST,
        Urgency.SEVERE_FIRST,
        Urgency.MODERATE_FIRST,
        Urgency.MINOR,
    ]


def test_a_call_that_waits_becomes_as_urgent_as_its_incident(world: Insured, carrier: SmallCarrier) -> None:
    first = crash(world, 1, Severity.MODERATE)
    second = crash(world, 2, Severity.MODERATE)
    let_step_happen(world, first)
    let_step_happen(world, second)
    world.report("car-00002", Severity.SEVERE)
    drain(world, sender(world))
    assert numbers(carrier)[0] == "+819000000002"
    assert len(numbers(carrier)) == 2


def test_who_has_answered_meanwhile_is_not_rung(world: Insured, carrier: SmallCarrier) -> None:
    incidents = [crash(world, number) for number in range(1, 6)]
    for incident_id in incidents[1:]:
        world.tell(incident_id, fine)
    world.forget_messages()
    drain(world)
    assert numbers(carrier) == ["+819000000001"]


# One person.


def test_a_person_is_rung_once_at_a_time_whatever_it_is_about(world: Insured, carrier: SmallCarrier) -> None:
    world.report(world.insure("car-00001", driver="+819000000001", contact=None))
    world.report(world.insure("car-00002", driver="+819000000001", contact=None))
    world.report(world.insure("car-00003", driver="+819000000003", contact=None))
    world.forget_messages()
    one = sender(world)
    drain(world, one)
    assert numbers(carrier) == ["+819000000001", "+819000000003"]  # the second waits, the third does not
    for status in ("ringing", "in-progress"):
        webhook(world, carrier.calls[0], status)
        drain(world, one)
        assert len(carrier.calls) == 2
    webhook(world, carrier.calls[0], "completed")
    drain(world, one)
    assert numbers(carrier)[2:] == ["+819000000001"]


@pytest.mark.parametrize(("state", "column"), [("ringing", "sent_at"), ("answered", "answered_at")])
def test_a_call_nobody_heard_the_end_of_holds_a_number_back_for_a_while_only(
    world: Insured, carrier: SmallCarrier, state: str, column: str
) -> None:
    world.report(world.insure("car-00001", driver="+819000000001", contact=None))
    world.report(world.insure("car-00002", driver="+819000000001", contact=None))
    world.forget_messages()
    drain(world)
    webhook(world, carrier.calls[0], "ringing" if state == "ringing" else "in-progress")
    world.conn.execute(
        f"UPDATE calls SET {column} = {column} - interval '11 minutes' WHERE state = %s",  # pyright: ignore[reportArgumentType]
        [state],
    )
    drain(world)
    assert numbers(carrier) == ["+819000000001"] * 2


# Size.


def test_the_next_of_a_thousand_calls_is_found_by_an_index(world: Insured) -> None:
    waiting_calls(world, 1000, Urgency.MINOR)
    world.conn.execute("ANALYZE")
    with world.conn.transaction():
        row = world.conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {SQL['claim_call']}", CLAIM).fetchone()  # pyright: ignore[reportArgumentType]
    assert row is not None
    explained = json.dumps(row["QUERY PLAN"])
    assert "outbox_calls_waiting" in explained
    assert _rows_looked_at(row["QUERY PLAN"][0]["Plan"], "outbox_calls_waiting") <= 2


def _rows_looked_at(plan: dict[str, Any], index: str) -> float:
    found = plan["Actual Rows"] if plan.get("Index Name") == index else 0
    return found + sum(_rows_looked_at(below, index) for below in plan.get("Plans", []))
