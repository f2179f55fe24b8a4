"""Operators and customers are brought together: who is rung, who takes it, and who stays on the line meanwhile."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from support.acts import close
from support.desk import AKIKO, KENJI, Leg, leg, legs, room, said, sign_in, supervisor, verbs, waiting
from support.insured import Insured, insured_world

from incident import wording
from incident.engine.engine import Engine
from incident.escalation.commands import CallDriver, Close, SendHelp
from incident.escalation.state import Task
from incident.field import units
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Language, Outcome, Phase

JA = Language.JA
DRIVER, OPERATOR = CallParty.DRIVER, CallParty.OPERATOR


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def test_an_operator_is_rung_when_the_driver_picks_up_and_takes_it_with_1(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    operator = leg(world, incident_id, OPERATOR)
    assert (operator.row["number"], operator.row["operator"]) == (AKIKO, "akiko")
    briefing = operator.picks_up()
    assert "強い衝撃です" in said(briefing)
    assert "品川 300 あ 12-34" in said(briefing)
    assert "ご本人の電話がつながっています" in said(briefing)
    assert said(briefing).endswith(wording.desk("press_1", JA))
    joined = operator.hook("take", "1")
    conference = room(joined)
    assert conference is not None
    assert conference.text == f"cb-{incident_id}"
    assert (conference.get("endConferenceOnExit"), conference.get("startConferenceOnEnter")) == (
        "true",
        "true",
    )
    state = world.state(incident_id)
    assert (state.on_line, state.taken_by, state.phase) == ("akiko", "akiko", Phase.HELPING)
    # The driver, who hears the menu, is fetched out of it.
    assert [effect["payload"] for effect in waiting(world)] == [{"call_id": str(driver.id)}]
    met = room(driver.hook("connect"))
    assert met is not None
    assert (met.text, met.get("endConferenceOnExit")) == (f"cb-{incident_id}", "false")
    assert world.events(incident_id).count("line_connected") == 2


@pytest.mark.parametrize("digit", ["", "2", "0", "#", "11"])
def test_anything_but_1_takes_nothing(world: Insured, digit: str) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    leg(world, incident_id, DRIVER).picks_up()
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    again = operator.hook("take", digit)
    assert verbs(again) == ["Gather", "Gather", "Hangup"]
    assert world.state(incident_id).on_line is None
    assert operator.row["pressed"] is None


def test_who_is_second_hears_that_a_colleague_has_it(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    leg(world, incident_id, DRIVER).picks_up()
    sign_in(world, "kenji", KENJI)
    world.make_due(incident_id, "desk:")
    from incident.engine.engine import Engine

    Engine(world.incidents).step(world.conn)
    first, second = legs(world, incident_id, OPERATOR)
    assert second.row["operator"] == "kenji"
    first.picks_up()
    second.picks_up()
    assert room(first.hook("take", "1")) is not None
    late = second.hook("take", "1")
    assert said(late) == wording.desk("not_needed", JA)
    assert world.state(incident_id).on_line == "akiko"
    # The webhook of the first comes twice.
    assert room(first.hook("take", "1")) is not None
    assert world.events(incident_id).count("desk_answered") == 1


@pytest.mark.parametrize(
    ("what", "more", "why"),
    [
        ("stay_silent", (), "silent_on_line"),
        ("say", ("えーと", 0.9), "spoke"),
        ("say", ("大丈夫です", 0.3), "spoke"),
        ("press", ("0",), "operator"),
        ("press", ("3",), "ambulance"),
        ("say", ("人をはねた", 0.9), "ambulance"),
    ],
)
def test_who_needs_a_person_waits_for_one_and_an_operator_is_rung(
    world: Insured, what: str, more: tuple[object, ...], why: str
) -> None:
    sign_in(world)
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.make_due(incident_id, "step:0:1")
    from incident.engine.engine import Engine

    Engine(world.incidents).step(world.conn)
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    assert legs(world, incident_id, OPERATOR) == []
    held = driver.hook(what, *more)
    assert verbs(held)[-1] == "Redirect"
    assert world.state(incident_id).waiting == (DRIVER,)
    assert leg(world, incident_id, OPERATOR).row["operator"] == "akiko"
    (waits,) = world.rows(
        "SELECT data FROM incident_events WHERE incident_id = %s AND kind = 'line_waits'", incident_id
    )
    assert waits["data"]["reason"] == why
    operator = leg(world, incident_id, OPERATOR)
    assert "ご本人が電話口で待っています" in said(operator.picks_up())
    operator.hook("take", "1")
    assert [effect["payload"] for effect in waiting(world)] == [{"call_id": str(driver.id)}]


def test_keys_count_while_somebody_waits(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    driver.hook("stay_silent")
    held = driver.hook("hold", 1)
    assert 'input="dtmf"' in held
    assert f"/twilio/gather/{driver.id}" in held
    assert wording.spoken("ambulance", JA) in said(driver.hook("press", "3"))
    state = world.state(incident_id)
    assert (state.answer, state.waiting) == (Answer.AMBULANCE, (DRIVER,))
    assert Task.REQUEST_AMBULANCE in state.tasks
    # A key without meaning leads back to waiting, not to the menu.
    assert verbs(driver.hook("press", "7")) == ["Gather", "Redirect"]


def test_with_nobody_at_the_desk_the_line_is_held_on_and_says_so(world: Insured) -> None:
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    driver.hook("stay_silent")
    assert world.state(incident_id).desk_round is None
    assert "desk_overflow" in world.events(incident_id)
    for held in (*range(1, 8), 99, 100):
        document = driver.hook("hold", held)
        assert verbs(document) == ["Gather", "Redirect"], held
        if held % 2 == 0:
            assert wording.spoken("hold_alone", JA) in said(document)
            assert "119" in said(document)
            assert wording.spoken("caller_keys", JA) in said(document)


def test_a_driver_who_picks_up_while_an_operator_waits_meets_them_at_once(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    world.tell(incident_id, lambda at: CallDriver(at, "akiko"))
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    assert room(operator.hook("take", "1")) is not None
    assert said(operator.hook("wait")) == wording.desk("ringing", JA)
    driver = leg(world, incident_id, DRIVER)
    document = driver.picks_up()
    conference = room(document)
    assert conference is not None
    assert said(document).startswith(wording.spoken("connected", JA))
    assert "Gather" not in verbs(document)


def test_the_conference_has_ended(world: Insured) -> None:
    """Whoever has talked is let go; whose operator was gone before they came is held for another one."""
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    operator.hook("take", "1")
    driver.hook("connect")
    operator.status("completed")
    assert verbs(driver.hook("leave")) == ["Hangup"]
    # The same, had the operator left at once.
    world.conn.execute("UPDATE calls SET ended_at = connected_at WHERE id = %s", [operator.id])
    assert verbs(driver.hook("leave")) == ["Gather", "Redirect"]
    assert world.state(incident_id).waiting == (DRIVER,)
    assert world.state(incident_id).on_line is None


def test_an_operator_who_left_before_the_driver_came_is_followed_by_another(world: Insured) -> None:
    sign_in(world)
    sign_in(world, "kenji", KENJI)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    operator.hook("take", "1")
    operator.status("completed")
    held = driver.hook("connect")
    assert verbs(held) == ["Gather", "Redirect"]
    assert [call.row["state"] for call in legs(world, incident_id, OPERATOR)] == ["ended", "waiting"]


def test_alone_in_a_conference_a_driver_waits_for_another_operator(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    operator.hook("take", "1")
    driver.hook("connect")
    operator.status("completed")
    for _ in range(2):
        assert verbs(driver.hook("wait")) == ["Say", "Pause", "Redirect"]
    assert world.state(incident_id).waiting == (DRIVER,)
    assert world.events(incident_id).count("line_waits") == 1


def test_an_operator_about_a_closed_incident_hears_so(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    leg(world, incident_id, DRIVER).picks_up()
    operator = leg(world, incident_id, OPERATOR)
    world.tell(incident_id, close)
    assert said(operator.picks_up()) == wording.desk("over", JA)
    assert said(operator.hook("take", "1")) == wording.desk("over", JA)


def test_an_operator_hears_of_a_unit_that_says_nothing_on_the_scene_of_a_closed_incident(
    world: Insured,
) -> None:
    sign_in(world)
    sign_in(world, "kenji", KENJI)
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.unit("G-1")
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", DispatchKind.GUARD))
    dispatch = world.one("SELECT id FROM dispatches")["id"]
    for state in (DispatchState.ACCEPTED, DispatchState.ON_SCENE):
        with world.conn.transaction():
            units.report(world.conn, world.incidents, "G-1", dispatch, state)
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    assert not legs(world, incident_id, OPERATOR)
    for _ in range(2):  # asked, and then nothing was heard
        world.conn.execute(
            "UPDATE incidents SET state = jsonb_set(state, '{works,guard,safe_by}', to_jsonb(now()))"
        )
        world.make_due(incident_id, "safe:")
        Engine(world.incidents).step(world.conn)
    operator = leg(world, incident_id, OPERATOR)
    briefing = said(operator.picks_up())
    assert wording.desk("lone_worker", JA) in briefing
    assert "品川 300 あ 12-34" in briefing
    assert briefing.endswith(wording.desk("press_1", JA))
    assert said(operator.hook("take", "1")) == wording.desk("look_after", JA)
    assert world.events(incident_id).count("desk_answered") == 1
    assert said(operator.hook("take", "1")) == wording.desk("look_after", JA)  # the webhook came twice
    operator.status("completed")
    with world.conn.transaction():
        units.report(world.conn, world.incidents, "G-1", dispatch, DispatchState.COMPLETED)
    assert said(operator.hook("take", "1")) == wording.desk("over", JA)


def test_the_driver_does_not_answer_the_operator(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    world.tell(incident_id, lambda at: CallDriver(at, "akiko"))
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    operator.hook("take", "1")
    for call in legs(world, incident_id, DRIVER):
        call.status("no-answer")
    assert said(operator.hook("wait")) == wording.desk("absent", JA)
    operator.status("completed")
    assert world.state(incident_id).on_line is None


def test_an_operator_who_rings_only_themself_wakes_nobody_else(world: Insured) -> None:
    sign_in(world)
    sign_in(world, "kenji", KENJI)
    supervisor(world)
    incident_id = world.report(world.insure())
    world.tell(incident_id, lambda at: CallDriver(at, "kenji"))
    assert [call.row["operator"] for call in legs(world, incident_id, OPERATOR)] == ["kenji"]
    leg(world, incident_id, OPERATOR).status("no-answer")
    world.make_due(incident_id, "desk:")
    from incident.engine.engine import Engine

    Engine(world.incidents).step(world.conn)
    assert [call.row["operator"] for call in legs(world, incident_id, OPERATOR)] == ["kenji"]
    assert world.state(incident_id).desk_round is None


def test_a_conversation_that_is_recorded_is_announced_to_both(database_url: str) -> None:
    with insured_world(database_url, record_calls=True) as world:
        sign_in(world, language=Language.EN)
        incident_id = world.report(world.insure())
        driver = leg(world, incident_id, DRIVER)
        driver.picks_up()
        operator = leg(world, incident_id, OPERATOR)
        assert said(operator.picks_up()).endswith("Press 1 to take it.")
        both = [operator.hook("take", "1"), driver.hook("connect")]
        assert "This conversation is recorded." in said(both[0])
        assert "この通話は録音されます" in said(both[1])
        for document in both:
            conference = room(document)
            assert conference is not None
            assert conference.get("record") == "record-from-start"
        for _ in range(2):
            with world.conn.transaction():
                operator.talk.recorded(world.conn, operator.id, "RE1", "95")
        assert world.events(incident_id).count("recorded") == 1


def test_the_guess_at_voicemail_is_a_hint_and_nothing_else(world: Insured) -> None:
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    before = world.state(incident_id)
    for guess in ("machine_start", "machine_start"):
        with world.conn.transaction():
            _calls(driver).detected(world.conn, driver.id, guess)
    assert world.state(incident_id) == before
    assert world.events(incident_id).count("call_detected") == 1
    assert driver.row["machine"] is True
    assert "留守番電話の可能性" in said(leg(world, incident_id, OPERATOR).picks_up())
    with world.conn.transaction():
        _calls(driver).detected(world.conn, driver.id, "unknown")
    assert driver.row["machine"] is None


def _calls(one: Leg):
    from incident.voice.calls import Calls

    return Calls(one.world.incidents)


def test_slow_speech_for_who_asked_for_it(world: Insured) -> None:
    device = world.insure()
    world.conn.execute("UPDATE policyholders SET reach = 'slow_voice', reach_consent_at = now()")
    incident_id = world.report(device)
    document = leg(world, incident_id, DRIVER).picks_up()
    assert said(document).count("まず、安全な場所にいてください。") == 2
    assert 'rate="70%"' in document
    assert 'timeout="12"' in document


def test_an_operators_end_that_was_missed_is_asked_for(world: Insured) -> None:
    """Otherwise that operator would never be rung again, and whoever is alone in the conference wait for ever."""
    sign_in(world)
    incident_id = world.report(world.insure())
    driver = leg(world, incident_id, DRIVER)
    driver.picks_up()
    operator = leg(world, incident_id, OPERATOR)
    operator.picks_up()
    operator.hook("take", "1")
    driver.hook("connect")
    for _ in range(2):
        driver.hook("wait")
    assert [effect["payload"] for effect in waiting(world, "check_call")] == [{"call_id": str(operator.id)}]
    world.conn.execute("DELETE FROM outbox WHERE kind = 'check_call'")
    world.conn.execute(
        "UPDATE calls SET answered_at = answered_at - interval '6 minutes' WHERE party = 'operator'"
    )
    other = world.report(world.insure("car-0002", driver="+819000000003"))
    leg(world, other, DRIVER).picks_up()
    assert [effect["payload"] for effect in waiting(world, "check_call")] == [{"call_id": str(operator.id)}]
