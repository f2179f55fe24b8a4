"""Operators' work over HTTP."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from support.backend import ADMIN, OPERATOR, SCENE, Backend, running_backend

from schemas.impact import Severity
from schemas.incident import Trigger

MORI = {"Authorization": "Bearer mori-token"}
NOBODY = UUID(int=7)


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def kinds(api: Backend, incident_id: UUID) -> list[str]:
    return [event["kind"] for event in api.get(f"/v1/incidents/{incident_id}/events")["events"]]


def test_an_incident_is_listed_with_what_stands_in_the_database(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.sql(
        "INSERT INTO impacts (device_id, boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound,"
        " pdof_deg, peak_g, duration_ms, rollover, multiple, reasons, late, incident_id)"
        " VALUES ('car-0001', 1, %s, now(), 'severe', %s, false, %s, 18, 90, false, false, '{delta_v}', false, %s)",
        *(1000, 12.5, 90.0, incident_id),
    )
    api.sql(
        "INSERT INTO impacts (device_id, boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound,"
        " pdof_deg, peak_g, duration_ms, rollover, multiple, reasons, late, incident_id)"
        " VALUES ('car-0001', 1, %s, now(), 'severe', %s, false, %s, 18, 90, false, false, '{delta_v}', false, %s)",
        *(2000, 31.5, 330.0, incident_id),
    )
    (shown,) = api.get("/v1/incidents")["incidents"]
    expected = {
        "id": str(incident_id),
        "trigger": "impact",
        "severity": "severe",
        "phase": "reaching",
        "answer": None,
        "outcome": None,
        "taken_by": None,
        "device_id": "car-0001",
        "policy_id": "P-0001",
        "closed_at": None,
        "lat_deg": SCENE.lat_deg,
        "lon_deg": SCENE.lon_deg,
        "flags": [],
        "tasks": ["take"],
        "delta_v_kmh": 31.5,
        "pdof_deg": 330.0,
        "dispatches": [],
        "pause": None,
        "merged_into": None,
    }
    assert shown.items() >= expected.items()
    assert shown["occurred_at"].endswith("Z")
    assert shown["opened_at"].endswith("Z")
    assert shown["next"]["name"] == "remind"  # an operator's time to take it comes before the second call
    assert set(shown) == expected.keys() | {"occurred_at", "opened_at", "next"}


def test_the_list_is_by_phase_newest_first_and_in_pages(api: Backend) -> None:
    ids: list[str] = []
    for number in range(7):
        device_id = f"car-{number:04d}"
        api.post("/v1/devices", {"id": device_id}, ADMIN, status=201)
        ids.insert(0, str(api.report(device_id)))
    api.post(f"/v1/incidents/{ids[0]}/take")
    api.post(f"/v1/incidents/{ids[1]}/answer", {"answer": "fine"})
    api.post(f"/v1/incidents/{ids[2]}/close", {"outcome": "false_alarm"})

    def listed(query: str) -> list[str]:
        return [incident["id"] for incident in api.get(f"/v1/incidents?{query}")["incidents"]]

    assert listed("") == ids
    assert listed("phase=helping") == [ids[0]]
    assert listed("phase=settling") == [ids[1]]
    assert listed("phase=closed") == [ids[2]]
    assert listed("phase=reaching") == ids[3:]
    assert listed("phase=open") == [*ids[:2], *ids[3:]]
    seen = listed("limit=3")
    while page := listed(f"limit=3&before={seen[-1]}"):
        seen += page
    assert seen == ids
    opened_at = api.get(f"/v1/incidents/{ids[3]}")["opened_at"]
    assert listed(f"before={opened_at}") == ids[4:]
    for wrong in ("phase=lost", "limit=0", "limit=201", "before=yesterday", f"before={NOBODY}"):
        api.get(f"/v1/incidents?{wrong}", status=422)


def test_incidents_opened_at_the_same_moment_are_all_paged_through(api: Backend) -> None:
    for number in range(5):
        api.post("/v1/devices", {"id": f"car-{number}"}, ADMIN, status=201)
        api.report(f"car-{number}")
    api.sql("UPDATE incidents SET opened_at = '2026-10-01T00:00Z'")
    seen: list[str] = []
    while page := api.get(f"/v1/incidents?limit=2{f'&before={seen[-1]}' if seen else ''}")["incidents"]:
        seen += [incident["id"] for incident in page]
    assert len(seen) == len(set(seen)) == 5


def test_the_detail_has_what_operators_need_and_the_look_up_is_logged(api: Backend) -> None:
    api.insure()
    incident_id = api.report(severity=None, trigger=Trigger.LONG_PRESS)
    api.sql(
        "INSERT INTO presses (device_id, boot_id, sequence, at, received_at, kind, held_ms, late, defects, incident_id)"
        " VALUES ('car-0001', 1, 1, now(), now(), 'long_press', 3200, false, '{}', %s)",
        incident_id,
    )
    detail = api.get(f"/v1/incidents/{incident_id}", OPERATOR | {"X-Reason": "call%20back"})
    assert detail["contract"]["holder"]["phones"] == ["+819012345678"]
    assert detail["contract"]["holder"]["emergency_contacts"][0]["name"] == "佐藤 花子"
    assert detail["contract"]["vehicle"]["plate"] == "品川 300 あ 12-34"
    assert detail["contract"]["valid_to"] == "2099-03-31"
    assert [event["kind"] for event in detail["events"]][:2] == ["opened", "operator_alarmed"]
    assert [call["number"] for call in detail["calls"]] == ["+819012345678"]
    assert [message["channel"] for message in detail["messages"]] == ["push"]
    assert [press["held_ms"] for press in detail["presses"]] == [3200]
    assert detail["severity"] is None
    api.get(f"/v1/incidents/{incident_id}/events", ADMIN)
    api.get(f"/v1/incidents/{NOBODY}", status=404)
    api.get(f"/v1/incidents/{NOBODY}/events", status=404)
    rows = api.sql(
        "SELECT actor, action, object, reason FROM access_log WHERE action LIKE 'incident%%' ORDER BY id"
    )
    assert [(row["actor"], row["action"], row["reason"]) for row in rows] == [
        ("operator:sato", "incident.read", "call back"),
        ("admin:admin", "incident.events", "incident work"),
    ]
    assert {row["object"] for row in rows} == {str(incident_id)}


def test_an_incident_without_contract_is_shown_without_one(api: Backend) -> None:
    api.post("/v1/devices", {"id": "car-0001"}, ADMIN, status=201)
    detail = api.get(f"/v1/incidents/{api.report()}")
    assert (detail["contract"], detail["policy_id"], detail["flags"]) == (None, None, ["no_policy"])
    assert "call_back" not in detail["tasks"]


def test_taking_stops_the_ringing_but_not_the_help(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    taken = api.post(f"/v1/incidents/{incident_id}/take")
    assert (taken["phase"], taken["taken_by"], taken["tasks"]) == ("helping", "sato", [])
    assert taken["next"]["name"] == "offer_help"
    again = api.post(f"/v1/incidents/{incident_id}/take", headers=MORI)
    assert again["taken_by"] == "mori"
    events = api.get(f"/v1/incidents/{incident_id}/events")["events"]
    assert [event["actor"] for event in events if event["kind"] == "taken"] == [
        "operator:sato",
        "operator:mori",
    ]
    answer = api.client.post(f"/v1/incidents/{incident_id}/take", headers=OPERATOR)
    assert answer.status_code == 200  # without a body, too


def test_an_operator_passes_on_what_the_driver_said(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    view = api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "ambulance"})
    assert (view["phase"], view["answer"]) == ("helping", "ambulance")
    assert "request_ambulance" in view["tasks"]
    assert [dispatch["kind"] for dispatch in view["dispatches"]] == ["guard"]
    api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "maybe"}, status=422)
    api.post(f"/v1/incidents/{incident_id}/answer", {}, status=422)


def test_help_is_sent_once_at_a_time_and_can_be_called_off(api: Backend) -> None:
    api.insure()
    api.unit()
    incident_id = api.report()
    sent = api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    assert [(d["state"], d["unit_id"]) for d in sent["dispatches"]] == [("offered", "guard-1")]
    refused = api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"}, status=409)
    assert "already offered" in refused["detail"]
    assert refused["state"] == "reaching"
    stopped = api.delete(f"/v1/incidents/{incident_id}/dispatches/guard")
    assert [d["state"] for d in stopped["dispatches"]] == ["stood_down"]
    assert "help_called_off" in kinds(api, incident_id)
    sent = api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    assert [d["state"] for d in sent["dispatches"]] == ["offered"]
    detail = api.get(f"/v1/incidents/{incident_id}")
    assert [d["state"] for d in detail["dispatches"]] == ["stood_down", "offered"]
    api.delete(f"/v1/incidents/{incident_id}/dispatches/helicopter", status=422)


def test_closing_twice_is_refused_and_says_why(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    closed = api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    assert (closed["phase"], closed["outcome"], closed["tasks"], closed["next"]) == (
        "closed",
        "accident",
        [],
        None,
    )
    assert closed["closed_at"] is not None
    before = kinds(api, incident_id)
    for path, body in (
        ("close", {"outcome": "mistake"}),
        ("take", {}),
        ("answer", {"answer": "help"}),
        ("dispatches", {"kind": "guard"}),
    ):
        problem = api.post(f"/v1/incidents/{incident_id}/{path}", body, status=409)
        assert (problem["state"], problem["title"]) == ("closed", "Conflict")
        assert "the incident is closed" in problem["detail"]
    api.delete(f"/v1/incidents/{incident_id}/dispatches/guard", status=409)
    assert kinds(api, incident_id) == before
    assert api.get(f"/v1/incidents/{incident_id}")["outcome"] == "accident"


def test_notes_keep_the_words_out_of_the_record(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    words = "同乗者が首の痛みを訴えている。\n119番に連絡済み。"
    api.post(f"/v1/incidents/{incident_id}/notes", {"text": f"  {words} "})
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    api.post(f"/v1/incidents/{incident_id}/notes", {"text": "後日談"}, MORI)
    detail = api.get(f"/v1/incidents/{incident_id}")
    assert [(note["author"], note["text"]) for note in detail["notes"]] == [
        ("sato", words),
        ("mori", "後日談"),
    ]
    noted = [event for event in detail["events"] if event["kind"] == "note"]
    assert [event["data"] for event in noted] == [{"note_id": note["id"]} for note in detail["notes"]]
    assert [event["actor"] for event in noted] == ["operator:sato", "operator:mori"]
    for wrong in ("", "   ", "x" * 4001, "a\x07b"):
        api.post(f"/v1/incidents/{incident_id}/notes", {"text": wrong}, status=422)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("take", {}),
        ("answer", {"answer": "help"}),
        ("dispatches", {"kind": "guard"}),
        ("close", {"outcome": "accident"}),
        ("notes", {"text": "x"}),
    ],
)
def test_nothing_can_be_done_to_what_is_not_there(api: Backend, path: str, body: dict[str, Any]) -> None:
    api.post(f"/v1/incidents/{NOBODY}/{path}", body, status=404)
    api.post(f"/v1/incidents/not-an-id/{path}", body, status=422)


def test_what_comes_next_is_what_really_will(api: Backend) -> None:
    api.insure()
    api.unit()
    light = api.get(f"/v1/incidents/{api.report(severity=Severity.LIGHT)}")
    assert light["next"]["name"] == "push"  # waits until the car has stopped
    api.post(f"/v1/incidents/{light['id']}/close", {"outcome": "mistake"})
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/take")
    offered = api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    # A guard is asked already, so the plan's own offer would do nothing.
    assert offered["next"]["name"] == "ask_ambulance"
    due = datetime.fromisoformat(offered["next"]["due_at"]) - datetime.fromisoformat(offered["opened_at"])
    assert due.total_seconds() == pytest.approx(30, abs=0.001)
