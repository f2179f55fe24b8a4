"""Calls leave the outbox: never lost, looked for before they are repeated, marked where they may be doubled."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from support.insured import DRIVER, Insured, insured_world, queue_call
from support.outbox import cut, drain, quietly, refuse, sender, webhook
from support.small_carrier import Resource, SmallCarrier, small_carrier

from incident.voice.dialer import SQL
from schemas.incident import Phase


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


# The usual way.


def test_a_call_is_placed_once(world: Insured, incident_id: UUID, carrier: SmallCarrier) -> None:
    assert drain(world) == 1
    (placed,) = carrier.calls
    call = world.call(incident_id)
    assert (call["state"], call["sid"], call["sent"]) == ("placed", placed["sid"], "done")
    assert placed["to"] == DRIVER
    assert str(placed["url"]).endswith(f"/voice/{call['id']}")
    assert not call["possible_duplicate"]
    assert "call_placed" in world.events(incident_id)
    assert drain(world) == 0


def test_calls_keep_the_pace_the_account_has(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    queue_call(world, incident_id, "+819000000009")
    slow = sender(world, calls_per_s=0.01)
    assert slow.step(world.conn)
    assert not slow.step(world.conn)
    assert len(carrier.calls) == 1
    world.conn.execute(
        "UPDATE calls SET sent_at = sent_at - interval '101 seconds' WHERE sent_at IS NOT NULL"
    )
    assert slow.step(world.conn)
    assert len(carrier.calls) == 2


def test_the_webhook_may_come_before_the_answer(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    def news_first(made: Resource) -> None:
        webhook(world, made, "initiated")
        webhook(world, made, "ringing")

    carrier.after_call = news_first
    drain(world)
    call = world.call(incident_id)
    assert (call["state"], call["sent"]) == ("ringing", "done")
    assert call["sid"] == carrier.calls[0]["sid"]
    assert world.events(incident_id).count("call_placed") == 1


def test_how_a_call_ended_is_kept_and_only_that(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    for status, kept in (
        ("ringing", None),
        ("in-progress", None),
        ("completed", "completed"),
        ("busy", "completed"),
    ):
        webhook(world, carrier.calls[0], status)
        assert world.call(incident_id)["end_status"] == kept


# No answer.


@pytest.mark.parametrize("hook", [cut(done=True), refuse(500), refuse(503, "<html>"), refuse(302, "")])
def test_an_unanswered_request_is_looked_up_and_not_doubled(
    world: Insured, incident_id: UUID, carrier: SmallCarrier, hook: Callable[[object], None]
) -> None:
    carrier.after_call = hook
    drain(world)
    assert (world.call(incident_id)["state"], world.call(incident_id)["sent"]) == ("sending", "unknown")
    assert drain(world) == 0  # not before whoever sent it must have heard
    carrier.after_call = quietly
    world.run_out_leases()
    drain(world)
    call = world.call(incident_id)
    assert len(carrier.calls) == 1
    assert (call["state"], call["sent"], call["sid"]) == ("placed", "done", carrier.calls[0]["sid"])
    assert not call["possible_duplicate"]


def test_the_end_of_a_call_is_learned_by_looking_it_up(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.after_call = cut(done=True)
    drain(world)
    carrier.calls[0]["status"] = "no-answer"
    world.run_out_leases()
    drain(world)
    assert (world.call(incident_id)["state"], world.call(incident_id)["end_status"]) == ("ended", "no-answer")
    assert not world.state(incident_id).driver.under_way


def test_what_the_carrier_does_not_know_is_sent_again_and_marked(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.before_call = cut(done=False)
    drain(world)
    carrier.before_call = quietly
    world.run_out_leases()
    drain(world)
    call = world.call(incident_id)
    assert len(carrier.calls) == 1
    assert (call["state"], call["sid"]) == ("placed", carrier.calls[0]["sid"])
    assert call["possible_duplicate"]


def test_a_list_that_lags_doubles_at_most_once_and_the_mark_says_so(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.after_call = cut(done=True)
    drain(world)
    carrier.after_call = quietly
    carrier.hidden.add(carrier.calls[0]["sid"])
    world.run_out_leases()
    drain(world)
    world.run_out_leases()
    drain(world)
    assert len(carrier.calls) == 2
    assert world.call(incident_id)["possible_duplicate"]
    # The first one's news find the same attempt, and change nothing but how far it is.
    webhook(world, carrier.calls[0], "ringing")
    assert world.call(incident_id)["state"] == "ringing"


def test_a_sender_killed_before_it_asked_leaves_the_call_to_the_next(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    with world.conn.transaction():
        world.conn.execute(
            SQL["claim_call"],
            {"gap": "0 s", "lease": "60 s", "longest_ring": "60 s", "longest_talk": "600 s"},
        )
    assert drain(world) == 0
    world.run_out_leases()
    drain(world)
    assert len(carrier.calls) == 1
    assert world.call(incident_id)["state"] == "placed"


def test_a_webhook_that_comes_while_the_list_is_read_settles_it(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    """The list lags, but the news of the call proves that it exists: then it must not be made again."""
    carrier.after_call = cut(done=True)
    drain(world)
    carrier.after_call = quietly
    carrier.hidden.add(carrier.calls[0]["sid"])
    carrier.before_list = lambda _: webhook(world, carrier.calls[0], "ringing")
    world.run_out_leases()
    drain(world)
    assert len(carrier.calls) == 1
    call = world.call(incident_id)
    assert (call["state"], call["sent"], call["sid"]) == ("ringing", "done", carrier.calls[0]["sid"])
    assert not call["possible_duplicate"]


def test_while_the_carrier_cannot_be_asked_nothing_is_repeated(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.after_call = cut(done=True)
    drain(world)
    carrier.before_list = refuse(503)
    for _ in range(3):
        world.run_out_leases()
        drain(world)
    assert len(carrier.calls) == 1
    assert world.call(incident_id)["state"] == "unknown"
    carrier.before_list = quietly
    world.run_out_leases()
    drain(world)
    assert world.call(incident_id)["sid"] == carrier.calls[0]["sid"]


def test_calls_of_other_attempts_are_not_adopted(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    drain(world)
    webhook(world, carrier.calls[0], "no-answer")
    second = queue_call(world, incident_id, DRIVER)
    carrier.before_call = cut(done=False)
    drain(world)
    carrier.before_call = quietly
    world.run_out_leases()
    drain(world)
    sids = {row["id"]: row["sid"] for row in world.rows("SELECT id, sid FROM calls")}
    assert sids[second] == carrier.calls[1]["sid"] != carrier.calls[0]["sid"]


def test_one_number_has_one_unresolved_attempt_at_most(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    """Two incidents ring the same person: the second call waits until the first is clear, and over."""
    queue_call(world, incident_id, DRIVER)
    carrier.after_call = cut(done=True)
    assert drain(world) == 1
    assert len(carrier.calls) == 1
    carrier.after_call = quietly
    world.run_out_leases()
    drain(world)
    assert len(carrier.calls) == 1
    webhook(world, carrier.calls[0], "no-answer")
    drain(world)
    assert len(carrier.calls) == 2
    assert len({row["sid"] for row in world.rows("SELECT sid FROM calls")}) == 2
    queue_call(world, incident_id, DRIVER, 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        world.conn.execute("UPDATE calls SET state = 'unknown'")


def test_killed_at_every_statement_one_call_is_made(world: Insured, carrier: SmallCarrier) -> None:
    """Whatever statement the sender dies at, and however often, the carrier has the call once."""

    class Killed(Exception):
        pass

    class Dying:
        def __init__(self, left: int) -> None:
            self.left = left

        def execute(self, *args: Any, **kwargs: Any) -> Any:
            if self.left == 0:
                raise Killed
            self.left -= 1
            return world.conn.execute(*args, **kwargs)

        def transaction(self) -> Any:
            return world.conn.transaction()

    incident = world.report(world.insure())
    world.forget_messages()
    one, survived = sender(world), 0
    world.conn.execute("UPDATE outbox SET state = 'expired'")
    for number in range(40):
        attempt = number + 100
        call_id = queue_call(world, incident, f"+8190000001{number:02}", attempt)
        try:
            one.step(Dying(number))  # pyright: ignore[reportArgumentType] as much of a connection as it uses
            survived += 1
        except Killed:
            pass
        world.run_out_leases()
        drain(world, one)
        row = world.one(
            "SELECT c.state, c.sid, o.state AS sent FROM calls c JOIN outbox o USING (id) WHERE id = %s",
            call_id,
        )
        made = [made["sid"] for made in carrier.calls if str(made["url"]).endswith(str(call_id))]
        assert made == [row["sid"]], f"killed at statement {number}"
        assert (row["state"], row["sent"]) == ("placed", "done")
    assert 5 < survived < 35, "the range must reach from the first statement to beyond the last"


# Refusals.


def test_a_refused_number_ends_the_call_and_the_ladder_goes_on(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    carrier.before_call = refuse(400)
    drain(world)
    call = world.call(incident_id)
    assert (call["state"], call["end_status"], call["sent"]) == ("ended", "failed", "failed")
    assert "HTTP 400" in call["error"]
    state = world.state(incident_id)
    assert (state.phase, state.driver.under_way, state.driver.attempts) == (Phase.REACHING, False, 1)
    assert world.rows("SELECT name FROM timers WHERE name = 'step:0:3'")
    assert not world.rows("SELECT name FROM timers WHERE starts_with(name, 'giveup')")


@pytest.mark.parametrize("status", [429, 401])
def test_who_asks_for_patience_or_bars_us_gets_the_call_later(
    world: Insured, incident_id: UUID, carrier: SmallCarrier, status: int
) -> None:
    carrier.before_call = refuse(status)
    assert drain(world) == 1
    assert (world.call(incident_id)["state"], world.call(incident_id)["sent"]) == ("waiting", "pending")
    assert world.state(incident_id).driver.under_way
    carrier.before_call = quietly
    world.run_out_leases()
    drain(world)
    assert world.call(incident_id)["state"] == "placed"
    assert not world.call(incident_id)["possible_duplicate"]


def test_a_carrier_out_of_reach_is_tried_until_it_answers(
    world: Insured, incident_id: UUID, carrier: SmallCarrier
) -> None:
    away = sender(world, twilio_base_url="http://127.0.0.1:1")
    for _ in range(3):
        assert drain(world, away) == 1
        assert (world.call(incident_id)["state"], world.call(incident_id)["sent"]) == ("waiting", "pending")
        world.run_out_leases()
    drain(world)
    assert world.call(incident_id)["state"] == "placed"
    assert len(carrier.calls) == 1
    assert not world.call(incident_id)["possible_duplicate"]


def test_settings_give_the_lease_more_than_a_request_can_take(world: Insured) -> None:
    lease = sender(world).dialer._lease  # pyright: ignore[reportPrivateUsage] what two senders rely on
    assert lease.total_seconds() > 2 * world.settings.twilio_timeout_s
