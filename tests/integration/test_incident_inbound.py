"""Whoever rings us or writes to us: led to the right incident and to a person, whatever is known of them."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from uuid import UUID

import pytest
from support.acts import close, take
from support.desk import AKIKO, leg, legs, room, said, sign_in, verbs, waiting
from support.insured import (
    CONTACT,
    DRIVER,
    Insured,
    in_background,
    insured_world,
    queue_call,
    wait_until_blocked,
)

from incident import wording
from incident.engine.engine import Engine
from incident.escalation.state import Task
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.voice.dialer import SQL
from incident.voice.inbound import Inbound
from schemas.incident import Answer, CallParty, Language, Phase, Trigger

SID = "CA" + "7" * 32
CALLER, OPERATOR = CallParty.CALLER, CallParty.OPERATOR


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def inbound(world: Insured) -> Inbound:
    calls = Calls(world.incidents)
    return Inbound(world.incidents, calls, Conversation(world.settings, world.incidents, calls))


def ring(world: Insured, number: str, sid: str = SID) -> str:
    with world.conn.transaction():
        return inbound(world).ring(world.conn, sid, number)


def status(world: Insured, word: str, sid: str = SID) -> None:
    with world.conn.transaction():
        inbound(world).status(world.conn, sid, word)


def text(world: Insured, number: str, words: str, sid: str = "SM1") -> bool:
    with world.conn.transaction():
        return inbound(world).write(world.conn, sid, number, words)


def incidents(world: Insured) -> list[UUID]:
    return [row["id"] for row in world.rows("SELECT id FROM incidents ORDER BY opened_at")]


def incident(world: Insured, incident_id: UUID) -> dict[str, object]:
    return world.one("SELECT * FROM incidents WHERE id = %s", incident_id)


def caller(world: Insured, incident_id: UUID) -> dict[str, object]:
    (row,) = world.rows(
        "SELECT data FROM incident_events WHERE incident_id = %s AND kind = 'caller'", incident_id
    )
    return row["data"]


def test_the_driver_rings_about_an_open_incident(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    document = ring(world, DRIVER)
    assert incidents(world) == [incident_id]
    assert said(document) == wording.welcome(wording.Facts("つながる損保", ""), Language.JA)
    assert verbs(document) == ["Gather", "Redirect"]
    call = leg(world, incident_id, CALLER)
    row = call.row
    assert (row["number"], row["direction"], row["state"], row["sid"]) == (DRIVER, "inbound", "answered", SID)
    assert world.state(incident_id).waiting == (CALLER,)
    assert caller(world, incident_id) == {"who": "driver", "number_withheld": False}
    operator = leg(world, incident_id, OPERATOR)
    assert (operator.row["number"], operator.row["state"]) == (AKIKO, "waiting")
    operator.status("ringing")
    assert "電話をかけてきた方が待っています" in said(operator.picks_up())
    assert room(operator.hook("take", "1")) is not None
    assert [effect["payload"] for effect in waiting(world)] == [{"call_id": str(call.id)}]
    met = room(call.hook("connect"))
    assert met is not None
    assert met.text == f"cb-{incident_id}"


def test_a_policyholder_without_anything_open_opens_an_incident(world: Insured) -> None:
    device = world.insure()
    ring(world, DRIVER)
    (incident_id,) = incidents(world)
    row = incident(world, incident_id)
    assert (row["trigger"], row["device_id"], row["policy_id"]) == (Trigger.CALL, device, f"P-{device}")
    assert world.state(incident_id).phase is Phase.REACHING
    assert Task.TAKE in world.state(incident_id).tasks


def test_a_policy_without_a_button_is_taken_in_too(world: Insured) -> None:
    device = world.insure()
    world.conn.execute("DELETE FROM devices WHERE id = %s", [device])
    ring(world, DRIVER)
    (incident_id,) = incidents(world)
    row = incident(world, incident_id)
    assert row["device_id"] is None
    assert row["holder_id"] is not None
    ring(world, DRIVER, "CA" + "8" * 32)
    assert incidents(world) == [incident_id]
    assert len(legs(world, incident_id, CALLER)) == 2


def test_a_contact_rings(world: Insured) -> None:
    incident_id = world.report(world.insure())
    ring(world, CONTACT)
    assert incidents(world) == [incident_id]
    assert caller(world, incident_id)["who"] == "contact"
    world.tell(incident_id, close)
    ring(world, CONTACT, "CA" + "8" * 32)
    _, opened = incidents(world)
    row = incident(world, opened)
    assert "contact_rang" in row["flags"]  # type: ignore[operator]
    assert row["holder_id"] is not None


def test_a_contact_with_a_policy_of_their_own_rings_back(world: Insured) -> None:
    world.insure("car-0001")
    world.insure("car-0002", driver=CONTACT, contact=None)
    crash = world.report("car-0001")
    ring(world, CONTACT)
    assert incidents(world) == [crash]
    assert caller(world, crash)["who"] == "contact"
    # With something open of their own it is about that.
    own = world.report("car-0002")
    ring(world, CONTACT, "CA" + "8" * 32)
    assert caller(world, own)["who"] == "driver"
    world.tell(crash, close)
    world.tell(own, close)
    ring(world, CONTACT, "CA" + "9" * 32)
    assert incident(world, incidents(world)[-1])["device_id"] == "car-0002"


@pytest.mark.parametrize(
    ("given", "kept", "who"),
    [
        ("+81311112222", "+81311112222", "stranger"),
        ("anonymous", "", "withheld"),
        ("+266696687", "", "withheld"),
        ("", "", "withheld"),
        ("sip:alice@example.jp", "", "withheld"),
    ],
)
def test_a_number_nobody_knows_is_taken_in_as_well(world: Insured, given: str, kept: str, who: str) -> None:
    document = ring(world, given)
    (incident_id,) = incidents(world)
    assert incident(world, incident_id)["flags"] == ["no_policy", "no_position", "unknown_caller"]
    assert leg(world, incident_id, CALLER).row["number"] == kept
    assert caller(world, incident_id) == {"who": who, "number_withheld": not kept}
    assert "事故受付です" in said(document)
    assert "A person comes to the telephone now" in said(document)
    assert not world.rows("SELECT 1 FROM incident_events WHERE data::text LIKE '%%81311112222%%'")


def test_a_stranger_who_rings_again_comes_to_the_same_incident(world: Insured) -> None:
    for n in range(2):
        ring(world, "+81311112222", f"CA{n:032}")
    (incident_id,) = incidents(world)
    world.tell(incident_id, close)
    ring(world, "+81311112222", f"CA{3:032}")
    assert len(incidents(world)) == 2
    for n in range(4, 6):
        ring(world, "anonymous", f"CA{n:032}")
    assert len(incidents(world)) == 4


def test_the_same_call_brought_twice_is_one(world: Insured) -> None:
    world.insure()
    documents = [ring(world, DRIVER) for _ in range(2)]
    assert documents[0] == documents[1]
    (incident_id,) = incidents(world)
    assert len(legs(world, incident_id, CALLER)) == 1
    assert world.events(incident_id).count("line_waits") == 1


def test_the_same_call_brought_twice_at_once_is_one(world: Insured) -> None:
    world.insure()

    def other() -> str:
        with world.connection() as conn:
            return inbound(world).ring(conn, SID, DRIVER)

    with world.connection() as conn:
        first = inbound(world).ring(conn, SID, DRIVER)
        with in_background(other) as second:
            conn.commit()
    assert second.result() == first
    (incident_id,) = incidents(world)
    assert len(legs(world, incident_id, CALLER)) == 1


def test_keys_on_the_way_to_a_person(world: Insured) -> None:
    world.insure()
    ring(world, DRIVER)
    (incident_id,) = incidents(world)
    call = leg(world, incident_id, CALLER)
    # Nobody can call help off from a line that anybody may have rung on.
    assert verbs(call.hook("press", "1")) == ["Gather", "Redirect"]
    assert world.state(incident_id).answer is None
    assert wording.spoken("ambulance", Language.JA) in said(call.hook("press", "3"))
    state = world.state(incident_id)
    assert (state.answer, state.waiting) == (Answer.AMBULANCE, (CALLER,))
    assert Task.REQUEST_AMBULANCE in state.tasks


def test_who_hangs_up_before_a_person_came_is_a_task(world: Insured) -> None:
    incident_id = world.report(world.insure())
    ring(world, DRIVER)
    for _ in range(2):
        status(world, "completed")
    status(world, "completed", "CA-unknown")
    assert world.state(incident_id).waiting == ()
    alarms = world.rows(
        "SELECT data FROM incident_events WHERE incident_id = %s AND kind = 'operator_alarmed'", incident_id
    )
    assert [alarm["data"]["reason"] for alarm in alarms].count("left_waiting") == 1
    # The lines to driver and contact stand as they stood.
    assert world.state(incident_id).driver.under_way
    assert not world.state(incident_id).contact.attempts


def claimed(world: Insured) -> list[str]:
    long = timedelta(minutes=10)
    key = {"gap": timedelta(0), "lease": long, "longest_ring": long, "longest_talk": long}
    with world.conn.transaction():
        row = world.conn.execute(SQL["claim_call"], key).fetchone()
    return [row["number"]] if row else []


def test_nobody_is_rung_who_is_on_the_line_with_us(world: Insured) -> None:
    world.report(world.insure())
    ring(world, DRIVER)
    assert claimed(world) == []
    status(world, "completed")
    assert claimed(world) == [DRIVER]


@pytest.mark.parametrize(
    ("stands", "comes_of_it"),
    [
        ("waiting", ("ended", 0)),
        ("placed", ("placed", 1)),
        ("ringing", ("ringing", 1)),
        ("answered", ("answered", 0)),
    ],
)
def test_our_own_call_to_who_rings_us_is_withdrawn(
    world: Insured, stands: str, comes_of_it: tuple[str, int]
) -> None:
    incident_id = world.report(world.insure())
    world.conn.execute(
        "INSERT INTO phones (holder_id, number, rank) SELECT holder_id, '+819077777777', 2 FROM phones"
    )
    ours = leg(world, incident_id, CallParty.DRIVER)
    words = {
        "waiting": [],
        "placed": ["queued"],
        "ringing": ["ringing"],
        "answered": ["ringing", "in-progress"],
    }
    for word in words[stands]:
        ours.status(word)
    ring(world, "+819077777777")  # from their other telephone
    assert (ours.row["state"], len(waiting(world, "cancel_call"))) == comes_of_it
    status(world, "completed")
    assert world.state(incident_id).callers == {}


def test_what_was_withdrawn_for_them_is_made_up_for_when_theirs_came_to_nothing(world: Insured) -> None:
    incident_id = world.report(world.insure())
    ours = leg(world, incident_id, CallParty.DRIVER)
    ours.status("ringing")
    ring(world, DRIVER)
    ours.status("canceled")
    assert len(legs(world, incident_id, CallParty.DRIVER)) == 1
    status(world, "completed")
    assert [one.row["state"] for one in legs(world, incident_id, CallParty.DRIVER)] == ["ended", "waiting"]


def test_a_contact_who_rings_us_withdraws_only_the_call_to_themself(world: Insured) -> None:
    incident_id = world.report(world.insure())
    world.make_due(incident_id, "step:0:6")
    Engine(world.incidents).step(world.conn)
    ours = leg(world, incident_id, CallParty.DRIVER)
    ours.status("ringing")
    ring(world, CONTACT)
    assert leg(world, incident_id, CallParty.CONTACT).row["end_status"] == "withdrawn"
    assert not waiting(world, "cancel_call")
    assert ours.row["state"] == "ringing"


def test_nor_for_long_if_the_end_of_their_call_was_missed(world: Insured) -> None:
    incident_id = world.report(world.insure())
    ring(world, DRIVER)
    queue_call(world, incident_id, DRIVER)
    assert claimed(world) == []
    world.conn.execute("UPDATE calls SET answered_at = answered_at - interval '4 minutes'")
    assert claimed(world) == [DRIVER]


def test_an_operator_who_has_it_hears_them_first(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    world.tell(incident_id, take)
    ring(world, DRIVER)
    assert leg(world, incident_id, OPERATOR).row["number"] == AKIKO


def test_whoever_rings_while_an_operator_is_on_the_line_meets_them(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, CallParty.DRIVER)
    driver.picks_up()
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    operator.hook("take", "1")
    assert room(ring(world, CONTACT)) is not None


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("1", Answer.FINE),
        (" 3 ", Answer.AMBULANCE),
        ("３", Answer.AMBULANCE),
        ("助けて", Answer.HELP),
        ("はい", Answer.AMBULANCE),
    ],
)
def test_a_text_with_a_key_or_clear_words_is_an_answer(world: Insured, words: str, answer: Answer) -> None:
    incident_id = world.report(world.insure())
    for _ in range(2):
        text(world, DRIVER, words)
    assert world.state(incident_id).answer is answer
    assert world.events(incident_id).count("driver_wrote") == 1
    assert world.one("SELECT text FROM chat_messages WHERE party = 'driver'")["text"] == words


@pytest.mark.parametrize("words", ["ただいま運転中です。後ほどご連絡します。", "何ですか", "4"])
def test_any_other_text_is_kept_and_is_no_answer(world: Insured, words: str) -> None:
    incident_id = world.report(world.insure())
    text(world, DRIVER, words)
    assert world.state(incident_id).answer is None
    assert world.state(incident_id).phase is Phase.REACHING
    assert world.one("SELECT text FROM chat_messages")["text"] == words


def test_a_contact_writes_and_answers_for_nobody(world: Insured) -> None:
    incident_id = world.report(world.insure())
    text(world, CONTACT, "1")
    assert world.state(incident_id).answer is None
    assert world.events(incident_id).count("contact_wrote") == 1


def test_a_text_of_nobody_opens_nothing_and_says_so(world: Insured) -> None:
    world.insure()
    assert not any(text(world, number, "助けて", f"SM{number}") for number in ("+81311112222", "anonymous"))
    assert incidents(world) == []
    assert world.rows("SELECT 1 FROM chat_messages") == []


@pytest.mark.parametrize("number", [DRIVER, CONTACT])
@pytest.mark.parametrize("before", [False, True])
def test_a_text_without_an_open_incident_opens_one(world: Insured, number: str, *, before: bool) -> None:
    device = world.insure()
    if before:
        world.tell(world.report(device), close)
    for _ in range(2):
        assert text(world, number, "救急車を呼んで")
    incident_id = incidents(world)[-1]
    assert len(incidents(world)) == 1 + before
    state, party = world.state(incident_id), "driver" if number == DRIVER else "contact"
    assert (state.trigger, state.answer) == (Trigger.CALL, Answer.AMBULANCE if number == DRIVER else None)
    assert Task.TAKE in state.tasks
    assert (Task.REQUEST_AMBULANCE in state.tasks) is (number == DRIVER)
    written = world.one("SELECT party, text FROM chat_messages")
    assert written == {"party": party, "text": "救急車を呼んで"}
    sms = world.one("SELECT party, number, body FROM messages WHERE template = 'wrote'")
    assert (sms["party"], sms["number"], "/a/" in sms["body"]) == (party, number, True)


def test_a_text_to_an_incident_that_closes_meanwhile_opens_another(world: Insured) -> None:
    incident_id = world.report(world.insure())

    def write() -> bool:
        with world.connection() as conn:
            return inbound(world).write(conn, "SM1", DRIVER, "助けて")

    with world.connection() as operator:
        world.incidents.handle(operator, incident_id, close, actor="operator:akiko")
        with in_background(write) as written:
            wait_until_blocked(world)
            operator.commit()
            assert written.result(10)
    assert world.state(incidents(world)[-1]).answer is Answer.HELP
    assert len(incidents(world)) == 2


def test_all_is_well_opens_nothing(world: Insured) -> None:
    world.insure()
    assert text(world, DRIVER, "大丈夫です")
    assert text(world, DRIVER, " ", "SM2")
    assert incidents(world) == []
