"""The dossier over HTTP: whole, logged, matching its PDF, and proof against what people write."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from support.backend import ADMIN, OPERATOR, Backend, running_backend
from support.crash_trace import CRASH_S, between, crash_trace
from support.insured import insured_world
from support.lanes import running_lane
from support.paper import attachments, text_of
from support.servers import Broker

from api.dossier.reading import read_record

NOBODY = UUID(int=7)
HOSTILE = (
    '#read("/etc/passwd") $x$ *b* _i_ `c` <label> @ref \\u{1F600} // /* "quoted" [x] {y} ' + "W" * 300,
    "😀 \u202eabc\u2066 مرحبا שלום 한국 \u0007" + "あ" * 200,
)


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


@pytest.fixture
def crashed(api: Backend, broker: Broker) -> str:
    """The incident of a crash that a real lane has read."""
    with insured_world(api.url) as world, running_lane(world, broker, "urgent") as lane:
        said = [each for each in between(crash_trace(), -CRASH_S - 1, 40.0) if each.name == "impact"]
        for each in said:
            lane.publish(each.name, each.payload)
        lane.work(len(said))
    (row,) = api.sql("SELECT incident_id FROM impacts")
    return str(row["incident_id"])


def digest_of(dossier: dict[str, Any]) -> str:
    """As docs/dossier.md says it is made."""
    text = json.dumps(dossier["record"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def pdf_of(
    api: Backend, incident_id: UUID | str, query: str = "", headers: dict[str, str] = OPERATOR
) -> bytes:
    answer = api.client.get(f"/v1/incidents/{incident_id}/dossier.pdf{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


@pytest.mark.parametrize("query", ["", "?masked=true"])
def test_a_dossier_opens_no_answer_page(api: Backend, query: str) -> None:
    api.insure()
    incident_id = api.report()
    sent = api.client.post(f"/v1/incidents/{incident_id}/links", json={"to": "driver"}, headers=OPERATOR)
    assert sent.status_code == 204
    (link,) = api.sql("SELECT token FROM answer_links")
    answer = api.client.get(f"/v1/incidents/{incident_id}/dossier{query}", headers=OPERATOR)
    assert "https://button.example.jp/api/a/" in answer.text
    assert link["token"] not in answer.text
    assert link["token"] not in text_of(pdf_of(api, incident_id, query))


def test_a_dossier_holds_all_that_is_on_record(api: Backend, crashed: str) -> None:
    api.post(f"/v1/incidents/{crashed}/take")
    api.post(f"/v1/incidents/{crashed}/notes", {"text": "同乗者が首の痛みを訴えている。"})
    api.post(f"/v1/incidents/{crashed}/close", {"outcome": "accident"})
    found = api.get(f"/v1/incidents/{crashed}/dossier")
    record = found["record"]
    detail = api.get(f"/v1/incidents/{crashed}")
    assert found["format"] == "cbutton-dossier-1"
    assert record["incident"]["outcome"] == "accident"
    assert record["incident"]["rule"]
    assert [(each["kind"], each["actor"], each["at"]) for each in record["events"]] == [
        (each["kind"], each["actor"], each["at"]) for each in detail["events"]
    ]
    assert len(found["timeline"]) == len(record["events"])
    assert "案件を終了: 事故 (担当者 sato)" in [each["ja"] for each in found["timeline"]]
    assert found["timeline"][-1]["since_s"] > 0
    assert [each["number"] for each in record["calls"]] == [each["number"] for each in detail["calls"]]
    assert record["contract"] == detail["contract"]
    assert record["notes"][0]["text"].startswith("同乗者")
    (impact,) = record["impacts"]
    assert impact["motion"]
    assert impact["analysis"]["delta_v_kmh"] == pytest.approx(impact["delta_v_kmh"], abs=0.06)
    assert record["left_out"] == {}
    assert record["plan"]["version"] == 1
    assert found["digest"] == digest_of(found)


def test_the_pdf_has_its_font_its_json_and_the_same_digest(api: Backend, crashed: str) -> None:
    api.post(f"/v1/incidents/{crashed}/close", {"outcome": "accident"})
    told = api.get(f"/v1/incidents/{crashed}/dossier")
    for language, words in (("ja", "事故対応記録書"), ("en", "Incident dossier")):
        pdf = pdf_of(api, crashed, f"?language={language}")
        assert b"IPAex" in pdf
        text = text_of(pdf)
        assert words in text
        assert text.count(told["digest"]) >= 2
        attached = json.loads(attachments(pdf)["dossier.json"])
        assert attached["record"] == told["record"]
        assert digest_of(attached) == attached["digest"] == told["digest"]
        # It tells of itself.
        assert attached["look_ups"][-1]["action"] == "incident.dossier"


def test_every_export_is_logged_with_its_reason(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.get(f"/v1/incidents/{incident_id}/dossier", OPERATOR | {"X-Reason": "police%20inquiry"})
    pdf_of(api, incident_id, headers=ADMIN)
    logged = api.sql("SELECT actor, action, object, reason FROM access_log ORDER BY id")
    assert [tuple(row.values()) for row in logged] == [
        ("operator:sato", "incident.dossier", str(incident_id), "police inquiry"),
        ("admin:admin", "incident.dossier", str(incident_id), "incident work"),
    ]


def test_all_of_it_is_as_of_one_moment(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    with api.app.state.context.snapshot() as conn:
        before = read_record(conn, incident_id)
        api.post(f"/v1/incidents/{incident_id}/notes", {"text": "meanwhile"})
        assert read_record(conn, incident_id) == before
    assert api.get(f"/v1/incidents/{incident_id}/dossier")["record"]["notes"]


def test_other_people_get_none(api: Backend) -> None:
    made = api.insure()
    incident_id = api.report()
    for headers in (api.unit(), api.driver(made["holder_id"])):
        for path in ("dossier", "dossier.pdf"):
            answer = api.client.get(f"/v1/incidents/{incident_id}/{path}", headers=headers)
            assert answer.status_code == 403
    assert api.client.get(f"/v1/incidents/{incident_id}/dossier").status_code == 401
    api.get(f"/v1/incidents/{NOBODY}/dossier", status=404)
    api.get(f"/v1/incidents/{NOBODY}/dossier.pdf", status=404)
    # Nothing was looked at, so nothing is logged.
    assert api.sql("SELECT * FROM access_log WHERE action = 'incident.dossier'") == []


def test_a_copy_for_readers_outside_has_no_whole_number(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    masked = api.get(f"/v1/incidents/{incident_id}/dossier?masked=true")
    assert "+8190" not in json.dumps(masked)
    assert masked["record"]["contract"]["holder"]["phones"] == ["*********5678"]
    assert masked["digest"] == digest_of(masked)
    pdf = pdf_of(api, incident_id, "?masked=true")
    assert "+8190" not in text_of(pdf) + attachments(pdf)["dossier.json"].decode()
    assert "5678" in text_of(pdf)


def test_what_people_write_cannot_break_the_page_or_be_lost(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    for text in HOSTILE:
        api.sql(
            "INSERT INTO incident_notes (id, incident_id, at, author, text) VALUES (%s, %s, now(), %s, %s)",
            *(uuid4(), incident_id, text[:90], text),
        )
        api.sql("UPDATE policyholders SET name = %s", text)
        api.sql("UPDATE vehicles SET plate = left(%s, 90), model = left(%s, 90)", text, text)
        api.sql(
            "INSERT INTO incident_events (incident_id, at, actor, kind, data) VALUES (%s, now(), %s, %s, %s)",
            *(incident_id, text, text, Jsonb({text: text, "nested": {"a": [1, None]}})),
        )
        text_read = text_of(pdf_of(api, incident_id))
        assert "root:" not in text_read
    assert '#read("/etc/passwd")' in re.sub(r"[\s\u200b]", "", text_read)
    assert "〔U+1F600〕" in text_read
    assert "〔U+202E〕" in text_read
    assert "\u202e" not in text_read


def test_a_record_of_thousands_of_lines_is_printed_whole(api: Backend) -> None:
    incident_id = api.report() if api.insure() else NOBODY
    api.sql(
        "INSERT INTO incident_events (incident_id, at, actor, kind, data)"
        " SELECT %s, now(), 'device', 'press_joined', jsonb_build_object('trigger', 'long_press', 'n', n)"
        " FROM generate_series(1, 5000) n",
        incident_id,
    )
    began = datetime.now(UTC)
    text = text_of(pdf_of(api, incident_id, "?language=en"))
    assert text.count("During the incident: a long press") == 5000
    assert (datetime.now(UTC) - began).total_seconds() < 60
