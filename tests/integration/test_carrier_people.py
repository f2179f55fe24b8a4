"""People at the simulated carrier who talk, ring, write and follow links; through the real Twilio SDK."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.carrier_customer import (
    FINE,
    HELP,
    MACHINE,
    OPERATOR,
    PEOPLE,
    SILENT,
    SPEAKER,
    ended,
    furnish,
    place,
)
from support.telephone import WE, CarrierProcess, Customer, carrier, customer, twilio, until
from twilio.rest import Client

JOIN = (
    '<Response><Dial action="/left"><Conference beep="false" waitUrl="" statusCallback="/room" '
    'statusCallbackEvent="start end join leave">cb-7</Conference></Dial></Response>'
)
LISTEN = (
    '<Response><Gather input="dtmf speech" language="ja-JP" action="/heard" speechTimeout="auto" timeout="5">'
    "<Say>大丈夫ですか</Say></Gather></Response>"
)


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
        one.documents |= {"/join": JOIN, "/left": "<Response/>", "/listen": LISTEN, "/heard": "<Response/>"}
        yield one


def order(process: CarrierProcess, path: str, body: object) -> Any:
    """POST /_sim/…"""
    answer = httpx.post(f"{process.url}/_sim/{path}", json=body, trust_env=False, timeout=5)
    return answer.raise_for_status().json()


def test_a_driver_and_an_operator_meet_and_talk(shared: CarrierProcess, sdk: Client, insurer: Customer):
    # Patient enough for any machine this runs on.
    shared.put(f"people/{SILENT}", {"temperament": "silent", "patience_s": 7200})
    insurer.documents |= {"/hold": "<Response><Pause length='7000'/></Response>", "/gather": JOIN}
    driver = place(sdk, insurer, SILENT, url=f"{insurer.url}/hold")
    until(lambda: insurer.at("/hold"))
    desk = place(sdk, insurer, OPERATOR)
    sdk.calls(driver).update(url=f"{insurer.url}/join", method="POST")
    until(lambda: shared.call(desk)["status"] == "completed")

    (met,) = shared.call(desk)["conferences"]
    assert (met["name"], met["with"]) == ("cb-7", [SILENT])
    assert shared.call(desk)["pressed"] == "1"
    assert shared.call(driver)["conferences"][0]["with"] == [OPERATOR]
    assert shared.call(driver)["conferences"][0]["left_at"] is None
    sdk.calls(driver).update(status="completed")
    until(lambda: len(insurer.at("/room")) == 6 and len(insurer.at("/left")) == 2)
    # News of one moment are sent side by side and arrive in any order, as a carrier's do.
    told = [heard.params["StatusCallbackEvent"] for heard in insurer.at("/room")]
    assert sorted(told[:3]) == ["conference-start", "participant-join", "participant-join"]
    assert sorted(told[3:]) == ["conference-end", "participant-leave", "participant-leave"]
    assert {heard.params["DialCallStatus"] for heard in insurer.at("/left")} == {"answered"}
    assert all(heard.signed for heard in insurer.heard)
    (room,) = [one for one in shared.sim("conferences") if one["sid"] == met["sid"]]
    assert (room["status"], room["members"]) == ("completed", [])


def test_what_somebody_says_is_heard(shared: CarrierProcess, sdk: Client, insurer: Customer):
    sid = place(sdk, insurer, SPEAKER, url=f"{insurer.url}/listen")
    until(lambda: ended(insurer))

    (heard,) = insurer.at("/heard")
    assert (heard.params["SpeechResult"], float(heard.params["Confidence"])) == ("助けて", 0.92)
    assert "Digits" not in heard.params
    assert shared.call(sid)["words"] == ["助けて"]


def test_machines_are_detected_while_the_call_goes_on(shared: CarrierProcess, sdk: Client, insurer: Customer):
    asked: dict[str, Any] = {
        "machine_detection": "Enable",
        "async_amd": "true",
        "async_amd_status_callback": f"{insurer.url}/amd",
        "timeout": 30,
    }
    human, machine = (place(sdk, insurer, number, **asked) for number in (FINE, MACHINE))
    until(lambda: len(insurer.at("/amd")) == 2)

    said = {heard.params["CallSid"]: heard.params["AnsweredBy"] for heard in insurer.at("/amd")}
    assert said == {human: "human", machine: "machine_start"}
    assert (sdk.calls(human).fetch().answered_by, sdk.calls(machine).fetch().answered_by) == (
        *("human", "machine"),
    )
    assert all(heard.signed for heard in insurer.heard)


def test_somebody_rings_us(shared: CarrierProcess, sdk: Client, insurer: Customer):
    shared.put("number", {"voice_url": f"{insurer.url}/voice", "status_callback": f"{insurer.url}/status"})
    caller = "+819055550001"
    placed = order(shared, "inbound", {"from": caller, "to": WE, "temperament": "asks_help"})
    until(lambda: ended(insurer))

    assert (placed["direction"], placed["status"]) == ("inbound", "ringing")
    (asked,) = insurer.at("/voice")
    assert (asked.params["CallStatus"], asked.params["Direction"], asked.signed) == (
        *("ringing", "inbound", True),
    )
    assert insurer.at("/gather")[0].params["Digits"] == "2"
    assert insurer.statuses("/status") == ["completed"]
    (listed,) = sdk.calls.list(from_=caller)
    assert (listed.sid, listed.direction, listed.status) == (placed["sid"], "inbound", "completed")
    assert shared.call(placed["sid"])["pressed"] == "2"


def test_who_cannot_ring_us_is_told_why(shared: CarrierProcess, insurer: Customer):
    shared.put("number", {})
    with pytest.raises(httpx.HTTPStatusError) as caught:
        order(shared, "inbound", {"from": "+819055550001", "to": WE})
    assert caught.value.response.status_code == 400
    with pytest.raises(httpx.HTTPStatusError):
        order(shared, "inbound", {"from": "me", "to": WE})


def test_the_fallback_answers_who_rings_us(shared: CarrierProcess, insurer: Customer):
    insurer.failing.add("/voice")
    insurer.documents["/sorry"] = "<Response><Say>Sorry</Say></Response>"
    shared.put("number", {"voice_url": f"{insurer.url}/voice", "voice_fallback_url": f"{insurer.url}/sorry"})
    sid = order(shared, "inbound", {"from": "+819055550002", "to": WE})["sid"]
    until(lambda: shared.call(sid)["status"] == "completed")

    assert insurer.at("/sorry")[0].params["ErrorCode"] == "11200"
    assert shared.call(sid)["spoken"] == ["Sorry"]


def test_somebody_writes_to_us_and_is_answered(shared: CarrierProcess, sdk: Client, insurer: Customer):
    insurer.documents["/sms"] = "<Response><Message>承知しました</Message></Response>"
    shared.put("number", {"sms_url": f"{insurer.url}/sms"})
    writer = "+819055550003"
    order(shared, "inbound_sms", {"from": writer, "to": WE, "body": "助けて"})
    until(lambda: sdk.messages.list(to=writer, from_=WE))

    (asked,) = insurer.at("/sms")
    assert (asked.params["Body"], asked.params["From"], asked.signed) == ("助けて", writer, True)
    assert sdk.messages.list(to=writer)[0].body == "承知しました"
    (received,) = sdk.messages.list(from_=writer)
    assert (received.direction, received.status) == ("inbound", "received")


def test_who_cannot_hear_answers_on_the_page(shared: CarrierProcess, sdk: Client, insurer: Customer):
    number = "+819055550004"
    shared.put(f"people/{number}", {"temperament": "never_answers", "follows_link": "ambulance"})
    # The page is away at first, as while its server restarts.
    insurer.failing.add("/a/Xy-9")
    message = sdk.messages.create(to=number, from_=WE, body=f"こちらから: {insurer.url}/a/Xy-9 走行中は")
    until(lambda: insurer.at("/a/Xy-9"))
    insurer.failing.clear()
    until(lambda: len([heard for heard in insurer.at("/a/Xy-9") if heard.method == "POST"]) == 1)

    assert insurer.at("/a/Xy-9")[-1].params == {"answer": "ambulance"}
    story = next(one for one in shared.sim("messages") if one["sid"] == message.sid)
    until(lambda: _link_state(shared, str(message.sid)) == "delivered")
    assert story["direction"] == "outbound-api"


def _link_state(process: CarrierProcess, sid: str) -> str:
    story = next(one for one in process.sim("messages") if one["sid"] == sid)
    return next(callback["state"] for callback in story["callbacks"] if callback["kind"] == "link")


def test_a_carrier_killed_during_a_conference_goes_on_with_it(tmp_path: Path, insurer: Customer):
    people = PEOPLE | {
        number: {"temperament": "takes_call", "talks_s": 100, "patience_s": 7200} for number in (HELP, FINE)
    }
    with carrier(tmp_path, people=people) as mortal, twilio(mortal.url) as sdk:
        sids = [place(sdk, insurer, number, url=f"{insurer.url}/join") for number in (HELP, FINE)]
        until(lambda: "conference-start" in {h.params["StatusCallbackEvent"] for h in insurer.at("/room")})
        mortal.kill()
        mortal.start()
        assert [call["stage"] for call in mortal.sim("calls")] == ["conference", "conference"]
        until(lambda: len({heard.params["SequenceNumber"] for heard in insurer.at("/room")}) == 6)

        assert [mortal.call(sid)["status"] for sid in sids] == ["completed", "completed"]
        (room,) = mortal.sim("conferences")
        kinds = [entry["kind"] for entry in room["timeline"]]
        assert kinds == ["created", "joined", "joined", "began", "left", "left", "ended"]
        assert len({heard.params["ConferenceSid"] for heard in insurer.at("/room")}) == 1


def test_a_short_account_is_given_of_every_call(shared: CarrierProcess, sdk: Client, insurer: Customer):
    sid = place(sdk, insurer, FINE)
    until(lambda: ended(insurer))
    account = next(one for one in shared.sim("calls?short=true") if one["sid"] == sid)

    assert (account["to"], account["from"], account["direction"]) == (FINE, WE, "outbound-api")
    assert (account["pressed"], account["words"], account["conferences"]) == ("1", [], [])
    assert "timeline" not in account
    assert account["placed_at"] <= account["dialled_at"] < account["answered_at"] < account["ended_at"]
