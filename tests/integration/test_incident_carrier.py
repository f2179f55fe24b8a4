"""Engine and senders against the simulated carrier: the whole ladder, and a carrier that loses its answers."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest
from support.desk import AKIKO, KENJI, SUPERVISOR, sign_in, supervisor
from support.insured import CONTACT, DRIVER, queue_call
from support.telephone import CarrierProcess, until
from support.telephone_world import SCALE, telephone_world

from incident.escalation.state import Task
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, Phase


def seconds(process: CarrierProcess, number: str) -> list[float]:
    """When calls to a number were placed, in seconds of the plan, counted from the first of all calls."""
    stories = process.sim("calls")
    first = min(_epoch(story["placed_at"]) for story in stories)
    return [
        round((_epoch(story["placed_at"]) - first) / SCALE, 1) for story in stories if story["to"] == number
    ]


def _epoch(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def meetings(process: CarrierProcess, room: str) -> set[str]:
    """The numbers of those who met somebody in a conference."""
    return {
        story["to"]
        for story in process.sim("calls?short=1")
        for joined in story["conferences"]
        if joined["name"] == room and joined["with"]
    }


def test_a_severe_crash_nobody_answers_goes_up_the_ladder(database_url: str, tmp_path: Path) -> None:
    people = {DRIVER: "voicemail", CONTACT: "answers_fine"}
    with telephone_world(tmp_path, database_url, people) as (world, process):
        world.unit("guard-1")
        incident_id = world.report(world.insure())
        until(lambda: "answered" in world.events(incident_id), 20)
        until(lambda: all(story["stage"] == "ended" for story in process.sim("calls")), 20)
        until(lambda: not world.rows("SELECT 1 FROM calls WHERE state <> 'ended'"), 20)
        driver, contact = seconds(process, DRIVER), seconds(process, CONTACT)
        assert driver == pytest.approx([0, 30], abs=4)
        assert contact == pytest.approx([60], abs=4)
        # 14 s of ringing never reach the voicemail.
        assert {story["status"] for story in process.sim("calls") if story["to"] == DRIVER} == {"no-answer"}
        state = world.state(incident_id)
        assert state.phase is Phase.REACHING
        assert {Task.TAKE, Task.REQUEST_AMBULANCE, Task.CALL_BACK} <= set(state.tasks)
        assert world.one("SELECT unit_id FROM dispatches")["unit_id"] == "guard-1"
        assert not world.rows("SELECT 1 FROM calls WHERE possible_duplicate")


@pytest.mark.parametrize(
    ("person", "answer", "phase", "last_words"),
    [
        ("answers_fine", Answer.FINE, Phase.CLOSED, "承知しました。どうぞお気をつけて。"),
        ("asks_help", Answer.HELP, Phase.HELPING, "このまま担当者におつなぎします。切らずにお待ちください。"),
        ("asks_ambulance", Answer.AMBULANCE, Phase.HELPING, "119番に直接おかけください。"),
        ("wrong_key", Answer.FINE, Phase.CLOSED, "承知しました。どうぞお気をつけて。"),
    ],
)
def test_what_a_person_presses_is_what_happens(
    database_url: str, tmp_path: Path, person: str, answer: Answer, phase: Phase, last_words: str
) -> None:
    with telephone_world(tmp_path, database_url, {DRIVER: person}) as (world, process):
        incident_id = world.report(world.insure(), Severity.MODERATE)
        until(lambda: world.state(incident_id).answer is not None, 20)
        until(lambda: world.call(incident_id)["state"] == "ended", 20)
        (story,) = process.sim("calls")
        assert world.state(incident_id).answer is answer
        assert world.state(incident_id).phase is phase
        assert any(words.endswith(last_words) for words in story["spoken"])
        assert world.events(incident_id).count("answered") == 1


def test_who_stays_silent_is_held_and_an_operator_called_to_the_line(
    database_url: str, tmp_path: Path
) -> None:
    with telephone_world(tmp_path, database_url, {DRIVER: "silent"}) as (world, process):
        incident_id = world.report(world.insure(), Severity.MODERATE)
        until(lambda: Task.TAKE in world.state(incident_id).tasks, 20)
        (story,) = process.sim("calls")
        assert any("担当者におつなぎします" in words for words in story["spoken"])
        assert story["stage"] != "ended"
        assert world.state(incident_id).answer is None


@pytest.mark.parametrize(
    "person", ["silent", "mumbles", "wants_operator", "asks_ambulance", "speaks_yes", "speaks_no", "pocket"]
)
def test_whoever_needs_a_person_talks_with_an_operator(
    database_url: str, tmp_path: Path, person: str
) -> None:
    people = {DRIVER: person, AKIKO: "takes_call"}
    with telephone_world(tmp_path, database_url, people) as (world, process):
        sign_in(world)
        incident_id = world.report(world.insure(), Severity.MODERATE)
        until(lambda: meetings(process, f"cb-{incident_id}") == {DRIVER, AKIKO}, 40)
        state = world.state(incident_id)
        assert (state.on_line, state.taken_by) == ("akiko", "akiko")
        assert state.answer is (
            Answer.AMBULANCE if person in ("asks_ambulance", "speaks_yes") else state.answer
        )
        assert world.events(incident_id).count("line_connected") == 2
        assert not world.rows("SELECT 1 FROM calls WHERE possible_duplicate")


def test_a_severe_call_meets_an_operator_and_both_hang_up(database_url: str, tmp_path: Path) -> None:
    people = {DRIVER: {"temperament": "presses_late", "talks_s": 20}, AKIKO: "takes_call"}
    with telephone_world(tmp_path, database_url, people) as (world, process):
        sign_in(world)
        world.unit("guard-1")
        incident_id = world.report(world.insure())
        until(lambda: meetings(process, f"cb-{incident_id}") == {DRIVER, AKIKO}, 40)
        until(lambda: all(story["stage"] == "ended" for story in process.sim("calls")), 40)
        until(lambda: not world.rows("SELECT 1 FROM calls WHERE state <> 'ended'"), 20)
        assert world.state(incident_id).on_line is None
        assert [story["to"] for story in process.sim("calls")] == [DRIVER, AKIKO]


def test_operators_who_let_it_ring_are_followed_by_the_others_and_the_supervisor(
    database_url: str, tmp_path: Path
) -> None:
    people = {DRIVER: "silent", AKIKO: "never_answers", KENJI: "voicemail", SUPERVISOR: "takes_call"}
    with telephone_world(tmp_path, database_url, people) as (world, process):
        sign_in(world)
        sign_in(world, "kenji", KENJI)
        supervisor(world)
        incident_id = world.report(world.insure(), Severity.MODERATE)
        until(lambda: meetings(process, f"cb-{incident_id}") == {DRIVER, SUPERVISOR}, 60)
        assert world.state(incident_id).on_line == "boss"


def test_lost_answers_and_torn_webhooks_lose_no_call_and_double_none(
    database_url: str, tmp_path: Path
) -> None:
    """40 calls through four senders; three in ten answers are lost, callbacks are late, doubled and out of order."""
    nasty = {
        "lost_call_answer_p": 0.3,
        "callback_doubled_p": 0.3,
        "callback_late_p": 0.5,
        "callback_late_s": 1.0,
        "callback_reordered_p": 0.3,
        "callback_lost_p": 0.1,
        "seed": 11,
    }
    with telephone_world(tmp_path, database_url, {}, senders=4, **nasty) as (world, process):
        incident_id = world.report(world.insure(driver=None, contact=None))
        numbers = [f"+8190000002{n:02}" for n in range(40)]
        ids = [queue_call(world, incident_id, number, n + 100) for n, number in enumerate(numbers)]
        unresolved = "SELECT 1 FROM outbox WHERE kind = 'call' AND state <> 'done'"
        until(lambda: not world.rows(unresolved), 60)
        until(lambda: all(story["stage"] == "ended" for story in process.sim("calls")), 30)
        time.sleep(1.5)  # the latest callbacks
        stories = process.sim("calls")
        assert sorted(story["to"] for story in stories) == numbers
        rows = {row["id"]: row for row in world.rows("SELECT id, sid, state, possible_duplicate FROM calls")}
        assert {rows[call]["sid"] for call in ids} == {story["sid"] for story in stories}
        assert not any(row["possible_duplicate"] for row in rows.values())
        assert [row["state"] for row in rows.values()].count("ended") > 25  # a tenth of the callbacks is lost


def test_a_carrier_that_is_away_gets_the_calls_when_it_is_back(database_url: str, tmp_path: Path) -> None:
    with telephone_world(tmp_path, database_url, {DRIVER: "answers_fine"}) as (world, process):
        process.kill()
        incident_id = world.report(world.insure(contact=None))
        until(lambda: world.call(incident_id)["error"] is not None, 10)
        # Between two tries; during one it is being sent.
        until(lambda: world.call(incident_id)["state"] == "waiting", 10)
        process.start()
        until(lambda: world.state(incident_id).phase is Phase.SETTLING, 20)
        assert [story["to"] for story in process.sim("calls")] == [DRIVER]
        assert world.call(incident_id, CallParty.DRIVER)["pressed"] == "1"
