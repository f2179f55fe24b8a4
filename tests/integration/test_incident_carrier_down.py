"""A carrier that is away: tried with pauses, people alarmed once, and then the queue goes on as it stood."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from support.insured import Insured, insured_world, queue_call
from support.outbox import Sender, cut, drain, fire, quietly, refuse, sender
from support.small_carrier import SmallCarrier, small_carrier

from incident.channels import carrier_health
from incident.channels.carrier_health import CarrierState
from incident.escalation.commands import Close
from incident.escalation.state import Task
from schemas.impact import Severity
from schemas.incident import Outcome

NOWHERE = "http://127.0.0.1:1"
HASTE = 0.01  # the time scale under which 20 s of patience are 0.2
PATIENCE_S = 20 * HASTE


@pytest.fixture
def carrier() -> Generator[SmallCarrier]:
    with small_carrier() as made:
        yield made


@pytest.fixture
def world(database_url: str, carrier: SmallCarrier) -> Generator[Insured]:
    with insured_world(database_url, twilio_base_url=carrier.url) as made:
        yield made


def crash(world: Insured, number: int, severity: Severity = Severity.SEVERE) -> UUID:
    opened = world.report(
        world.insure(f"car-{number:05}", driver=f"+8190{number:08}", contact=None), severity
    )
    world.forget_messages()
    return opened


def look_again(world: Insured, one: Sender) -> None:
    """A second later: the pause is over, and the sender looks how the carrier does."""
    world.run_out_leases()
    one.dialer._health._looked_s = 0.0  # pyright: ignore[reportPrivateUsage]
    one.step(world.conn)


def fail_for_long(world: Insured, one: Sender) -> None:
    """Requests fail, and have done so for longer than anybody has patience for."""
    assert one.step(world.conn)
    time.sleep(PATIENCE_S + 0.05)
    look_again(world, one)


def state(world: Insured) -> CarrierState:
    return carrier_health.read(world.conn).state


def test_while_requests_fail_one_is_tried_at_a_time_with_growing_pauses(
    world: Insured, carrier: SmallCarrier
) -> None:
    for number in range(1, 4):
        crash(world, number)
    away = sender(world, twilio_base_url=NOWHERE)
    assert away.step(world.conn)
    assert state(world) is CarrierState.SLOW
    assert not away.step(world.conn)  # the pause is everybody's
    assert not sender(world).step(world.conn)
    pauses = list[float]()
    for _ in range(6):
        row = world.one(
            "SELECT extract(epoch FROM retry_at - clock_timestamp())::float AS s FROM carrier_health"
        )
        pauses.append(row["s"])
        world.run_out_leases()
        assert away.step(world.conn)
    assert pauses == pytest.approx([0.5, 1, 2, 4, 5, 5], abs=0.3)
    assert world.one("SELECT count(*) AS n FROM calls WHERE state = 'waiting'")["n"] == 3


def test_while_one_sender_tries_the_others_wait(world: Insured) -> None:
    crash(world, 1)
    crash(world, 2)
    assert sender(world, twilio_base_url=NOWHERE, time_scale=HASTE).step(world.conn)
    world.run_out_leases()
    health = sender(world).dialer._health  # pyright: ignore[reportPrivateUsage]
    assert health.may_ask(world.conn)  # and is killed before it has asked
    assert not sender(world).step(world.conn)
    world.run_out_leases()
    assert sender(world).step(world.conn)


def test_people_are_alarmed_once_for_each_severe_incident_and_outage(
    world: Insured, carrier: SmallCarrier
) -> None:
    severe, moderate = crash(world, 1), crash(world, 2, Severity.MODERATE)
    fire(world, moderate, "step:")
    world.forget_messages()
    away, another = (sender(world, twilio_base_url=NOWHERE, time_scale=HASTE) for _ in range(2))
    fail_for_long(world, away)
    assert state(world) is CarrierState.DOWN
    for _ in range(3):
        look_again(world, away)
        look_again(world, another)
    # Two engines may have found the same incident before either has written.
    another.dialer._health._alarm(world.conn, severe)  # pyright: ignore[reportPrivateUsage]
    assert world.events(severe).count("carrier_down") == 1
    assert Task.TAKE in world.state(severe).tasks
    reasons = world.rows(
        "SELECT data ->> 'reason' AS reason FROM incident_events WHERE incident_id = %s AND kind = 'operator_alarmed'",
        severe,
    )
    assert [row["reason"] for row in reasons].count("carrier_down") == 1
    assert "carrier_down" not in world.events(moderate)
    # One that happens meanwhile is told of, too.
    later = crash(world, 3)
    look_again(world, away)
    assert world.events(later).count("carrier_down") == 1


def test_a_short_trouble_alarms_nobody(world: Insured) -> None:
    severe = crash(world, 1)
    away = sender(world, twilio_base_url=NOWHERE)
    for _ in range(4):
        look_again(world, away)
    assert state(world) is CarrierState.SLOW
    assert "carrier_down" not in world.events(severe)


def test_when_it_is_back_the_queue_goes_on_by_urgency_with_all_that_is_overdue(
    world: Insured, carrier: SmallCarrier
) -> None:
    moderate = crash(world, 1, Severity.MODERATE)
    fire(world, moderate, "step:")
    world.forget_messages()
    crash(world, 2)
    away = sender(world, twilio_base_url=NOWHERE, time_scale=HASTE)
    fail_for_long(world, away)
    crash(world, 3)
    world.conn.execute("UPDATE outbox SET due_at = due_at - interval '10 minutes' WHERE kind = 'call'")
    world.conn.execute("UPDATE carrier_health SET retry_at = NULL")
    drain(world)
    assert [made["to"] for made in carrier.calls] == ["+819000000002", "+819000000003", "+819000000001"]
    assert state(world) is CarrierState.OK
    assert not world.rows("SELECT FROM calls WHERE possible_duplicate")


def test_a_second_outage_is_told_again(world: Insured, carrier: SmallCarrier) -> None:
    severe = crash(world, 1)
    away = sender(world, twilio_base_url=NOWHERE, time_scale=HASTE)
    fail_for_long(world, away)
    carrier.before_call = refuse(400)
    world.run_out_leases()
    drain(world)  # a refusal is an answer: it is back
    assert state(world) is CarrierState.OK
    carrier.before_call = quietly
    queue_call(world, severe, "+819000000077")
    fail_for_long(world, away)
    look_again(world, away)
    assert world.events(severe).count("carrier_down") == 2


@pytest.mark.parametrize("hook", [cut(done=False), refuse(503), refuse(429), refuse(401)])
def test_an_answer_that_never_comes_and_a_barred_account_are_trouble_too(
    world: Insured, carrier: SmallCarrier, hook: object
) -> None:
    severe = crash(world, 1)
    carrier.before_call = hook  # pyright: ignore[reportAttributeAccessIssue]
    carrier.before_list = hook  # pyright: ignore[reportAttributeAccessIssue]
    one = sender(world, time_scale=HASTE)
    fail_for_long(world, one)
    look_again(world, one)
    assert state(world) is CarrierState.DOWN
    assert world.events(severe).count("carrier_down") == 1


def test_texts_leave_the_trying_to_calls(world: Insured, carrier: SmallCarrier) -> None:
    light = world.report(world.insure("car-00009", driver="+819000000009"), Severity.LIGHT)
    world.fix("car-00009", datetime.now(UTC))  # it stands
    fire(world, light, "step:")
    crash_id = crash(world, 1)
    world.conn.execute("UPDATE outbox SET state = 'pending' WHERE kind = 'sms'")
    away = sender(world, twilio_base_url=NOWHERE, time_scale=HASTE)
    assert away.dialer.step(world.conn)
    world.run_out_leases()
    assert not away.sms.step(world.conn)
    world.tell(crash_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    world.run_out_leases()
    assert away.sms.step(world.conn)  # no call waits any more
