"""Those who meet at the same rows wait for each other at most: nobody stands in a circle."""

from __future__ import annotations

from collections.abc import Generator
from uuid import uuid4

import pytest
from support.insured import DRIVER, Insured, in_background, insured_world, wait_until_blocked
from support.outbox import sender
from support.small_carrier import SmallCarrier, small_carrier

from api import messages
from incident.escalation.commands import Close, SendHelp
from incident.field import units
from incident.service import SQL
from schemas.incident import DispatchKind, DispatchState, Outcome


@pytest.fixture
def carrier() -> Generator[SmallCarrier]:
    with small_carrier() as made:
        yield made


@pytest.fixture
def world(database_url: str, carrier: SmallCarrier) -> Generator[Insured]:
    with insured_world(database_url, twilio_base_url=carrier.url) as made:
        yield made


def test_a_device_that_reports_a_light_done_while_the_next_light_is_decided(world: Insured) -> None:
    incident_id = world.report(world.insure())
    light = world.one("SELECT id FROM outbox WHERE payload ? 'signal'")["id"]

    def acknowledge() -> None:
        with world.connection() as conn:
            conn.execute("SET lock_timeout = '3 s'")
            world.incidents.command_acknowledged(conn, "car-0001", str(light), "DONE")

    with world.connection() as operator:
        operator.execute(SQL["lock_incident"], {"id": incident_id})
        with in_background(acknowledge) as acknowledged:
            # It has the command's row, and needs no more than a look at the incident.
            acknowledged.result(10)
            world.incidents.handle(
                operator, incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT), actor="operator:akiko"
            )
    assert world.events(incident_id).count("command_done") == 1
    assert world.state(incident_id).outcome is Outcome.ACCIDENT


def test_news_of_an_sms_that_meet_the_answer_to_its_request(world: Insured, carrier: SmallCarrier) -> None:
    incident_id = world.report(world.insure())
    world.conn.execute("UPDATE outbox SET state = 'expired'")
    message = uuid4()
    values = {"id": message, "incident_id": incident_id, "number": DRIVER}
    world.conn.execute(
        "INSERT INTO messages (id, incident_id, channel, template, language, number, body)"
        " VALUES (%(id)s, %(incident_id)s, 'sms', 'light', 'ja', %(number)s, 'x')",
        values,
    )
    world.conn.execute(
        "INSERT INTO outbox (id, incident_id, kind, payload, due_at)"
        " VALUES (%(id)s, %(incident_id)s, 'sms', '{}', clock_timestamp())",
        values,
    )
    with world.connection() as news, world.connection(autocommit=True) as conn:
        one = sender(world)
        # The webhook's transaction has settled the request, and is about to move the message.
        carrier.after_message = lambda _: news.execute(SQL["settle_outbox"], values) and None
        with in_background(lambda: one.step(conn)) as sent:
            wait_until_blocked(world)
            messages.report(news, world.incidents, message, sid="SM1", status="delivered", code="")
            news.commit()
            assert sent.result(5)
    row = world.one(
        "SELECT m.state, o.state AS sent FROM messages m JOIN outbox o USING (id) WHERE id = %s", message
    )
    assert (row["state"], row["sent"]) == ("delivered", "done")


def test_commands_of_others_that_somebody_works_on_are_not_waited_for(world: Insured) -> None:
    world.report(world.insure())
    world.conn.execute("UPDATE outbox SET expires_at = clock_timestamp() WHERE kind = 'command'")
    with world.connection() as busy:
        busy.execute("SELECT FROM outbox WHERE kind = 'command' FOR UPDATE")
        expire(world)
    assert world.rows("SELECT state FROM outbox WHERE kind = 'command' AND state = 'pending'")
    expire(world)
    assert not world.rows("SELECT state FROM outbox WHERE kind = 'command' AND state = 'pending'")


def test_a_unit_that_declines_while_another_incident_searches(world: Insured) -> None:
    world.insure("car-0001")
    world.insure("car-0002", driver="+819000000009", contact=None)
    declined, searching = world.report("car-0001"), world.report("car-0002")
    world.tell(searching, lambda at: SendHelp(at, "akiko", DispatchKind.GUARD))
    world.unit("G-1")
    world.tell(declined, lambda at: SendHelp(at, "akiko", DispatchKind.GUARD))
    dispatch = world.one("SELECT id FROM dispatches WHERE incident_id = %s", declined)["id"]
    world.conn.execute("UPDATE units SET on_shift = false")

    def decline() -> None:
        with world.connection() as conn:
            units.report(conn, world.incidents, "G-1", dispatch, DispatchState.DECLINED)

    with world.connection() as operator:
        operator.execute(SQL["lock_incident"], {"id": searching})
        operator.execute(SQL["lock_dispatching"])
        with in_background(decline) as done:
            wait_until_blocked(world)
            world.incidents.handle(
                operator, searching, lambda at: SendHelp(at, "akiko", DispatchKind.GUARD), actor="operator"
            )
            operator.commit()
            done.result(10)
    assert world.state(declined).dispatches[DispatchKind.GUARD] is DispatchState.FAILED


def expire(world: Insured) -> None:
    with world.connection() as conn:
        conn.execute("SET lock_timeout = '3 s'")
        conn.execute(SQL["expire_commands"])
