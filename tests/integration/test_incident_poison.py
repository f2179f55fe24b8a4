"""One row that cannot be worked on: the others go on, and no process ends over it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from support.insured import DRIVER, Insured, insured_world
from support.outbox import cut, drain, quietly, refuse
from support.small_carrier import Resource, SmallCarrier, small_carrier

from incident.channels.commands import CommandPost
from incident.engine.engine import Engine


@pytest.fixture
def carrier() -> Generator[SmallCarrier]:
    with small_carrier() as made:
        yield made


@pytest.fixture
def world(database_url: str, carrier: SmallCarrier) -> Generator[Insured]:
    with insured_world(database_url, twilio_base_url=carrier.url) as made:
        yield made


def queue_sms(world: Insured, incident_id: UUID, body: str = "x", template: str = "light") -> UUID:
    message = uuid4()
    world.conn.execute(
        "INSERT INTO messages (id, incident_id, channel, template, language, number, body)"
        " VALUES (%s, %s, 'sms', %s, 'ja', %s, %s)",
        [message, incident_id, template, DRIVER, body],
    )
    world.conn.execute(
        "INSERT INTO outbox (id, incident_id, kind, payload, priority, due_at)"
        " VALUES (%s, %s, 'sms', %s, 3, clock_timestamp())",
        [message, incident_id, Jsonb({})],
    )
    return message


def sms(world: Insured, message: UUID) -> tuple[str, str]:
    row = world.one(
        "SELECT m.state, o.state AS sent FROM messages m JOIN outbox o USING (id) WHERE id = %s", message
    )
    return row["state"], row["sent"]


def test_a_call_of_an_incident_that_cannot_be_read_holds_up_no_other(
    world: Insured, carrier: SmallCarrier
) -> None:
    faulty = world.report(world.insure("car-0001", driver="+819000000011"))
    sound = world.report(world.insure("car-0002", driver="+819000000012"))
    world.forget_messages()
    world.conn.execute("UPDATE incidents SET state = '{}' WHERE id = %s", [faulty])
    drain(world)
    assert world.call(sound)["state"] == "placed"
    world.run_out_leases()
    drain(world)
    assert [made["to"] for made in carrier.calls].count("+819000000011") == 1


@pytest.mark.parametrize("answer", ["null", "[]", '"no"', "{}"])
def test_an_answer_that_makes_no_sense_is_no_answer(
    world: Insured, carrier: SmallCarrier, answer: str
) -> None:
    incident_id = world.report(world.insure())
    world.forget_messages()
    carrier.after_call, carrier.before_list = refuse(201, answer), refuse(200, answer)
    drain(world)
    assert world.call(incident_id)["sent"] in ("sending", "unknown")
    world.run_out_leases()
    drain(world)
    assert world.call(incident_id)["sent"] == "unknown"
    carrier.after_call, carrier.before_list = quietly, quietly
    world.run_out_leases()
    drain(world)
    assert (world.call(incident_id)["state"], len(carrier.calls)) == ("placed", 1)


@pytest.mark.parametrize("answer", ["null", "[]", '"no"', "{}"])
def test_an_answer_to_a_text_that_makes_no_sense_is_no_answer(
    world: Insured, carrier: SmallCarrier, answer: str
) -> None:
    """It would otherwise end the process that also places the calls, again and again."""
    incident_id = world.report(world.insure())
    world.conn.execute("UPDATE outbox SET state = 'expired'")
    message = queue_sms(world, incident_id)
    carrier.after_message = refuse(201, answer)
    drain(world)
    assert sms(world, message) == ("waiting", "unknown")
    carrier.after_message = quietly
    world.run_out_leases()
    drain(world)
    assert sms(world, message) == ("sent", "done")
    assert len(carrier.messages) == 1


def test_the_same_words_twice_are_two_messages(world: Insured, carrier: SmallCarrier) -> None:
    """The second one's answer is lost; what is found at the carrier must not be the first one."""
    incident_id = world.report(world.insure())
    world.conn.execute("UPDATE outbox SET state = 'expired'")
    queue_sms(world, incident_id)
    drain(world)
    second = queue_sms(world, incident_id)
    carrier.before_message = cut(done=False)
    drain(world)
    carrier.before_message = quietly
    world.run_out_leases()
    drain(world)
    assert sms(world, second) == ("sent", "done")
    assert len(carrier.messages) == 2


