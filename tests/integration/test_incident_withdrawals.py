"""Calls that nobody wants any more, calls of which nothing is heard, and texts."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from support.insured import DRIVER, Insured, insured_world
from support.outbox import cut, drain, fine, fire, quietly, refuse, sender, webhook
from support.small_carrier import Refuse, Resource, SmallCarrier, small_carrier

from incident.channels.telephony import Unreachable
from incident.channels.twilio_carrier import TwilioCarrier
from incident.escalation.commands import Close
from schemas.impact import Severity
from schemas.incident import Outcome


@pytest.fixture
def carrier() -> Generator[SmallCarrier]:
    with small_carrier() as made:
        yield made


@pytest.fixture
def world(database_url: str, carrier: SmallCarrier) -> Generator[Insured]:
    with insured_world(database_url, twilio_base_url=carrier.url) as made:
        yield made


@pytest.fixture
def incident_id(world: Insured) -> UUID:
    """A severe incident whose first call waits in the outbox."""
    opened = world.report(world.insure())
    world.forget_messages()
    return opened


# Withdrawing.


def test_an_answer_withdraws_the_ringing_call(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    carrier.calls[0]["status"] = "ringing"
    webhook(world, carrier.calls[0], "ringing")
    world.tell(incident_id, fine)
    world.forget_messages()
    drain(world)
    assert carrier.calls[0]["status"] == "canceled"
    assert (world.call(incident_id)["state"], world.call(incident_id)["end_status"]) == ("ended", "canceled")


def test_a_call_somebody_has_picked_up_is_left_alone(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    carrier.calls[0]["status"] = "in-progress"  # its webhook is late
    world.tell(incident_id, fine)
    world.forget_messages()
    drain(world)
    assert carrier.calls[0]["status"] == "in-progress"
    assert world.call(incident_id)["state"] == "placed"


def test_a_call_still_in_the_outbox_never_leaves_it_after_an_answer(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    world.tell(incident_id, fine)
    world.forget_messages()
    drain(world)
    assert carrier.calls == []
    assert (world.call(incident_id)["state"], world.call(incident_id)["end_status"]) == ("ended", "withdrawn")


def test_a_call_put_back_after_it_was_called_off_is_not_made(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    """The driver answers while the request is on its way to a carrier that cannot be reached."""

    class Away(TwilioCarrier):
        def place_call(self, number: str, call_id: UUID, ring_s: float, *, detect: bool = True) -> str:
            world.tell(incident_id, fine)
            raise Unreachable("no route")

    assert sender(world, Away(world.settings)).step(world.conn)
    assert (world.call(incident_id)["state"], world.call(incident_id)["sent"]) == ("waiting", "pending")
    world.forget_messages()
    world.run_out_leases()
    drain(world)
    assert carrier.calls == []
    assert (world.call(incident_id)["state"], world.call(incident_id)["end_status"]) == ("ended", "withdrawn")
    assert not world.state(incident_id).driver.under_way


def test_an_unresolved_call_nobody_wants_any_more_is_not_repeated(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.before_call = cut(done=False)
    drain(world)
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    world.forget_messages()
    carrier.before_call = quietly
    world.run_out_leases()
    drain(world)
    world.run_out_leases()
    drain(world)
    assert carrier.calls == []
    assert (world.call(incident_id)["state"], world.call(incident_id)["end_status"]) == ("ended", "withdrawn")
    assert world.rows("SELECT id FROM outbox WHERE state NOT IN ('done', 'expired')") == []


def test_an_unresolved_call_nobody_wants_any_more_is_found_and_withdrawn(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.after_call = cut(done=True)
    drain(world)
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    world.forget_messages()
    carrier.after_call = quietly
    for _ in range(3):
        world.run_out_leases()
        drain(world)
    assert [made["status"] for made in carrier.calls] == ["canceled"]
    assert world.call(incident_id)["end_status"] == "canceled"


# Calls given up.


def test_a_call_given_up_while_it_rings_is_withdrawn_and_the_next_one_made(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    carrier.calls[0]["status"] = "ringing"
    webhook(world, carrier.calls[0], "ringing")
    fire(world, incident_id, "step:0:3", "giveup:driver:1")
    world.forget_messages()
    drain(world)
    assert [made["status"] for made in carrier.calls] == ["canceled"]
    # The line is left free for a while.
    world.conn.execute(
        "UPDATE incidents SET state = jsonb_set(state, '{driver,ended_at}', to_jsonb(now() - interval '1 minute'))"
    )
    fire(world, incident_id, "again:driver")
    drain(world)
    assert [made["status"] for made in carrier.calls] == ["canceled", "queued"]
    assert world.call(incident_id)["end_status"] == "canceled"
    assert world.call(incident_id, attempt=2)["state"] == "placed"


def too_late(status: str) -> Callable[[Resource], None]:
    """The call changes between the question and its withdrawal, which the carrier then refuses."""

    def hook(one: Resource) -> None:
        one["status"] = status
        raise Refuse(400, '{"code": 21220, "message": "Unable to update record", "status": 400}')

    return hook


@pytest.mark.parametrize(("how", "end"), [("given up", "no-answer"), ("answered", "busy")])
def test_a_call_that_ends_just_before_it_is_withdrawn_has_ended(
    world: Insured, incident_id: UUID, carrier: SmallCarrier, how: str, end: str
) -> None:
    drain(world)
    carrier.calls[0]["status"] = "ringing"
    webhook(world, carrier.calls[0], "ringing")
    carrier.before_change = too_late(end)  # and the webhook is lost
    if how == "given up":
        fire(world, incident_id, "giveup:driver:1")
    else:
        world.tell(incident_id, fine)
    world.forget_messages()
    drain(world)
    assert (world.call(incident_id)["state"], world.call(incident_id)["end_status"]) == ("ended", end)


def test_a_talk_whose_end_was_not_told_holds_the_next_call_back_for_seconds_only(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    """They said they were fine and hung up, of which we never heard; minutes later they crash again."""
    drain(world)
    webhook(world, carrier.calls[0], "in-progress")
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.DRIVER_FINE))
    world.report()
    world.forget_messages()
    carrier.calls[0]["status"] = "in-progress"
    world.conn.execute(
        "UPDATE calls SET answered_at = answered_at - interval '21 s' WHERE state = 'answered'"
    )
    drain(world)
    assert len(carrier.calls) == 1, "they speak with us"
    carrier.calls[0]["status"] = "completed"  # the webhook is lost
    drain(world)
    drain(world)
    assert [made["to"] for made in carrier.calls] == [DRIVER, DRIVER]


def test_the_end_of_a_talk_is_learned_also_when_all_is_over(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    webhook(world, carrier.calls[0], "in-progress")
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.DRIVER_FINE))
    carrier.calls[0]["status"] = "completed"  # the webhook is lost
    world.conn.execute("UPDATE calls SET answered_at = answered_at - interval '61 s'")
    drain(world)
    assert world.call(incident_id)["end_status"] == "completed"


def test_a_call_whose_end_was_not_told_is_asked_about(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    webhook(world, carrier.calls[0], "in-progress")
    carrier.calls[0]["status"] = "completed"  # the webhook is lost
    fire(world, incident_id, "giveup:driver:1")
    assert world.state(incident_id).driver.under_way
    world.forget_messages()
    drain(world)
    assert world.call(incident_id)["end_status"] == "completed"
    assert not world.state(incident_id).driver.under_way


# Texts.


@pytest.fixture
def light(world: Insured) -> UUID:
    """A light incident whose SMS waits in the outbox."""
    opened = world.report(world.insure(), Severity.LIGHT)
    world.fix("car-0001", datetime.now(UTC))  # it stands
    fire(world, opened, "step:0:1")
    return opened


def sms(world: Insured) -> dict[str, Any]:
    return world.one(
        "SELECT m.*, o.state AS sent FROM messages m JOIN outbox o USING (id) WHERE channel = 'sms'"
    )


def test_a_text_is_sent_once(world: Insured, light: UUID, carrier: SmallCarrier) -> None:
    drain(world)
    (sent,) = carrier.messages
    assert (sms(world)["state"], sms(world)["sid"], sms(world)["sent"]) == ("sent", sent["sid"], "done")
    assert sent["body"] == sms(world)["body"]


@pytest.mark.parametrize(("when", "times"), [("after_message", 1), ("before_message", 1)])
def test_an_unanswered_text_is_looked_up(
    world: Insured, light: UUID, carrier: SmallCarrier, when: str, times: int
) -> None:
    setattr(carrier, when, cut(done=when == "after_message"))
    drain(world)
    assert sms(world)["sent"] == "unknown"
    setattr(carrier, when, quietly)
    world.run_out_leases()
    drain(world)
    assert len(carrier.messages) == times
    assert sms(world)["sid"] == carrier.messages[0]["sid"]


def test_a_text_the_carrier_refuses_has_failed(world: Insured, light: UUID, carrier: SmallCarrier) -> None:
    carrier.before_message = refuse(400)
    drain(world)
    assert (sms(world)["state"], sms(world)["sent"]) == ("failed", "failed")


def test_a_push_waits_for_the_app_and_needs_no_carrier(world: Insured, incident_id: UUID) -> None:
    world.conn.execute("UPDATE outbox SET state = 'pending' WHERE kind = 'push'")
    drain(world, sender(world, twilio_base_url="http://127.0.0.1:1"))
    assert world.one("SELECT state FROM messages WHERE channel = 'push'")["state"] == "sent"


def test_a_text_over_which_code_stumbles_holds_up_no_call(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    class Stumbling(TwilioCarrier):
        def send_sms(self, number: str, body: str, message_id: UUID) -> str:
            raise KeyError("sid")

    world.conn.execute("UPDATE outbox SET state = 'pending', kind = 'sms' WHERE kind = 'push'")
    world.conn.execute("UPDATE messages SET number = '+819000000001'")
    one = sender(world, Stumbling(world.settings))
    assert one.sms.step(world.conn)
    assert one.dialer.step(world.conn)
    assert len(carrier.calls) == 1
