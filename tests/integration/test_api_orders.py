"""Orders over HTTP: the plan waits, one step now or not at all, and what was a mistake is taken back."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from support.backend import ADMIN, OPERATOR, Backend, running_backend

from incident.engine.auditor import Auditor
from incident.engine.engine import Engine
from incident.service import Incidents
from runtime.database import connect
from schemas.impact import Severity

MORI = {"Authorization": "Bearer mori-token"}
NOBODY = UUID(int=7)
WHY = "警察官が運転者と話している。"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def step(api: Backend) -> int:
    with connect(api.url, name="engine", autocommit=True) as conn:
        return Engine(Incidents(api.settings)).step(conn)


def make_due(api: Backend, incident_id: UUID, *names: str) -> None:
    for name in names:
        api.sql("UPDATE timers SET due_at = clock_timestamp() WHERE name = %s", name)
    step(api)
    assert incident_id


def timers(api: Backend) -> list[str]:
    return [row["name"] for row in api.sql("SELECT name FROM timers ORDER BY name")]


def record(api: Backend, incident_id: UUID) -> list[dict[str, Any]]:
    return api.get(f"/v1/incidents/{incident_id}/events")["events"]


def kinds(api: Backend, incident_id: UUID) -> list[str]:
    return [event["kind"] for event in record(api, incident_id)]


def calls(api: Backend, party: str) -> int:
    return len(api.sql("SELECT 1 FROM calls WHERE party = %s", party))


def age(api: Backend, what: str, by: timedelta) -> None:
    """As if something of the state had been so much earlier."""
    api.sql(
        "UPDATE incidents SET state = jsonb_set(state, %s, to_jsonb((state #>> %s)::timestamptz - %s::interval))",
        *(f"{{{what},at}}", f"{{{what},at}}", by),
    )


def test_a_paused_plan_is_seen_by_all_and_goes_on_in_order(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    shown = api.post(f"/v1/incidents/{incident_id}/pause", {"reason": WHY, "minutes": 10})
    pause = shown["pause"]
    assert (pause["operator"], pause["reason"]) == ("sato", WHY)
    span = datetime.fromisoformat(pause["until"]) - datetime.fromisoformat(pause["since"])
    assert span == timedelta(minutes=10)
    (row,) = api.get("/v1/queue")["incidents"]
    assert row["pause"] == pause
    # The reason is kept where it can be erased; the record refers to it, and is told with it.
    detail = api.get(f"/v1/incidents/{incident_id}")
    assert [note["text"] for note in detail["notes"]] == [WHY]
    (told,) = [event for event in detail["events"] if event["kind"] == "plan_paused"]
    assert WHY not in str(told["data"])
    assert WHY in told["said"]["ja"]
    assert "sato" in told["said"]["en"]
    # What waits is shown at the end of the pause, alarms at their own time.
    ahead = {one["name"]: one for one in detail["ahead"]}
    assert ahead["resume"]["due_at"] == ahead["call_contact"]["due_at"] == pause["until"]
    assert ahead["remind"]["due_at"] < pause["until"]

    make_due(api, incident_id, "step:0:3", "step:0:6")
    assert (calls(api, "driver"), calls(api, "contact")) == (1, 0)
    held = [
        one["id"] for one in api.get(f"/v1/incidents/{incident_id}")["ahead"] if one["name"] == "call_contact"
    ]
    assert held == ["step:0:6"]
    api.post(f"/v1/incidents/{incident_id}/resume")
    assert calls(api, "contact") == 1
    assert api.get(f"/v1/incidents/{incident_id}")["pause"] is None
    before = kinds(api, incident_id)
    api.post(f"/v1/incidents/{incident_id}/resume")
    assert kinds(api, incident_id) == before


def test_only_who_paused_it_changes_the_pause_and_what_is_wrong_is_said(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = f"/v1/incidents/{incident_id}/pause"
    api.post(path, {"reason": WHY})
    refused = api.post(path, {"reason": WHY}, MORI, status=409)
    assert "sato paused it until" in refused["detail"]
    assert [event["kind"] for event in record(api, incident_id)].count("plan_paused") == 1
    api.post(path, {"reason": WHY, "minutes": 30})
    for wrong in ({}, {"reason": ""}, {"reason": WHY, "minutes": 0}, {"reason": WHY, "minutes": 31}):
        api.post(path, wrong, status=422)
    api.post(f"/v1/incidents/{NOBODY}/pause", {"reason": WHY}, status=404)
    # A reason whose order was refused is no note.
    assert len(api.get(f"/v1/incidents/{incident_id}")["notes"]) == 2


def test_the_auditor_does_not_take_a_paused_incident_for_forgotten(api: Backend) -> None:
    api.insure()
    incident_id = api.report(severity=Severity.LIGHT)
    api.post(f"/v1/incidents/{incident_id}/pause", {"reason": WHY, "minutes": 30})
    api.sql("UPDATE incidents SET opened_at = opened_at - interval '1 minute'")
    make_due(api, incident_id, *(name for name in timers(api) if name.startswith("step")))
    with connect(api.url, name="auditor", autocommit=True) as conn:
        Auditor(Incidents(api.settings)).audit(conn)
        assert "auditor_alarm" not in kinds(api, incident_id)
        api.sql("DELETE FROM timers")
        Auditor(Incidents(api.settings)).audit(conn)
    assert "auditor_alarm" in kinds(api, incident_id)


def test_one_step_now_and_one_not_at_all(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    ahead = {one["name"]: one["id"] for one in api.get(f"/v1/incidents/{incident_id}")["ahead"]}
    assert ahead["remind"] is None
    api.post(f"/v1/incidents/{incident_id}/steps/now", {"step": ahead["call_contact"]})
    assert calls(api, "contact") == 1
    refused = api.post(f"/v1/incidents/{incident_id}/steps/now", {"step": ahead["call_contact"]}, status=409)
    assert "call_contact was done or called off already" in refused["detail"]
    assert refused["said"] == {
        "ja": "「緊急連絡先への電話」は、すでに実行されたか、取りやめになっています",
        "en": '"call to the emergency contact" was done or called off already',
    }
    api.post(f"/v1/incidents/{incident_id}/steps/off", {"step": ahead["offer_help"], "reason": WHY})
    shown = api.get(f"/v1/incidents/{incident_id}")
    assert {"call_contact", "offer_help"}.isdisjoint(one["name"] for one in shown["ahead"])
    (off,) = [event for event in shown["events"] if event["kind"] == "step_off"]
    assert WHY in off["said"]["ja"]
    api.report(severity=Severity.VERY_SEVERE)
    for wrong in ({"step": "remind"}, {"step": "step:0"}, {}):
        api.post(f"/v1/incidents/{incident_id}/steps/now", wrong, status=422)
    api.post(f"/v1/incidents/{incident_id}/take")
    refused = api.post(f"/v1/incidents/{incident_id}/steps/now", {"step": "step:0:3"}, status=409)
    assert "sato has it" in refused["detail"]


def test_what_was_taken_is_given_back_and_called_to_again(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    assert api.post(f"/v1/incidents/{incident_id}/take")["taken_by"] == "sato"
    api.post(f"/v1/incidents/{incident_id}/release", headers=MORI, status=409)
    shown = api.post(f"/v1/incidents/{incident_id}/release")
    assert (shown["taken_by"], shown["phase"], shown["tasks"]) == (None, "reaching", ["take"])
    assert "remind" in timers(api)
    assert calls(api, "driver") == 1  # not rung a second time for it
    assert api.post(f"/v1/incidents/{incident_id}/release")["taken_by"] is None


def test_an_answer_by_mistake_is_withdrawn_within_a_minute(api: Backend) -> None:
    api.insure()
    api.unit()
    incident_id = api.report()
    path = f"/v1/incidents/{incident_id}/answer/withdraw"
    api.post(path, {"answer": "fine"}, status=409)
    make_due(api, incident_id, *(name for name in timers(api) if name.startswith("step")))
    assert api.get(f"/v1/incidents/{incident_id}")["dispatches"][0]["state"] == "offered"
    assert api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "fine"})["phase"] == "settling"
    refused = api.post(path, {"answer": "help"}, status=409)
    assert "the answer is fine" in refused["detail"]
    shown = api.post(path, {"answer": "fine"})
    assert (shown["phase"], shown["answer"], shown["taken_by"]) == ("reaching", None, None)
    assert shown["dispatches"][0]["state"] == "offered"
    api.post(path, {"answer": "fine"}, status=409)
    api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "fine"})
    age(api, "before_answer", timedelta(seconds=61))
    assert "s ago: record another one" in api.post(path, {"answer": "fine"}, status=409)["detail"]


def test_a_unit_that_has_accepted_is_not_undone(api: Backend) -> None:
    api.insure()
    unit = api.unit()
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "help"})
    dispatch = api.get("/v1/unit", unit)["dispatch"]
    api.post(f"/v1/unit/dispatches/{dispatch['id']}/accept", {"eta_s": 600}, unit)
    refused = api.post(f"/v1/incidents/{incident_id}/answer/withdraw", {"answer": "help"}, status=409)
    assert "a guard is accepted since" in refused["detail"]
    assert "現場急行サービスが「受諾」になりました" in refused["said"]["ja"]


def test_closed_by_mistake_it_is_reopened_and_nobody_is_rung_twice(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/reopen", {"reason": WHY}, status=409)
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    assert timers(api) == []
    shown = api.post(f"/v1/incidents/{incident_id}/reopen", {"reason": WHY})
    assert (shown["phase"], shown["outcome"], shown["closed_at"]) == ("reaching", None, None)
    assert "step:2:6" in timers(api)
    assert calls(api, "driver") == 1
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    age(api, "before_closing", timedelta(minutes=11))
    assert (
        "longer than 10"
        in api.post(f"/v1/incidents/{incident_id}/reopen", {"reason": WHY}, status=409)["detail"]
    )


def test_a_car_has_one_open_incident_also_after_reopening(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    newer = api.report()
    refused = api.post(f"/v1/incidents/{incident_id}/reopen", {"reason": WHY}, status=409)
    assert str(newer) in refused["detail"]


def test_auditors_and_administrators_order_nothing(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    for role in ("admin", "auditor"):
        headers = api.staff(f"one-{role}", role)
        api.post(f"/v1/incidents/{incident_id}/pause", {"reason": WHY}, headers, status=403)
    api.post(f"/v1/incidents/{incident_id}/pause", {"reason": WHY}, ADMIN)
    assert api.get(f"/v1/incidents/{incident_id}", OPERATOR)["pause"]["operator"] == "admin"
