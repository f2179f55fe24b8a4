"""Units in the field and drivers: each reaches what is theirs, and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.backend import ADMIN, POLICY, SCENE, Backend, running_backend

from incident.escalation.events import OfferDue
from incident.service import Incidents
from runtime.database import connect
from schemas.incident import DispatchKind, Trigger


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def see_to_the_first(api: Backend, guard: dict[str, str], path: str) -> None:
    """The items without which a scene is not secured."""
    problem = api.post(f"{path}/secured", {}, guard, status=409)
    assert problem["state"] == "on_scene"
    assert "人の安全" in problem["said"]["ja"]
    for item in ("people_safe", "triangle_and_hazard_lights", "secondary_accident_prevention"):
        assert item in problem["detail"]
        api.put(f"{path}/checklist/{item}", {"state": "done"}, guard)


def test_a_unit_does_its_work_from_offer_to_report(api: Backend) -> None:
    made = api.insure()
    guard, driver = api.unit(), api.driver(made["holder_id"])
    incident_id = api.report()
    assert api.get("/v1/unit", guard)["dispatch"] is None
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    offered = api.get("/v1/unit", guard)["dispatch"]
    assert offered["incident"] == {
        "id": str(incident_id),
        "severity": "severe",
        "occurred_at": offered["incident"]["occurred_at"],
        "lat_deg": SCENE.lat_deg,
        "lon_deg": SCENE.lon_deg,
        "place": offered["incident"]["place"],
        "road": offered["incident"]["road"],
        "heading_deg": None,
        "approach": None,
        "dangers": "燃料の種類は不明です。電気自動車かもしれません。",
        "vehicle": {"plate": "品川 300 あ 12-34", "model": "Prius", "colour": "白", "fuel": None},
    }
    assert set(offered) == {
        "id",
        "offer_id",
        "kind",
        "state",
        "offer_expires_at",
        "incident",
        "eta_at",
        "text",
        "reminder",
        "reminder_at",
        "checklist",
    }
    assert "35.23240, 139.10690" in offered["text"]
    assert "警備員は、けが人も同乗の方も車に乗せて運びません。" in offered["text"]
    left = datetime.fromisoformat(offered["offer_expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=20) < left <= timedelta(seconds=60)
    # Nobody is told of a unit that has not accepted.
    assert api.get("/v1/driver/incident", driver)["incident"]["help"] == {
        "kind": "guard",
        "state": "offered",
        "unit_name": None,
        "eta_at": None,
    }
    path = f"/v1/unit/dispatches/{offered['id']}"
    accepted = api.post(f"{path}/accept", {"eta_s": 900}, guard)["dispatch"]
    assert (accepted["state"], accepted["offer_expires_at"]) == ("accepted", None)
    eta = datetime.fromisoformat(accepted["eta_at"]) - datetime.now(UTC)
    assert timedelta(seconds=850) < eta <= timedelta(seconds=900)
    seen = api.get("/v1/driver/incident", driver)["incident"]
    assert seen["help"]["unit_name"] == "隊 guard-1"
    assert seen["messages"][-1]["template"] == "help_accepted"
    assert "隊 guard-1が向かっています" in seen["messages"][-1]["body"]
    for action, state in (("en_route", "en_route"), ("on_scene", "on_scene"), ("secured", "secured")):
        if action == "secured":
            see_to_the_first(api, guard, path)
        assert api.post(f"{path}/{action}", {}, guard)["dispatch"]["state"] == state
        assert api.post(f"{path}/{action}", {}, guard)["dispatch"]["state"] == state  # said again
    api.post(f"{path}/complete", {"report": ""}, guard, status=422)
    assert api.post(f"{path}/complete", {"report": "けが人なし。"}, guard)["dispatch"] is None
    (dispatch,) = api.get(f"/v1/incidents/{incident_id}")["dispatches"]
    assert (dispatch["state"], dispatch["report"]) == ("completed", "けが人なし。")
    kinds = [event["kind"] for event in api.get(f"/v1/incidents/{incident_id}/events")["events"]]
    assert kinds.count("dispatch_on_scene") == 1


@pytest.mark.parametrize("action", ["en_route", "on_scene", "secured", "complete"])
def test_what_does_not_fit_the_state_is_refused_with_the_state(api: Backend, action: str) -> None:
    api.insure()
    guard = api.unit()
    api.post(f"/v1/incidents/{api.report()}/dispatches", {"kind": "guard"})
    dispatch_id = api.get("/v1/unit", guard)["dispatch"]["id"]
    body = {"report": "x"} if action == "complete" else {}
    problem = api.post(f"/v1/unit/dispatches/{dispatch_id}/{action}", body, guard, status=409)
    assert problem["state"] == "offered"
    assert "is offered" in problem["detail"]
    assert problem["said"]["ja"].startswith("この依頼は「打診中」のため、")


def test_an_offer_that_ran_out_is_stale_and_not_unknown(api: Backend) -> None:
    api.insure()
    near, far = api.unit("guard-1"), api.unit("guard-2", km_north=20)
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    dispatch_id = api.get("/v1/unit", near)["dispatch"]["id"]
    path = f"/v1/unit/dispatches/{dispatch_id}/accept"
    assert api.post(path, {"eta_s": 60}, far, status=404)["status"] == 404
    with connect(api.url, name="test") as conn:
        Incidents(api.settings).handle(
            conn, incident_id, lambda at: OfferDue(at, DispatchKind.GUARD, "guard-1"), actor="timer"
        )
    problem = api.post(path, {"eta_s": 60}, near, status=409)
    assert problem["state"] == "offered"
    assert api.get("/v1/unit", near)["dispatch"] is None
    assert api.post(path, {"eta_s": 60}, far)["dispatch"]["state"] == "accepted"


def test_a_declined_offer_goes_to_the_next_unit(api: Backend) -> None:
    api.insure()
    near, far = api.unit("guard-1"), api.unit("guard-2", km_north=20)
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    dispatch_id = api.get("/v1/unit", near)["dispatch"]["id"]
    assert api.post(f"/v1/unit/dispatches/{dispatch_id}/decline", {}, near)["dispatch"] is None
    assert api.get("/v1/unit", far)["dispatch"]["id"] == dispatch_id
    assert api.post(f"/v1/unit/dispatches/{dispatch_id}/decline", {}, far)["dispatch"] is None
    view = api.get(f"/v1/incidents/{incident_id}")
    assert [dispatch["state"] for dispatch in view["dispatches"]] == ["failed"]
    assert "no_unit" in view["tasks"]


def test_a_dispatch_called_off_is_stale(api: Backend) -> None:
    api.insure()
    guard = api.unit()
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    dispatch_id = api.get("/v1/unit", guard)["dispatch"]["id"]
    api.post(f"/v1/unit/dispatches/{dispatch_id}/accept", {"eta_s": 60}, guard)
    api.delete(f"/v1/incidents/{incident_id}/dispatches/guard")
    problem = api.post(f"/v1/unit/dispatches/{dispatch_id}/en_route", {}, guard, status=409)
    assert problem["state"] == "stood_down"
    assert api.get("/v1/unit", guard)["dispatch"] is None


def test_units_reach_only_their_own_dispatch(api: Backend) -> None:
    api.insure()
    guard, other = api.unit("guard-1"), api.unit("guard-2", km_north=40)
    api.post(f"/v1/incidents/{api.report()}/dispatches", {"kind": "guard"})
    dispatch_id = api.get("/v1/unit", guard)["dispatch"]["id"]
    assert api.get("/v1/unit", other)["dispatch"] is None
    for action in ("accept", "decline", "en_route", "on_scene", "secured", "complete"):
        body = {"accept": {"eta_s": 1}, "complete": {"report": "x"}}.get(action, {})
        api.post(f"/v1/unit/dispatches/{dispatch_id}/{action}", body, other, status=404)
        api.post(f"/v1/unit/dispatches/{uuid4()}/{action}", body, guard, status=404)
    assert api.get("/v1/unit", guard)["dispatch"]["state"] == "offered"


def test_a_unit_off_shift_gets_no_work(api: Backend) -> None:
    api.insure()
    guard = api.unit()
    place = {"lat_deg": 35.3, "lon_deg": 139.2, "on_shift": False}
    shown = api.put("/v1/unit/position", place, guard)
    assert {name: shown[name] for name in place} == place
    view = api.post(f"/v1/incidents/{api.report()}/dispatches", {"kind": "guard"})
    assert [dispatch["state"] for dispatch in view["dispatches"]] == ["failed"]
    for wrong in ({"lat_deg": 91}, {"lon_deg": -181}, {"on_shift": None}, {"speed": 3}):
        api.put("/v1/unit/position", place | wrong, guard, status=422)
    assert api.get("/v1/unit", guard)["unit"] == shown


@pytest.mark.parametrize("eta_s", [-1, 86_401, "soon", None])
def test_an_impossible_time_of_arrival_is_refused(api: Backend, eta_s: object) -> None:
    guard = api.unit()
    api.post(f"/v1/unit/dispatches/{uuid4()}/accept", {"eta_s": eta_s}, guard, status=422)


def second_policy() -> dict[str, object]:
    return POLICY | {"id": "P-0002", "vehicles": [{"plate": "横浜 500 さ 1"}]}


def test_a_driver_sees_and_answers_only_their_own(api: Backend) -> None:
    mine, theirs = api.insure(), api.insure("car-0002", second_policy())
    me, them = api.driver(mine["holder_id"]), api.driver(theirs["holder_id"])
    incident_id = api.report()
    seen = api.get("/v1/driver/incident", me)["incident"]
    assert (seen["id"], seen["phase"], seen["severity"], seen["answer"], seen["help"]) == (
        str(incident_id),
        "reaching",
        "severe",
        None,
        None,
    )
    assert set(seen) == {
        "id",
        "phase",
        "severity",
        "occurred_at",
        "answer",
        "choices",
        "help",
        "messages",
    }
    assert [message["template"] for message in seen["messages"]] == ["severe"]
    assert api.get("/v1/driver/incident", them) == {"incident": None}
    path = f"/v1/driver/incidents/{incident_id}/answer"
    api.post(path, {"answer": "fine"}, them, status=404)
    api.post(f"/v1/driver/incidents/{uuid4()}/answer", {"answer": "fine"}, me, status=404)
    assert api.get("/v1/driver/incident", me)["incident"]["answer"] is None
    answered = api.post(path, {"answer": "help"}, me)["incident"]
    assert (answered["phase"], answered["answer"]) == ("helping", "help")
    events = api.get(f"/v1/incidents/{incident_id}/events")["events"]
    (told,) = [event for event in events if event["kind"] == "answered"]
    assert (told["actor"], told["data"]) == ("driver", {"answer": "help", "by": "driver", "via": "app"})


def test_after_a_short_press_the_app_offers_what_happened(api: Backend) -> None:
    driver = api.driver(api.insure()["holder_id"])
    incident_id = api.report(severity=None, trigger=Trigger.SHORT_PRESS)
    assert api.get("/v1/driver/incident", driver)["incident"]["choices"] == ["accident", "help", "mistake"]
    answered = api.post(f"/v1/driver/incidents/{incident_id}/answer", {"answer": "accident"}, driver)
    assert answered["incident"]["choices"] == ["fine", "help", "ambulance", "operator"]


def test_who_is_fine_after_the_end_changes_nothing(api: Backend) -> None:
    made = api.insure()
    driver = api.driver(made["holder_id"])
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "false_alarm"})
    assert api.get("/v1/driver/incident", driver) == {"incident": None}
    answered = api.post(f"/v1/driver/incidents/{incident_id}/answer", {"answer": "fine"}, driver)
    assert answered["incident"]["phase"] == "closed"
    assert api.get(f"/v1/incidents/{incident_id}")["outcome"] == "false_alarm"
    assert len(api.get("/v1/incidents")["incidents"]) == 1


@pytest.mark.parametrize("answer", ["help", "ambulance", "operator"])
def test_who_needs_somebody_after_the_end_is_heard_anew(api: Backend, answer: str) -> None:
    made = api.insure()
    driver = api.driver(made["holder_id"])
    incident_id = api.report()
    path = f"/v1/driver/incidents/{incident_id}/answer"
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "false_alarm"})
    for _ in range(2):
        answered = api.post(path, {"answer": answer}, driver)["incident"]
        assert (answered["phase"], answered["answer"]) == ("helping", answer)
    opened, closed = api.get("/v1/incidents")["incidents"]
    assert (opened["id"], opened["trigger"], closed["phase"]) == (answered["id"], "call", "closed")
    assert (
        "take"
        in api.sql("SELECT state -> 'tasks' AS tasks FROM incidents WHERE id = %s", opened["id"])[0]["tasks"]
    )
    api.post(f"/v1/incidents/{opened['id']}/close", {"outcome": "trouble"})
    api.sql("UPDATE incidents SET closed_at = now() - interval '25 hours'")
    refused = api.post(path, {"answer": answer}, driver, status=409)
    assert (refused["state"], "119" in refused["detail"]) == ("closed", True)
    assert "119番" in refused["said"]["ja"]


def test_a_holder_with_two_cars_sees_the_newest(api: Backend) -> None:
    made = api.insure()
    driver = api.driver(made["holder_id"])
    car = {"id": "car-0002", "vehicle_id": made["vehicles"][0]["id"]}
    api.post("/v1/devices", car, ADMIN, status=201)
    first, second = api.report("car-0001"), api.report("car-0002")
    assert api.get("/v1/driver/incident", driver)["incident"]["id"] == str(second)
    api.post(f"/v1/incidents/{second}/close", {"outcome": "mistake"})
    assert api.get("/v1/driver/incident", driver)["incident"]["id"] == str(first)
