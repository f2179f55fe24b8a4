"""What a call hears and what its keys lead to, with the webhooks in any order."""

from __future__ import annotations

from collections.abc import Generator
from itertools import permutations
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from support.acts import app, close
from support.insured import Insured, insured_world

from incident import wording
from incident.engine.engine import Engine
from incident.escalation.state import Task
from incident.voice.calls import Calls, UnknownCall
from incident.voice.conversation import Conversation
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, Language, Phase

JA = Language.JA


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


@pytest.fixture
def incident_id(world: Insured) -> UUID:
    """A severe incident whose first call is placed."""
    opened = world.report(world.insure())
    report(world, opened, "initiated")
    return opened


def attempt(world: Insured, incident_id: UUID) -> UUID:
    return world.call(incident_id)["id"]


def report(world: Insured, incident_id: UUID, status: str) -> None:
    call_id = attempt(world, incident_id)
    with world.conn.transaction():
        Calls(world.incidents).report(world.conn, call_id, sid(call_id), status)


def sid(call_id: UUID) -> str:
    return f"CA{call_id.hex}"


def talk(world: Insured) -> Conversation:
    return Conversation(world.settings, world.incidents, Calls(world.incidents))


def greet(world: Insured, call_id: UUID) -> str:
    with world.conn.transaction():
        return talk(world).greet(world.conn, call_id, sid(call_id))


def press(world: Insured, call_id: UUID, digit: str) -> str:
    with world.conn.transaction():
        return talk(world).press(world.conn, call_id, sid(call_id), digit)


def silence(world: Insured, call_id: UUID) -> str:
    with world.conn.transaction():
        return talk(world).stay_silent(world.conn, call_id, sid(call_id))


def hold(world: Insured, call_id: UUID, held: int = 1) -> str:
    with world.conn.transaction():
        return talk(world).hold(world.conn, call_id, sid(call_id), held)


def said(document: str) -> str:
    return "".join(ElementTree.fromstring(document).itertext())


def ending(document: str) -> str:
    return list(ElementTree.fromstring(document))[-1].tag


def is_handled(document: str) -> bool:
    return said(document) == wording.spoken("handled", JA) and ending(document) == "Hangup"


def test_news_in_any_order_end_alike(world: Insured) -> None:
    for number, order in enumerate(permutations(["initiated", "ringing", "in-progress", "completed"])):
        incident_id = world.report(world.insure(f"car-{number:04}"))
        for status in (*order, *order):
            report(world, incident_id, status)
        call = world.call(incident_id)
        assert (call["state"], call["end_status"], call["sid"]) == ("ended", "completed", sid(call["id"]))
        assert world.events(incident_id).count("call_ended") == 1
        assert not world.state(incident_id).driver.under_way


# A request whose answer was lost may have been made twice: two calls at the carrier for one of ours.

TWIN = "CA" + "f" * 32


def told(world: Insured, incident_id: UUID, *news: tuple[str, str]) -> dict[str, object]:
    call_id = attempt(world, incident_id)
    for whose, status in news:
        with world.conn.transaction():
            Calls(world.incidents).report(
                world.conn, call_id, TWIN if whose == "twin" else sid(call_id), status
            )
    return world.call(incident_id)


@pytest.mark.parametrize("status", ["busy", "completed", "no-answer", "ringing", "failed"])
def test_what_becomes_of_a_twin_ends_no_talk(world: Insured, incident_id: UUID, status: str) -> None:
    row = told(world, incident_id, ("own", "in-progress"), ("twin", status))
    assert (row["state"], row["ended_at"], row["possible_duplicate"]) == ("answered", None, True)
    assert world.state(incident_id).driver.answered
    row = told(world, incident_id, ("own", "completed"))
    assert (row["state"], row["end_status"]) == ("ended", "completed")
    assert not world.state(incident_id).driver.under_way


def test_nor_does_it_end_a_call_that_rings(world: Insured, incident_id: UUID) -> None:
    row = told(world, incident_id, ("own", "ringing"), ("twin", "busy"))
    assert (row["state"], row["sid"]) == ("ringing", sid(attempt(world, incident_id)))
    assert world.state(incident_id).driver.under_way


@pytest.mark.parametrize("before", ["ringing", "busy"])
def test_whoever_picks_up_the_twin_is_on_the_line(world: Insured, incident_id: UUID, before: str) -> None:
    """They are the one to be connected, and their hanging up is the end of it."""
    row = told(world, incident_id, ("own", before), ("twin", "in-progress"))
    assert (row["state"], row["sid"], row["ended_at"], row["end_status"]) == ("answered", TWIN, None, None)
    row = told(world, incident_id, ("own", "no-answer"))
    assert (row["state"], row["sid"]) == ("answered", TWIN)
    row = told(world, incident_id, ("twin", "completed"))
    assert (row["state"], row["end_status"]) == ("ended", "completed")


def test_of_two_that_are_picked_up_the_first_stays_the_call(world: Insured, incident_id: UUID) -> None:
    row = told(world, incident_id, ("own", "in-progress"), ("twin", "in-progress"))
    assert (row["state"], row["sid"]) == ("answered", sid(attempt(world, incident_id)))


