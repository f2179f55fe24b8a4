"""The simulated carrier through the real Twilio SDK, with webhooks whose signatures are checked."""

from __future__ import annotations

from collections.abc import Generator

import httpx
import pytest
from support.carrier_customer import FINE, MACHINE, NOBODY, PEOPLE, SILENT, ended, furnish, place
from support.telephone import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    WE,
    CarrierProcess,
    Customer,
    carrier,
    customer,
    twilio,
    until,
)
from twilio.base.exceptions import TwilioRestException
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


def test_an_answered_call_with_a_key(shared: CarrierProcess, sdk: Client, insurer: Customer):
    sid = place(sdk, insurer, FINE)
    until(lambda: ended(insurer))

    assert insurer.statuses("/status") == ["initiated", "ringing", "in-progress", "completed"]
    assert [heard.params["SequenceNumber"] for heard in insurer.at("/status")] == ["0", "1", "2", "3"]
    assert all(heard.signed and heard.params["CallSid"] == sid for heard in insurer.heard)
    (gathered,) = insurer.at("/gather")
    assert (gathered.params["Digits"], gathered.params["To"]) == ("1", FINE)
    call = sdk.calls(sid).fetch()
    assert (call.status, call.to, call.from_formatted) == ("completed", FINE, WE)
    assert call.start_time is not None
    story = shared.call(sid)
    assert story["pressed"] == "1"
    assert story["spoken"] == ["けがをされた方はいますか。問題がなければ1を押してください。", "1ですね。"]
    assert [entry["kind"] for entry in story["timeline"]] == [
        *[
            "placed",
            "dialling",
            "rang",
            "answered",
            "fetching",
            "said",
            "pressed",
            "fetching",
            "said",
            "ended",
        ]
    ]


def test_voicemail_is_reached_only_by_long_ringing_and_never_presses(
    shared: CarrierProcess, sdk: Client, insurer: Customer
):
    short = place(sdk, insurer, MACHINE)
    long = place(sdk, insurer, MACHINE, timeout=25)
    until(lambda: len([one for one in insurer.at("/status") if "CallDuration" in one.params]) == 2)

    assert shared.call(short)["status"] == "no-answer"
    story = shared.call(long)
    assert (story["status"], story["answered_by"], story["pressed"]) == ("completed", "machine", "")
    assert story["spoken"][-1] == "お返事が聞こえません。"
    assert not insurer.at("/gather")


def test_nobody_answers(sdk: Client, insurer: Customer):
    sid = place(sdk, insurer, NOBODY)
    until(lambda: ended(insurer))

    assert insurer.statuses("/status") == ["initiated", "ringing", "no-answer"]
    assert not insurer.at("/voice")
    assert sdk.calls(sid).fetch().status == "no-answer"


def test_a_ringing_call_is_cancelled(shared: CarrierProcess, sdk: Client, insurer: Customer):
    sid = place(sdk, insurer, NOBODY, timeout=600)
    until(lambda: "ringing" in insurer.statuses("/status"))
    assert sdk.calls(sid).update(status="canceled").status == "canceled"
    until(lambda: ended(insurer))

    assert insurer.statuses("/status") == ["initiated", "ringing", "canceled"]
    with pytest.raises(TwilioRestException) as caught:
        sdk.calls(sid).update(status="canceled")
    assert (caught.value.status, caught.value.code) == (400, 21220)
    assert shared.call(sid)["status"] == "canceled"


def test_an_answered_call_is_ended_by_the_client(sdk: Client, insurer: Customer):
    insurer.documents["/voice"] = "<Response><Pause length='170'/></Response>"
    sid = place(sdk, insurer, SILENT)
    until(lambda: insurer.at("/voice"))
    assert sdk.calls(sid).update(status="canceled").status == "in-progress"
    assert sdk.calls(sid).update(status="completed").status == "completed"
    until(lambda: ended(insurer))

    assert insurer.statuses("/status")[-1] == "completed"


def test_temperaments_change_while_running(shared: CarrierProcess, sdk: Client, insurer: Customer):
    number = "+819000000077"
    shared.put(f"people/{number}", {"temperament": "asks_ambulance", "answer_after_s": 1})
    place(sdk, insurer, number)
    until(lambda: insurer.at("/gather"))

    assert insurer.at("/gather")[0].params["Digits"] == "3"


def test_calls_and_filters_are_listed_in_pages(sdk: Client, insurer: Customer):
    number = "+819000000088"
    sids = [place(sdk, insurer, number, timeout=1) for _ in range(5)]
    until(lambda: str(sdk.calls(sids[-1]).fetch().status) == "no-answer")
    first = sdk.calls(sids[0]).fetch()
    assert first.start_time is not None

    assert [call.sid for call in sdk.calls.list(to=number, page_size=2)] == sids[::-1]
    assert [call.sid for call in sdk.calls.list(to=number, limit=3)] == sids[:1:-1]
    assert len(sdk.calls.list(to=number, status="no-answer", start_time_after=first.start_time)) == 5
    assert sdk.calls.list(to=number, status="ringing") == []
    assert sdk.calls.list(to="+819000000089", from_=WE) == []


def test_messages(shared: CarrierProcess, sdk: Client, insurer: Customer):
    shared.put("people/+819000000099", "unreachable")
    sent = sdk.messages.create(to=FINE, from_=WE, body="応援", status_callback=f"{insurer.url}/sms")
    lost = sdk.messages.create(
        to="+819000000099", from_=WE, body="応援", status_callback=f"{insurer.url}/lost"
    )
    until(lambda: len(insurer.at("/sms")) == 2 and len(insurer.at("/lost")) == 2)

    assert sent.status == "queued"
    assert insurer.statuses("/sms") == ["sent", "delivered"]
    assert insurer.statuses("/lost") == ["sent", "undelivered"]
    assert insurer.at("/lost")[1].params["ErrorCode"] == "30003"
    assert all(heard.signed for heard in insurer.heard)
    assert lost.sid is not None
    assert sdk.messages(lost.sid).fetch().error_code == 30003
    assert [message.sid for message in sdk.messages.list(to=FINE)] == [sent.sid]
    assert [message["body"] for message in shared.sim("messages") if message["to"] == FINE] == ["応援"]


def test_what_twilio_refuses_is_refused(shared: CarrierProcess, sdk: Client, insurer: Customer):
    with pytest.raises(TwilioRestException) as caught:
        place(sdk, insurer, "09011112222")
    assert (caught.value.status, caught.value.code) == (400, 21211)
    with pytest.raises(TwilioRestException) as caught:
        sdk.calls("CA" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)
    with twilio(shared.url, "wrong") as stranger, pytest.raises(TwilioRestException) as caught:
        place(stranger, insurer, FINE)
    assert (caught.value.status, caught.value.code) == (401, 20003)
    with httpx.Client(trust_env=False, auth=(ACCOUNT_SID, AUTH_TOKEN), base_url=shared.url) as plain:
        form = {"To": FINE, "From": WE, "Url": "https://a.example", "TimeOut": "9"}
        answer = plain.post(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json", data=form)
        assert (answer.status_code, answer.json()["code"]) == (400, 20001)
        answer = plain.get("/2010-04-01/Accounts/AC9/Calls.json")
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)