def test_a_command_that_cannot_be_put_into_words_is_given_up(
    world: Insured, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.report(world.insure())
    world.conn.execute("UPDATE outbox SET payload = %s WHERE payload ? 'signal'", [Jsonb({"sing": 1})])
    world.report(world.insure("car-0002"))
    post = CommandPost("mqtt://127.0.0.1:1")
    sent: list[str] = []
    # A broker would say no more than this; the row is what matters here.
    monkeypatch.setattr(post._client, "is_connected", lambda: True)
    monkeypatch.setattr(post._client, "publish", lambda topic, *_, **__: sent.append(topic))
    post.step(world.conn)
    assert sent == ["cb/v1/00/car-0002/down/cmd"]
    assert world.one("SELECT state FROM outbox WHERE payload ? 'sing'")["state"] == "failed"


def test_many_incidents_that_cannot_be_worked_on_do_not_fill_the_engines_batch(world: Insured) -> None:
    faulty = [world.report(world.insure(f"car-{n:04}")) for n in range(51)]
    world.conn.execute("UPDATE incidents SET state = '{}'")
    sound = world.report(world.insure("car-0999"))
    for incident_id in (*faulty, sound):
        world.make_due(incident_id, "step:0:5")
    engine = Engine(world.incidents)
    engine.step(world.conn)
    engine.step(world.conn)
    assert "ambulance_needed" in world.events(sound)


# Words that are true no longer.


def late(world: Insured, message: UUID) -> None:
    world.conn.execute(
        "UPDATE messages SET created_at = created_at - %s WHERE id = %s", [timedelta(minutes=11), message]
    )


def stood_down(world: Insured, message: UUID) -> None:
    world.conn.execute("UPDATE dispatches SET state = 'stood_down'")


@pytest.mark.parametrize(
    ("template", "happens"), [("help_late", late), ("help_late", stood_down), ("help_accepted", stood_down)]
)
def test_help_is_not_promised_once_it_does_not_come_nor_at_a_time_of_long_ago(
    world: Insured, carrier: SmallCarrier, template: str, happens: Callable[[Insured, UUID], Any]
) -> None:
    incident_id = world.report(world.insure())
    world.unit("guard-1")
    world.conn.execute("UPDATE outbox SET state = 'expired'")
    world.conn.execute(
        "INSERT INTO dispatches (incident_id, kind, state, unit_id, requested_at)"
        " VALUES (%s, 'guard', 'accepted', 'guard-1', clock_timestamp())",
        [incident_id],
    )
    promise = queue_sms(world, incident_id, template=template)
    happens(world, promise)
    drain(world)
    assert carrier.messages == []
    assert sms(world, promise) == ("failed", "expired")
    assert "effect_failed" in world.events(incident_id)


def test_help_that_comes_is_promised(world: Insured, carrier: SmallCarrier) -> None:
    incident_id = world.report(world.insure())
    world.unit("guard-1")
    world.conn.execute("UPDATE outbox SET state = 'expired'")
    world.conn.execute(
        "INSERT INTO dispatches (incident_id, kind, state, unit_id, requested_at)"
        " VALUES (%s, 'guard', 'en_route', 'guard-1', clock_timestamp())",
        [incident_id],
    )
    promise = queue_sms(world, incident_id, template="help_accepted")
    drain(world)
    assert sms(world, promise) == ("sent", "done")


# Nobody's number in logs and errors.


@pytest.mark.parametrize("number", [DRIVER, DRIVER.replace("+", "%2B")])
def test_a_persons_number_in_the_carriers_words_is_not_kept(
    world: Insured, carrier: SmallCarrier, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    incident_id = world.report(world.insure())
    world.forget_messages()

    def refuse_by_name(_: Resource) -> None:
        refuse(400, f'{{"code": 21211, "message": "{number} is not a valid number", "status": 400}}')(_)

    carrier.before_call = refuse_by_name
    drain(world)
    kept = world.call(incident_id)["error"]
    assert "HTTP 400, code 21211" in kept
    assert "9000000001" not in kept + capsys.readouterr().out