def test_a_call_that_is_one_is_not_marked(world: Insured, incident_id: UUID) -> None:
    row = told(world, incident_id, ("own", "ringing"), ("own", "in-progress"), ("own", "completed"))
    assert row["possible_duplicate"] is False


def test_a_word_of_the_carrier_we_do_not_know_changes_nothing(world: Insured, incident_id: UUID) -> None:
    before = world.events(incident_id)
    report(world, incident_id, "levitating")
    assert world.events(incident_id) == before


def test_picking_up_is_no_answer(world: Insured, incident_id: UUID) -> None:
    words = greet(world, attempt(world, incident_id))
    assert "強い衝撃" in said(words)
    assert "佐藤太郎様" in said(words)
    assert "品川 300 あ 12-34" in said(words)
    assert world.call(incident_id)["state"] == "answered"
    assert (world.state(incident_id).phase, world.state(incident_id).answer) == (Phase.REACHING, None)


@pytest.mark.parametrize(
    ("digit", "answer", "sentence"),
    [
        ("1", Answer.FINE, "fine_call_back"),
        ("2", Answer.HELP, "help"),
        ("3", Answer.AMBULANCE, "ambulance"),
        ("0", Answer.OPERATOR, "operator"),
    ],
)
def test_each_key(world: Insured, incident_id: UUID, digit: str, answer: Answer, sentence: str) -> None:
    call_id = attempt(world, incident_id)
    greet(world, call_id)
    # Where help goes to is said in words.
    place = world.one("SELECT place -> 'words' ->> 'ja' AS words FROM incidents")["words"]
    assert "箱根町" in place
    words = wording.help_asked(place, JA) if sentence == "help" else wording.spoken(sentence, JA)
    assert said(press(world, call_id, digit)).startswith(words)
    once = world.events(incident_id)
    # The webhook comes twice.
    assert said(press(world, call_id, digit)).startswith(words)
    assert world.events(incident_id) == [*once, "answered"]
    assert world.state(incident_id).answer is answer
    assert world.call(incident_id)["pressed"] == digit


def test_fine_on_moderate_promises_no_call_back(world: Insured) -> None:
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.make_due(incident_id, "step:0:1")
    Engine(world.incidents).step(world.conn)
    assert said(press(world, attempt(world, incident_id), "1")) == wording.spoken("fine", JA)
    assert world.state(incident_id).phase is Phase.CLOSED


@pytest.mark.parametrize("digit", ["7", "*", "", "12"])
def test_another_key_is_asked_again_and_is_no_answer(world: Insured, incident_id: UUID, digit: str) -> None:
    words = press(world, attempt(world, incident_id), digit)
    assert wording.spoken("wrong_key", JA) in said(words)
    assert ending(words) == "Redirect"
    assert world.state(incident_id).answer is None
    assert world.call(incident_id)["pressed"] is None


def test_silence_calls_a_person_to_the_line_and_holds_it(world: Insured, incident_id: UUID) -> None:
    call_id = attempt(world, incident_id)
    words = silence(world, call_id)
    assert said(words).startswith(wording.spoken("silent", JA))
    assert ending(words) == "Redirect"
    assert Task.TAKE in world.state(incident_id).tasks
    assert ending(hold(world, call_id)) == "Redirect"


def test_silence_on_a_settled_incident_calls_a_person_too(world: Insured, incident_id: UUID) -> None:
    world.tell(incident_id, app(Answer.FINE))
    silence(world, attempt(world, incident_id))
    assert Task.TAKE in world.state(incident_id).tasks


def test_a_call_that_comes_through_late_is_harmless(world: Insured, incident_id: UUID) -> None:
    call_id = attempt(world, incident_id)
    world.tell(incident_id, app(Answer.FINE))
    assert is_handled(greet(world, call_id))
    world.tell(incident_id, close)
    assert is_handled(greet(world, call_id))
    assert is_handled(silence(world, call_id))
    assert is_handled(hold(world, call_id))
    # A key pressed after the end is still written down.
    assert is_handled(press(world, call_id, "1"))
    too_late = press(world, call_id, "2")
    assert said(too_late) == wording.spoken("closed", JA)
    assert ending(too_late) == "Hangup"
    assert world.events(incident_id)[-1] == "answered"
    assert world.state(incident_id).phase is Phase.CLOSED


def test_a_call_nobody_made(world: Insured, incident_id: UUID) -> None:
    for what in (greet, silence, hold):
        with pytest.raises(UnknownCall):
            what(world, uuid4())


def test_the_contact_hears_no_more_than_needed_and_has_two_keys(world: Insured, incident_id: UUID) -> None:
    world.make_due(incident_id, "step:0:6")
    Engine(world.incidents).step(world.conn)
    call_id = world.call(incident_id, CallParty.CONTACT)["id"]
    assert "品川" not in said(greet(world, call_id))
    assert wording.spoken("wrong_key", JA) in said(press(world, call_id, "3"))
    assert said(press(world, call_id, "1")).startswith(wording.spoken("contact_thanks", JA))
    state = world.state(incident_id)
    assert (state.phase, state.answer) == (Phase.REACHING, None)
    assert Task.CALL_BACK in state.tasks
