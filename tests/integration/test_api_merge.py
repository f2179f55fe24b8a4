"""Two incidents about the same event are made one: who is on the way comes, and what is said later is heard there."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.backend import ADMIN, POLICY, SCENE, Backend, running_backend

from incident.escalation.events import Answered, DispatchMoved
from incident.service import Incidents, Report
from runtime.database import connect
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Trigger

WHY = "同じ事故についての電話。"
OTHER = {
    **POLICY,
    "id": "P-0002",
    "vehicles": [{"plate": "横浜 500 う 77-88", "model": "Fit", "colour": "赤"}],
}


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def rang(api: Backend, holder_id: str | None = None) -> UUID:
    """Somebody rings about a car that nobody knows; the incident."""
    with connect(api.url, name="test") as conn:
        if holder_id is None:
            row = conn.execute("INSERT INTO policyholders (name) VALUES ('鈴木') RETURNING id").fetchone()
            assert row is not None
            holder_id = row["id"]
        report = Report(None, Trigger.CALL, None, datetime.now(UTC), late=False, position=None)
        made = Report(**{name: getattr(report, name) for name in report.__slots__} | {"holder_id": holder_id})
        return Incidents(api.settings).report(conn, made).incident_id


def tell(api: Backend, incident_id: UUID, make: Any, actor: str = "driver") -> None:
    with connect(api.url, name="test") as conn:
        Incidents(api.settings).handle(conn, incident_id, make, actor=actor)


def merge(api: Backend, one: UUID, into: UUID, status: int = 200, **body: Any) -> Any:
    return api.post(f"/v1/incidents/{one}/merge", {"into": str(into)} | body, status=status)


def kinds(api: Backend, incident_id: UUID) -> list[str]:
    return [event["kind"] for event in api.get(f"/v1/incidents/{incident_id}/events")["events"]]


def accepted(api: Backend, incident_id: UUID, unit: dict[str, str]) -> str:
    """A guard has accepted; the dispatch."""
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    dispatch_id = api.get("/v1/unit", unit)["dispatch"]["id"]
    api.post(f"/v1/unit/dispatches/{dispatch_id}/accept", {"eta_s": 600}, unit)
    return dispatch_id


def test_the_call_is_merged_into_the_crash_and_nobody_hears_that_it_is_over(api: Backend) -> None:
    api.insure()
    crash, call = api.report(), rang(api)
    api.post(f"/v1/incidents/{call}/take")
    shown = merge(api, call, crash)
    assert (shown["phase"], shown["outcome"], shown["merged_into"]) == ("closed", "merged", str(crash))
    assert api.sql("SELECT 1 FROM messages WHERE channel = 'mail'") == []
    assert api.sql("SELECT name FROM timers WHERE incident_id = %s", call) == []
    other = api.get(f"/v1/incidents/{crash}")
    assert (other["taken_by"], other["phase"]) == ("sato", "helping")
    (told,) = [event for event in other["events"] if event["kind"] == "merged_from"]
    assert str(call) in told["said"]["ja"]
    before = kinds(api, crash)
    merge(api, call, crash)
    assert kinds(api, crash) == before


def test_who_is_on_the_way_goes_on_for_the_other_and_reports_there(api: Backend) -> None:
    api.insure()
    unit = api.unit()
    one, into = rang(api), api.report()
    api.sql(
        "UPDATE incidents SET lat_deg = %s, lon_deg = %s WHERE id = %s", SCENE.lat_deg, SCENE.lon_deg, one
    )
    dispatch_id = accepted(api, one, unit)
    merge(api, one, into)
    (dispatch,) = api.get(f"/v1/incidents/{into}")["dispatches"]
    assert (dispatch["id"], dispatch["state"], dispatch["unit_id"]) == (dispatch_id, "accepted", "guard-1")
    assert {"dispatch_taken_over"} <= set(kinds(api, into))
    watched = {row["name"] for row in api.sql("SELECT name FROM timers WHERE incident_id = %s", into)}
    assert {"depart:guard:guard-1", "late:guard:guard-1"} <= watched
    api.post(f"/v1/unit/dispatches/{dispatch_id}/en_route", {}, unit)
    assert "dispatch_en_route" in kinds(api, into)
    assert "dispatch_stood_down" not in kinds(api, one) + kinds(api, into)
    api.post(f"/v1/incidents/{into}/close", {"outcome": "accident"})
    assert "dispatch_stood_down" in kinds(api, into)


def test_where_one_of_the_kind_is_on_the_way_already_the_second_is_called_off(api: Backend) -> None:
    api.insure()
    first, second = api.unit("guard-1"), api.unit("guard-2", km_north=6.0)
    one, into = rang(api), api.report()
    api.sql(
        "UPDATE incidents SET lat_deg = %s, lon_deg = %s WHERE id = %s", SCENE.lat_deg, SCENE.lon_deg, one
    )
    accepted(api, into, first)
    accepted(api, one, second)
    merge(api, one, into)
    assert "dispatch_stood_down" in kinds(api, one)
    assert [each["unit_id"] for each in api.get(f"/v1/incidents/{into}")["dispatches"]] == ["guard-1"]


def test_what_is_only_sought_gives_way_to_who_is_on_the_way(api: Backend) -> None:
    api.insure()
    first, _ = api.unit("guard-1"), api.unit("guard-2", km_north=6.0)
    one, into = rang(api), api.report()
    api.sql(
        "UPDATE incidents SET lat_deg = %s, lon_deg = %s WHERE id = %s", SCENE.lat_deg, SCENE.lon_deg, one
    )
    accepted(api, one, first)
    api.post(f"/v1/incidents/{into}/dispatches", {"kind": "guard"})
    merge(api, one, into)
    (open_one,) = [
        each for each in api.get(f"/v1/incidents/{into}")["dispatches"] if each["state"] == "accepted"
    ]
    assert open_one["unit_id"] == "guard-1"


def test_what_is_said_later_is_heard_in_the_other(api: Backend) -> None:
    made = api.insure()
    api.sql("INSERT INTO devices VALUES ('car-0009', '00', NULL)")
    one, into = api.report(), api.report("car-0009", Severity.VERY_SEVERE)
    api.sql("UPDATE incidents SET device_id = NULL WHERE id = %s", into)
    driver = api.driver(made["holder_id"])
    merge(api, one, into, reason=WHY)
    # What the other did not know it knows now: the car, and whose it is.
    assert api.get(f"/v1/incidents/{into}")["policy_id"] == "P-0001"
    tell(api, one, lambda at: Answered(at, Answer.HELP, CallParty.DRIVER, "key"))
    assert "answered" in kinds(api, one)
    assert api.get(f"/v1/incidents/{into}")["answer"] == "help"
    # To the driver it is not over, and what they write is read.
    assert api.get("/v1/driver/incident", driver)["incident"]["phase"] == "helping"
    api.post(f"/v1/driver/incidents/{one}/messages", {"text": "首が痛い", "id": str(uuid4())}, driver)
    assert "driver_wrote" in kinds(api, into)
    said = api.get(f"/v1/incidents/{into}/messages")["messages"]
    assert [each["text"] for each in said] == ["首が痛い"]
    # A further press of the car joins it, instead of opening a third one.
    assert api.report(severity=None, trigger=Trigger.LONG_PRESS) == into
    assert "press_joined" in kinds(api, into)


def test_news_of_a_second_car_reach_the_incident_it_was_merged_into(api: Backend) -> None:
    api.insure()
    api.insure("car-0002", OTHER)
    one, into = api.report("car-0002"), api.report()
    refused = merge(api, one, into, 409)
    assert "they are of two policies: give a reason" in refused["detail"]
    merge(api, one, into, reason=WHY)
    assert api.report("car-0002") == into
    assert len(api.get("/v1/queue")["incidents"]) == 1
    # A merged one is counted neither as real nor as false.
    assert api.sql("SELECT id FROM incident_verdicts") == []


def test_a_late_word_of_the_carrier_and_of_units_stays_where_the_call_was_made(api: Backend) -> None:
    api.insure()
    one, into = rang(api), api.report()
    merge(api, one, into)
    tell(api, one, lambda at: DispatchMoved(at, DispatchKind.GUARD, DispatchState.COMPLETED, "g1"), "unit:g1")
    assert "dispatch_completed" in kinds(api, one)
    assert "dispatch_completed" not in kinds(api, into)


def test_what_is_not_merged(api: Backend) -> None:
    api.insure()
    crash, call = api.report(), rang(api)
    assert "cannot be merged into itself" in merge(api, crash, crash, 409)["detail"]
    assert "it is the graver one of the two" in merge(api, crash, call, 409)["detail"]
    merge(api, call, UUID(int=9), 404)
    merge(api, UUID(int=9), crash, 404)
    api.post(f"/v1/incidents/{call}/close", {"outcome": "merged"}, status=422)
    api.post(f"/v1/incidents/{crash}/close", {"outcome": "accident"})
    assert "the other incident is closed" in merge(api, call, crash, 409)["detail"]
    assert "the incident is closed" in merge(api, crash, call, 409, reason=WHY)["detail"]
    assert ADMIN
