"""Conversations in writing: by page, app and SMS with the operators, and whoever is told of it."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.backend import ADMIN, POLICY, PUBLIC_URL, Backend, running_backend

from incident.record import links
from runtime.database import connect
from schemas.impact import Severity
from schemas.incident import CallParty


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


@pytest.fixture
def incident_id(api: Backend) -> UUID:
    """A severe incident; what it queued is forgotten."""
    api.insure()
    opened = api.report()
    api.sql("UPDATE outbox SET state = 'expired'")
    return opened


def path(api: Backend, incident_id: UUID, party: CallParty = CallParty.DRIVER) -> str:
    with connect(api.url, name="test") as conn:
        return links.address(conn, PUBLIC_URL, incident_id, party).removeprefix(PUBLIC_URL)


def page_writes(api: Backend, incident_id: UUID, text: str, form: str = "", party: str = "driver") -> None:
    address = f"{path(api, incident_id, CallParty(party))}/write"
    response = api.client.post(address, data={"form": form or str(uuid4()), "text": text})
    assert response.status_code == 303
    assert response.headers["location"].startswith("../")


def conversation(api: Backend, incident_id: UUID, party: str = "driver") -> list[tuple[str | None, str]]:
    found = api.get(f"/v1/incidents/{incident_id}/messages?with={party}")["messages"]
    return [(one["operator"], one["text"]) for one in found]


def queued(api: Backend) -> list[tuple[str, str]]:
    rows = api.sql(
        "SELECT kind, template FROM outbox JOIN messages USING (id) WHERE outbox.state = 'pending'"
    )
    return sorted((row["kind"], row["template"]) for row in rows)


def events(api: Backend, incident_id: UUID, kind: str) -> list[dict[str, Any]]:
    rows = api.sql(
        "SELECT data FROM incident_events WHERE incident_id = %s AND kind = %s ORDER BY id", incident_id, kind
    )
    return [row["data"] for row in rows]


def test_what_a_driver_writes_is_kept_and_calls_an_operator(api: Backend, incident_id: UUID) -> None:
    page_writes(api, incident_id, "  足が痛くて、\n声が出せません。 ")
    assert conversation(api, incident_id) == [(None, "足が痛くて、\n声が出せません。")]
    (wrote,) = events(api, incident_id, "driver_wrote")
    assert wrote == {"message_id": str(api.sql("SELECT id FROM chat_messages")[0]["id"]), "via": "link"}
    assert events(api, incident_id, "operator_alarmed")[-1]["reason"] == "wrote"
    shown = api.client.get(path(api, incident_id)).text
    assert "声が出せません。" in shown
    assert "あなた" in shown
    # No machine acts upon it: the plan goes on.
    assert api.get(f"/v1/incidents/{incident_id}")["phase"] == "reaching"


def test_the_record_holds_no_words_and_they_can_be_erased(api: Backend, incident_id: UUID) -> None:
    page_writes(api, incident_id, "血液型はA型です")
    api.post(f"/v1/incidents/{incident_id}/messages", {"text": "名前を教えてください"})
    record = str(api.sql("SELECT data FROM incident_events"))
    assert "血液型" not in record
    assert "名前を" not in record
    api.sql("DELETE FROM chat_messages")
    assert conversation(api, incident_id) == []


def test_a_form_sent_twice_is_one_message(api: Backend, incident_id: UUID) -> None:
    form = str(uuid4())
    for _ in range(3):
        page_writes(api, incident_id, "助けて", form)
    assert len(conversation(api, incident_id)) == 1
    assert len(events(api, incident_id, "driver_wrote")) == 1


@pytest.mark.parametrize("text", ["", "   ", "\x00\x00"])
def test_nothing_written_is_nothing(api: Backend, incident_id: UUID, text: str) -> None:
    page_writes(api, incident_id, text)
    assert conversation(api, incident_id) == []


def test_too_much_is_cut_and_what_looks_like_html_is_shown_as_it_is(api: Backend, incident_id: UUID) -> None:
    page_writes(api, incident_id, "<script>alert(1)</script>&" + "あ" * 2000)
    ((_, text),) = conversation(api, incident_id)
    assert len(text) == 1000
    shown = api.client.get(path(api, incident_id)).text
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in shown


def test_who_has_been_taken_over_alarms_no_more(api: Backend, incident_id: UUID) -> None:
    api.post(f"/v1/incidents/{incident_id}/take")
    before = len(events(api, incident_id, "operator_alarmed"))
    page_writes(api, incident_id, "待っています")
    assert len(events(api, incident_id, "operator_alarmed")) == before
    assert len(events(api, incident_id, "driver_wrote")) == 1


def test_an_operator_answers_on_the_page_and_by_sms_to_who_looks_away(
    api: Backend, incident_id: UUID
) -> None:
    found = api.post(f"/v1/incidents/{incident_id}/messages", {"text": "どこが痛みますか。"})
    assert [(one["operator"], one["text"]) for one in found["messages"]] == [("sato", "どこが痛みますか。")]
    assert queued(api) == [("push", "operator_wrote"), ("sms", "operator_wrote")]
    (sms,) = api.sql("SELECT body, number FROM messages WHERE channel = 'sms'")
    assert sms["number"] == "+819012345678"
    assert re.search(r"https://button\.example\.jp/api/a/[\w-]{12}$", sms["body"])
    shown = api.client.get(path(api, incident_id)).text
    assert "どこが痛みますか。" in shown
    assert "担当者" in shown
    # Told once, and not at all while they write.
    api.post(f"/v1/incidents/{incident_id}/messages", {"text": "聞こえますか。"})
    page_writes(api, incident_id, "右足です")
    api.sql("UPDATE outbox SET state = 'expired'")
    api.post(f"/v1/incidents/{incident_id}/messages", {"text": "動かさないでください。"})
    assert queued(api) == [("push", "operator_wrote")]
    assert len(api.sql("SELECT 1 FROM messages WHERE channel = 'sms'")) == 1


def test_an_operator_who_sends_again_writes_once(api: Backend, incident_id: UUID) -> None:
    body = {"text": "もしもし", "id": str(uuid4())}
    for _ in range(2):
        api.post(f"/v1/incidents/{incident_id}/messages", body)
    assert conversation(api, incident_id) == [("sato", "もしもし")]
    assert len(events(api, incident_id, "operator_wrote")) == 1
    assert len(api.sql("SELECT 1 FROM messages WHERE template = 'operator_wrote'")) == 2  # one push, one SMS


def test_conversations_with_driver_and_contact_are_apart(api: Backend, incident_id: UUID) -> None:
    page_writes(api, incident_id, "妻には言わないでください")
    page_writes(api, incident_id, "夫は無事ですか", party="contact")
    api.post(f"/v1/incidents/{incident_id}/messages", {"text": "確認しています", "to": "contact"})
    assert conversation(api, incident_id, "contact") == [(None, "夫は無事ですか"), ("sato", "確認しています")]
    contact = api.client.get(path(api, incident_id, CallParty.CONTACT)).text
    assert "言わないで" not in contact
    assert "確認しています" in contact
    assert len(events(api, incident_id, "contact_wrote")) == 1
    assert (
        api.sql("SELECT number, party FROM messages WHERE template = 'operator_wrote'") == []
    )  # they just wrote


def test_a_link_is_sent_when_an_operator_wants_it_and_can_be_revoked(api: Backend, incident_id: UUID) -> None:
    for to, number in (("driver", "+819012345678"), ("contact", "+819087654321")):
        response = api.client.post(
            f"/v1/incidents/{incident_id}/links",
            json={"to": to},
            headers={"Authorization": "Bearer sato-token"},
        )
        assert response.status_code == 204
        (sms,) = api.sql("SELECT number FROM messages WHERE template = 'link' AND party = %s", to)
        assert sms["number"] == number
    before = path(api, incident_id)
    revoked = api.client.delete(
        f"/v1/incidents/{incident_id}/links", headers={"Authorization": "Bearer sato-token"}
    )
    assert revoked.status_code == 204
    assert api.client.get(before).status_code == 404
    assert path(api, incident_id) != before


def test_a_driver_reads_and_writes_in_the_app(api: Backend, incident_id: UUID) -> None:
    holder = api.sql("SELECT holder_id FROM incidents")[0]["holder_id"]
    headers = api.driver(holder)
    address = f"/v1/driver/incidents/{incident_id}/messages"
    body = {"text": "怪我人がいます", "id": str(uuid4())}
    for _ in range(2):
        found = api.post(address, body, headers)
        assert [one["text"] for one in found["messages"]] == ["怪我人がいます"]
    assert events(api, incident_id, "driver_wrote")[0]["via"] == "app"
    api.post(f"/v1/incidents/{incident_id}/messages", {"text": "向かっています"})
    assert [one["operator"] for one in api.get(address, headers)["messages"]] == [None, "sato"]
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    assert api.client.post(address, json={"text": "まだ?"}, headers=headers).status_code == 409


def test_nobody_is_led_to_what_is_over(api: Backend, incident_id: UUID) -> None:
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    for what, body in (("messages", {"text": "いかがですか"}), ("links", {"to": "driver"})):
        refused = api.post(f"/v1/incidents/{incident_id}/{what}", body, status=409)
        assert refused["state"] == "closed"
    assert api.sql("SELECT 1 FROM messages WHERE template IN ('operator_wrote', 'link')") == []
    assert api.sql("SELECT 1 FROM chat_messages") == []


def test_nobody_reads_or_writes_in_what_is_not_theirs(api: Backend, incident_id: UUID) -> None:
    other = api.insure("car-0002", POLICY | {"id": "P-0002"})["holder_id"]
    api.report("car-0002", Severity.LIGHT)
    headers = api.driver(other)
    address = f"/v1/driver/incidents/{incident_id}/messages"
    assert api.client.get(address, headers=headers).status_code == 404
    assert api.client.post(address, json={"text": "x"}, headers=headers).status_code == 404
    desk = f"/v1/incidents/{incident_id}/messages"
    assert api.client.get(desk).status_code == 401
    assert api.client.get(desk, headers=headers).status_code == 403
    assert api.client.get(f"/v1/incidents/{uuid4()}/messages", headers=ADMIN).status_code == 404
    assert (
        api.client.post(f"/v1/incidents/{uuid4()}/messages", json={"text": "x"}, headers=ADMIN).status_code
        == 404
    )


def test_a_look_at_a_conversation_is_logged(api: Backend, incident_id: UUID) -> None:
    api.get(
        f"/v1/incidents/{incident_id}/messages",
        {"Authorization": "Bearer sato-token", "X-Reason": "call%20back"},
    )
    (row,) = api.sql("SELECT actor, reason FROM access_log WHERE action = 'incident.messages'")
    assert (row["actor"], row["reason"]) == ("operator:sato", "call back")
