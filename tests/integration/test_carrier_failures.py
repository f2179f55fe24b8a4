"""The simulated carrier when things go wrong: the customer away, requests lost, and the carrier killed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from support.carrier_customer import ASK, FINE, NOBODY, PEOPLE, ended, furnish, place
from support.telephone import WE, CarrierProcess, Customer, carrier, customer, twilio, until
from twilio.rest import Client


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[CarrierProcess]:
    with carrier(tmp_path_factory.mktemp("carrier"), people=PEOPLE, calls_per_s=20) as process:
        yield process


@pytest.fixture
def sdk(shared: CarrierProcess) -> Generator[Client]:
    with twilio(shared.url) as client:
        yield client


@pytest.fixture
def insurer() -> Generator[Customer]:
    with customer() as one:
        furnish(one)
        yield one


def test_a_document_is_asked_for_again_while_the_customer_restarts(
    shared: CarrierProcess, sdk: Client, insurer: Customer
):
    insurer.stop()
    sid = place(sdk, insurer, FINE, overrides="#rc=5")
    until(lambda: shared.call(sid)["status"] == "in-progress")
    time.sleep(2)
    insurer.start()
    until(lambda: ended(insurer))

    assert shared.call(sid)["pressed"] == "1"
    assert len(insurer.at("/voice")) == 1
    assert sorted(insurer.statuses("/status")) == ["completed", "in-progress", "initiated", "ringing"]


def test_without_overrides_a_customer_who_restarts_loses_the_call(
    shared: CarrierProcess, sdk: Client, insurer: Customer
):
    insurer.stop()
    sid = place(sdk, insurer, FINE)
    until(lambda: shared.call(sid)["status"] == "completed")
    insurer.start()

    kinds = [entry["kind"] for entry in shared.call(sid)["timeline"]]
    assert "application_error" in kinds
    assert shared.call(sid)["pressed"] == ""


def test_a_document_with_an_impossible_address_ends_its_call_only(
    shared: CarrierProcess, sdk: Client, insurer: Customer
):
    insurer.documents["/voice"] = "<Response><Redirect>http://[::1/next</Redirect></Response>"
    lost = place(sdk, insurer, FINE)
    until(lambda: shared.call(lost)["status"] == "completed")
    insurer.documents["/voice"] = ASK
    heard = place(sdk, insurer, FINE)
    until(lambda: shared.call(heard)["pressed"] == "1")


def test_a_document_that_fails_comes_from_the_fallback(
    shared: CarrierProcess, sdk: Client, insurer: Customer
):
    insurer.failing.add("/voice")
    insurer.documents["/sorry"] = "<Response><Say>Sorry</Say></Response>"
    sid = place(sdk, insurer, FINE, fallback_url=f"{insurer.url}/sorry", fallback_method="GET")
    until(lambda: ended(insurer))

    (sorry,) = insurer.at("/sorry")
    assert (sorry.method, sorry.signed, sorry.params["ErrorCode"]) == ("GET", True, "11200")
    assert shared.call(sid)["spoken"] == ["Sorry"]


def test_a_fragment_asks_for_retries_and_is_not_sent(shared: CarrierProcess, sdk: Client, insurer: Customer):
    insurer.failing.add("/voice")
    call = sdk.calls.create(to=FINE, from_=WE, url=f"{insurer.url}/voice?id=7#rc=1&rp=5xx")
    assert call.sid is not None
    sid = call.sid
    until(lambda: shared.call(sid)["status"] == "completed")

    assert [heard.signed for heard in insurer.at("/voice")] == [True, True]


def test_the_account_calls_one_after_the_other(tmp_path: Path, insurer: Customer):
    with carrier(tmp_path, calls_per_s=0.02) as slow, twilio(slow.url) as sdk:
        sids = [place(sdk, insurer, NOBODY, timeout=1) for _ in range(3)]
        sdk.calls(sids[1]).update(status="canceled")
        until(lambda: slow.call(sids[2])["status"] == "no-answer")

        assert slow.call(sids[1])["dialled_at"] is None
        first, last = (slow.call(sid)["timeline"][1]["at"] for sid in (sids[0], sids[2]))
        assert last > first
        assert insurer.statuses("/status").count("canceled") == 1


def test_a_lost_answer_leaves_one_call_that_the_list_shows(tmp_path: Path, insurer: Customer):
    nasty = {"lost_call_answer_p": 1, "list_lag_s": 2}
    with carrier(tmp_path, people=PEOPLE, nasty=nasty) as lossy, twilio(lossy.url) as sdk:
        with pytest.raises(requests.exceptions.ConnectionError):
            place(sdk, insurer, FINE)

        assert sdk.calls.list(to=FINE) == []
        until(lambda: sdk.calls.list(to=FINE))
        (found,) = sdk.calls.list(to=FINE)
        until(lambda: ended(insurer))
        assert {heard.params["CallSid"] for heard in insurer.heard} == {found.sid}
        assert "Traceback" not in lossy.errors()

        lossy.put("nasty", {})
        place(sdk, insurer, FINE)


def test_callbacks_come_doubled_and_out_of_order_where_asked(tmp_path: Path, insurer: Customer):
    nasty = {"callback_doubled_p": 1, "callback_reordered_p": 1, "callback_late_s": 0.1, "seed": 3}
    with carrier(tmp_path, people=PEOPLE, nasty=nasty) as rough, twilio(rough.url) as sdk:
        place(sdk, insurer, FINE)
        until(lambda: len(insurer.at("/status")) == 8)

        numbers = [int(heard.params["SequenceNumber"]) for heard in insurer.at("/status")]
        assert sorted(numbers) == [0, 0, 1, 1, 2, 2, 3, 3]
        assert numbers != sorted(numbers)


def test_a_carrier_killed_while_it_rings_goes_on(tmp_path: Path, insurer: Customer):
    people = PEOPLE | {FINE: {"temperament": "answers_fine", "answer_after_s": 40, "patience_s": 7200}}
    with carrier(tmp_path, people=people) as mortal, twilio(mortal.url) as sdk:
        sid = place(sdk, insurer, FINE, timeout=60)
        until(lambda: "ringing" in insurer.statuses("/status"))
        mortal.kill()
        mortal.start()
        until(lambda: ended(insurer))

        (story,) = mortal.sim("calls")
        assert (story["sid"], story["status"], story["pressed"]) == (sid, "completed", "1")
        assert [entry["kind"] for entry in story["timeline"]] == [
            *["placed", "dialling", "rang", "answered", "fetching", "said", "pressed", "fetching", "said"],
            "ended",
        ]
        # A callback under way at the kill may be sent again, with the same number.
        numbers = [heard.params["SequenceNumber"] for heard in insurer.at("/status")]
        assert sorted(set(numbers)) == ["0", "1", "2", "3"]
        assert len(insurer.at("/gather")) == 1
        assert [call.sid for call in sdk.calls.list()] == [sid]


def test_a_carrier_killed_again_and_again_ends_every_call_once(tmp_path: Path, insurer: Customer):
    numbers = [f"+8190111100{n:02}" for n in range(10)]
    # Patient enough to stay on the line over every restart, however long the machine takes for one.
    patient = {"temperament": "answers_fine", "patience_s": 7200}
    people = {number: dict(patient) for number in numbers}
    with carrier(tmp_path, people=people, calls_per_s=1, time_scale=0.1) as mortal, twilio(mortal.url) as sdk:
        sids = [place(sdk, insurer, number) for number in numbers]
        for _ in range(3):
            seen = len(insurer.heard)
            until(lambda seen=seen: len(insurer.heard) > seen + 3 or not sdk.calls.list(status="queued"))
            mortal.kill()
            mortal.start()
        until(lambda: {call["status"] for call in mortal.sim("calls")} == {"completed"}, 60)

        stories = mortal.sim("calls")
        assert [story["sid"] for story in stories] == sids
        assert [story["pressed"] for story in stories] == ["1"] * 10
        for story in stories:
            kinds = [entry["kind"] for entry in story["timeline"]]
            assert (kinds.count("dialling"), kinds.count("rang"), kinds.count("ended")) == (1, 1, 1)
        begun = [datetime.fromisoformat(story["dialled_at"]).timestamp() for story in stories]
        assert min(later - earlier for earlier, later in pairwise(begun)) >= 0.0985, (
            "faster than the account may"
        )
        until(lambda: all(c["state"] == "delivered" for s in mortal.sim("calls") for c in s["callbacks"]))


def test_callbacks_not_yet_delivered_survive_the_kill(tmp_path: Path, insurer: Customer):
    with carrier(tmp_path, people=PEOPLE) as mortal, twilio(mortal.url) as sdk:
        insurer.stop()
        sid = place(sdk, insurer, NOBODY, overrides="#rc=5")
        until(lambda: mortal.call(sid)["status"] == "no-answer")
        mortal.kill()
        insurer.start()
        mortal.start()
        until(lambda: len(insurer.at("/status")) == 3)

        assert sorted(insurer.statuses("/status")) == ["initiated", "no-answer", "ringing"]
        assert [callback["state"] for callback in mortal.call(sid)["callbacks"]] == ["delivered"] * 3


def test_changes_of_people_survive_a_restart_and_a_stop_is_calm(tmp_path: Path):
    with carrier(tmp_path, people=PEOPLE) as process:
        process.put(f"people/{FINE}", "busy")
        assert process.stop() == 0
        process.start()

        assert process.sim("people")[FINE]["temperament"] == "busy"
        assert process.errors() == ""


def test_a_second_carrier_on_the_same_folder_is_refused(tmp_path: Path):
    with carrier(tmp_path) as first:
        first.port = 0
        second: subprocess.Popen[bytes] = first.spawn(tmp_path / "never-ready")

        assert second.wait(30) == 1
        assert "another carrier uses" in first.errors()


def test_a_wrong_configuration_says_what_is_wrong(tmp_path: Path):
    wrong = CarrierProcess(tmp_path, time_scale=0, people={FINE: "sleepy"}).spawn(tmp_path / "never-ready")

    assert wrong.wait(30) == 2
    said = (tmp_path / "carrier.err").read_text()
    assert "time_scale: Input should be greater than 0" in said
    assert f"people.{FINE}.temperament" in said
