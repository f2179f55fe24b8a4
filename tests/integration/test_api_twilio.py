"""The carrier's webhooks: signed, in any order, twice, and before the answer to our own request."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from itertools import permutations
from typing import Any
from urllib.parse import urldefrag
from uuid import UUID, uuid4
from xml.etree import ElementTree

import httpx
import pytest
from support.backend import (
    PUBLIC_URL,
    Backend,
    allow_connections,
    running_backend,
    terminate_connections,
)
from twilio.request_validator import RequestValidator

from incident.voice.dialer import SQL as DIALER_SQL
from runtime.database import connect
from schemas.impact import Severity

SID = "CA" + "1" * 32


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def ringing(api: Backend, severity: Severity = Severity.SEVERE) -> tuple[UUID, UUID]:
    """A severe incident and its first call, whose request has gone out and was not answered."""
    api.insure()
    incident_id = api.report(severity=severity)
    with connect(api.url, name="test") as conn:
        claimed = conn.execute(
            DIALER_SQL["claim_call"],
            {
                "gap": timedelta(0),
                "lease": timedelta(seconds=30),
                "longest_ring": timedelta(seconds=60),
                "longest_talk": timedelta(minutes=10),
            },
        ).fetchone()
    assert claimed is not None
    return incident_id, claimed["id"]


def call(api: Backend, call_id: UUID) -> dict[str, Any]:
    (row,) = api.sql("SELECT * FROM calls WHERE id = %s", call_id)
    return row


def status(api: Backend, call_id: UUID, word: str, sid: str = SID) -> None:
    answer = api.twilio(
        f"/twilio/status/{call_id}", {"CallSid": sid, "CallStatus": word, "SequenceNumber": "0"}
    )
    assert (answer.status_code, answer.content) == (204, b"")


def words(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/xml")
    return "".join(ElementTree.fromstring(answer.content).itertext())


def kinds(api: Backend, incident_id: UUID) -> list[str]:
    rows = api.sql("SELECT kind FROM incident_events WHERE incident_id = %s ORDER BY id", incident_id)
    return [row["kind"] for row in rows]


def test_a_call_tells_who_asks_and_what_the_keys_are(api: Backend) -> None:
    _, call_id = ringing(api)
    answer = api.twilio(f"/twilio/voice/{call_id}", {"CallSid": SID, "CallStatus": "in-progress"})
    assert "佐藤 太郎様のお車(白 Prius 品川 300 あ 12-34)" in words(answer)
    gathers = ElementTree.fromstring(answer.content).findall("Gather")
    assert [(gather.get("action"), gather.get("numDigits")) for gather in gathers] == [
        (f"{PUBLIC_URL}/twilio/gather/{call_id}#rc=5&rp=all", "1")
    ] * 2
    redirect = ElementTree.fromstring(answer.content).find("Redirect")
    assert redirect is not None
    assert redirect.text == f"{PUBLIC_URL}/twilio/silent/{call_id}#rc=5&rp=all"
    assert (call(api, call_id)["state"], call(api, call_id)["sid"]) == ("answered", SID)


@pytest.mark.parametrize(
    ("digit", "phase", "answer", "said"),
    [
        ("1", "settling", "fine", "のちほど担当者からお電話"),
        ("2", "helping", "help", "応援を手配します"),
        ("3", "helping", "ambulance", "救急の手配を進めます"),
        ("0", "helping", "operator", "担当者におつなぎします"),
        ("9", "reaching", None, "その番号はご利用いただけません"),
        ("", "reaching", None, "その番号はご利用いただけません"),
        ("22", "reaching", None, "その番号はご利用いただけません"),
    ],
)
def test_a_key_is_recorded_before_it_is_confirmed(
    api: Backend, digit: str, phase: str, answer: str | None, said: str
) -> None:
    incident_id, call_id = ringing(api)
    assert said in words(api.twilio(f"/twilio/gather/{call_id}", {"CallSid": SID, "Digits": digit}))
    view = api.get(f"/v1/incidents/{incident_id}")
    assert (view["phase"], view["answer"]) == (phase, answer)
    assert call(api, call_id)["pressed"] == (digit if answer else None)
    assert view["tasks"].count("request_ambulance") == (answer == "ambulance")


def test_the_same_key_twice_counts_once(api: Backend) -> None:
    incident_id, call_id = ringing(api)
    api.unit()
    for _ in range(2):
        words(api.twilio(f"/twilio/gather/{call_id}", {"CallSid": SID, "Digits": "2"}))
    assert kinds(api, incident_id).count("dispatch_requested") == 1


def test_a_call_about_something_settled_says_so(api: Backend) -> None:
    incident_id, call_id = ringing(api)
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "false_alarm"})
    for webhook in ("voice", "gather", "silent"):
        answer = api.twilio(f"/twilio/{webhook}/{call_id}", {"CallSid": SID, "Digits": "1"})
        assert "対応が済んでいます" in words(answer)
    for key in "023":
        answer = api.twilio(f"/twilio/gather/{call_id}", {"CallSid": SID, "Digits": key})
        assert "119番または110番に直接おかけください" in words(answer)
    assert api.get(f"/v1/incidents/{incident_id}")["phase"] == "closed"


def test_who_stays_silent_is_held_for_a_person_and_never_just_hung_up_on(api: Backend) -> None:
    incident_id, call_id = ringing(api)
    answer = api.twilio(f"/twilio/silent/{call_id}", {"CallSid": SID})
    assert "お返事が聞こえません" in words(answer)
    alarms = api.sql(
        "SELECT data FROM incident_events WHERE incident_id = %s AND kind = 'operator_alarmed'", incident_id
    )
    assert [alarm["data"]["reason"] for alarm in alarms][-2:] == ["silent_on_line", "nobody_came"]
    # Nobody is at the desk: the machine says so, and holds the line for as long as they stay.
    for rounds in range(12):
        redirect = ElementTree.fromstring(answer.content).find("Redirect")
        assert redirect is not None
        assert redirect.text == f"{PUBLIC_URL}/twilio/hold/{call_id}?held={rounds + 1}#rc=5&rp=all"
        answer = api.twilio(urldefrag(redirect.text.removeprefix(PUBLIC_URL)).url, {"CallSid": SID})
    assert "119番または110番" in answer.text


@pytest.mark.parametrize(
    "order", list(permutations(["initiated", "ringing", "in-progress", "completed"]))[::5]
)
def test_statuses_in_any_order_and_doubled_end_the_same(api: Backend, order: tuple[str, ...]) -> None:
    incident_id, call_id = ringing(api)
    for word in order:
        status(api, call_id, word)
        status(api, call_id, word)
    assert (call(api, call_id)["state"], call(api, call_id)["end_status"]) == ("ended", "completed")
    assert kinds(api, incident_id).count("call_ended") == 1
    assert len(kinds(api, incident_id)) == len(
        [kind for kind in kinds(api, incident_id) if not kind.startswith("call_")]
    ) + len({kind for kind in kinds(api, incident_id) if kind.startswith("call_")})


def test_a_webhook_before_the_answer_to_our_request_settles_it(api: Backend) -> None:
    _, call_id = ringing(api)
    assert api.sql("SELECT state FROM outbox WHERE id = %s", call_id) == [{"state": "sending"}]
    status(api, call_id, "ringing")
    assert api.sql("SELECT state FROM outbox WHERE id = %s", call_id) == [{"state": "done"}]
    assert (call(api, call_id)["state"], call(api, call_id)["sid"]) == ("ringing", SID)


def test_words_of_the_carrier_that_are_not_known_change_nothing(api: Backend) -> None:
    _, call_id = ringing(api)
    status(api, call_id, "transcending")
    status(api, call_id, "")
    assert call(api, call_id)["state"] == "sending"


def test_calls_and_messages_that_are_not_ours_are_answered_politely(api: Backend) -> None:
    nobody = uuid4()
    for webhook in ("voice", "gather", "silent", "hold", "desk", "connect", "wait", "left"):
        answer = api.twilio(f"/twilio/{webhook}/{nobody}", {"CallSid": SID, "Digits": "1"})
        assert "対応が済んでいます" in words(answer)
        assert ElementTree.fromstring(answer.content).find("Hangup") is not None
    status(api, nobody, "ringing")
    for webhook in ("amd", "recorded"):
        form = {"CallSid": SID, "AnsweredBy": "human", "RecordingSid": "RE1"}
        assert api.twilio(f"/twilio/{webhook}/{nobody}", form).status_code == 204
    assert (
        api.twilio(f"/twilio/sms/{nobody}", {"MessageSid": "SM1", "MessageStatus": "sent"}).status_code == 204
    )


def test_the_signature_is_over_the_exact_public_address_and_form(api: Backend) -> None:
    _, call_id = ringing(api)
    path = f"/twilio/hold/{call_id}"
    form = {"CallSid": SID, "CallStatus": "in-progress", "FromCity": "", "Extra": "東京 & co+x"}
    assert api.twilio(f"{path}?held=2&x=%E3%81%82+b", form).status_code == 200
    wrong = [
        api.twilio(f"{path}?held=2", form, signed_path=path),
        api.twilio(path, form, signed_path=f"{path}?held=2"),
        api.twilio(f"{path}?held=2&x=1", form, signed_path=f"{path}?x=1&held=2"),
        api.twilio(path, form, token="another-token"),
        api.twilio(path, form, signed_path=f"/twilio/voice/{call_id}"),
    ]
    assert [answer.status_code for answer in wrong] == [403] * len(wrong)
    where_it_listens = str(api.client.base_url).rstrip("/") + path
    signature = RequestValidator("carrier-token").compute_signature(where_it_listens, form)
    answer = api.client.post(path, data=form, headers={"X-Twilio-Signature": str(signature)})
    assert answer.status_code == 403
    signature = RequestValidator("carrier-token").compute_signature(PUBLIC_URL + path, form)
    answer = api.client.post(
        path, data=form | {"Digits": "1"}, headers={"X-Twilio-Signature": str(signature)}
    )
    assert answer.status_code == 403


def test_without_a_token_of_ours_no_signature_fits(database_url: str) -> None:
    with running_backend(database_url, twilio_auth_token="") as api:
        answer = api.twilio(f"/twilio/status/{uuid4()}", {"CallSid": SID, "CallStatus": "ringing"}, token="")
        assert answer.status_code == 403


def test_without_a_database_the_carrier_is_asked_to_come_again(api: Backend) -> None:
    incident_id, call_id = ringing(api)
    terminate_connections(api.url)
    try:
        for webhook in ("voice", "gather", "status"):
            form = {"CallSid": SID, "Digits": "2", "CallStatus": "in-progress"}
            answer = api.twilio(f"/twilio/{webhook}/{call_id}", form)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
    finally:
        allow_connections(api.url)
    assert "応援" in words(api.twilio(f"/twilio/gather/{call_id}", {"CallSid": SID, "Digits": "2"}))
    assert api.get(f"/v1/incidents/{incident_id}")["answer"] == "help"


@pytest.mark.parametrize(
    ("of", "said"),
    [("0b0f6a54-8d3c-4d58-9a1e-0123456789ab", "おかけ直しします"), ("inbound", "もう一度おかけください")],
)
def test_the_fallback_needs_neither_database_nor_signature(api: Backend, of: str, said: str) -> None:
    terminate_connections(api.url)
    try:
        answer = api.client.post(f"/twilio/fallback/{of}", data={"ErrorCode": "11200"})
    finally:
        allow_connections(api.url)
    assert said in words(answer)
    assert "119番" in words(answer)
    assert "dial 119" in words(answer)


@pytest.mark.parametrize(
    ("heard", "answer", "phase"),
    [
        ({"SpeechResult": "大丈夫です", "Confidence": "0.92"}, "fine", "settling"),
        ({"SpeechResult": "助けて", "Confidence": "0.8"}, "help", "helping"),
        ({"SpeechResult": "はい", "Confidence": "0.9"}, "ambulance", "helping"),
        ({"SpeechResult": "大丈夫です", "Confidence": "0.3"}, None, "reaching"),
        ({"SpeechResult": "大丈夫です", "Confidence": "x"}, None, "reaching"),
        ({"SpeechResult": "いいえ", "Confidence": "0.9"}, None, "reaching"),
        ({"SpeechResult": "大丈夫です", "Confidence": "0.9", "Digits": "3"}, "ambulance", "helping"),
    ],
)
def test_what_is_said_counts_like_a_key_and_is_kept_apart_from_the_record(
    api: Backend, heard: dict[str, str], answer: str | None, phase: str
) -> None:
    incident_id, call_id = ringing(api)
    document = words(api.twilio(f"/twilio/gather/{call_id}", {"CallSid": SID, **heard}))
    view = api.get(f"/v1/incidents/{incident_id}")
    assert (view["answer"], view["phase"]) == (answer, phase)
    if answer is None:
        assert "担当者におつなぎします" in document
    if "Digits" not in heard:
        assert call(api, call_id)["spoken"] == heard["SpeechResult"]
    assert not api.sql(
        "SELECT 1 FROM incident_events WHERE incident_id = %s AND data::text LIKE %s",
        *(incident_id, f"%{heard['SpeechResult']}%"),
    )


def test_voicemail_is_a_hint(api: Backend) -> None:
    incident_id, call_id = ringing(api)
    status(api, call_id, "in-progress")
    for guess in ("machine_end_beep", "machine_end_beep"):
        answer = api.twilio(f"/twilio/amd/{call_id}", {"CallSid": SID, "AnsweredBy": guess})
        assert answer.status_code == 204
    assert call(api, call_id)["machine"] is True
    assert kinds(api, incident_id).count("call_detected") == 1
    assert api.get(f"/v1/incidents/{incident_id}")["answer"] is None


def text_message(api: Backend) -> tuple[UUID, UUID]:
    """An incident and an SMS about it, whose request has gone out and was not answered."""
    api.insure()
    incident_id = api.report()
    message_id = uuid4()
    api.sql(
        "INSERT INTO messages (id, incident_id, channel, template, language, number, body)"
        " VALUES (%s, %s, 'sms', 'light', 'ja', '+819012345678', 'x')",
        *(message_id, incident_id),
    )
    api.sql(
        "INSERT INTO outbox (id, incident_id, kind, payload, due_at, state)"
        " VALUES (%s, %s, 'sms', '{}', now(), 'sending')",
        *(message_id, incident_id),
    )
    return incident_id, message_id


@pytest.mark.parametrize(
    ("statuses", "state", "failures"),
    [
        (("queued", "sent", "delivered"), "delivered", 0),
        (("delivered", "sent", "queued"), "delivered", 0),
        (("sent", "undelivered", "undelivered", "sent"), "failed", 1),
        (("failed", "sent"), "failed", 1),
        (("delivered", "failed"), "delivered", 0),
        (("sending",), "sent", 0),
        (("vanished",), "waiting", 0),
    ],
)
def test_news_of_an_sms_move_it_forward_only(
    api: Backend, statuses: tuple[str, ...], state: str, failures: int
) -> None:
    incident_id, message_id = text_message(api)
    for word in statuses:
        form = {"MessageSid": "SM1", "MessageStatus": word, "ErrorCode": "30003"}
        assert api.twilio(f"/twilio/sms/{message_id}", form).status_code == 204
    (message,) = api.sql("SELECT state, sid FROM messages WHERE id = %s", message_id)
    assert message == {"state": state, "sid": None if state == "waiting" else "SM1"}
    outbox = api.sql("SELECT state FROM outbox WHERE id = %s", message_id)
    assert outbox == [{"state": "sending" if state == "waiting" else "done"}]
    assert kinds(api, incident_id).count("effect_failed") == failures
