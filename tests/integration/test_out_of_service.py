"""Units out of service: not asked whatever they say, their work kept, back by word or by time."""

from __future__ import annotations

import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from support.backend import ADMIN, OPERATOR, Backend, running_backend, until

from incident.engine.engine import Engine
from incident.field.out_of_service import Keeper
from incident.record.hands import SQL
from incident.service import Incidents
from runtime.database import Connection, connect

PATH = "/v1/units/guard-1/out_of_service"
GUARD = {"kind": "guard"}
SECOND_POLICY = {
    "id": "P-0002",
    "holder": {"name": "鈴木 一郎"},
    "valid_from": "2020-04-01",
    "valid_to": "2099-03-31",
    "vehicles": [{"plate": "横浜 500 さ 1"}],
}


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def take_out(api: Backend, reason: str = "車両の故障", status: int = 200, **more: Any) -> Any:
    return api.put(PATH, {"reason": reason, **more}, ADMIN, status)


def put_back(api: Backend, since: str, status: int = 200) -> Any:
    answer = api.client.delete(PATH, params={"since": since}, headers=ADMIN)
    assert answer.status_code == status, answer.text
    return answer.json()


def later(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def send(api: Backend, incident_id: UUID, **more: str) -> dict[str, str]:
    """Who is asked, and how each offer stands."""
    api.post(f"/v1/incidents/{incident_id}/dispatches", GUARD | more)
    return offers(api, incident_id)


def offers(api: Backend, incident_id: UUID) -> dict[str, str]:
    (dispatch,) = api.get(f"/v1/incidents/{incident_id}")["dispatches"]
    return {offer["asked"]: offer["state"] for offer in dispatch["offers"]}


def look(api: Backend) -> None:
    """What the engine does within a second."""
    with connect(api.url, name="test", autocommit=True) as conn:
        Keeper(Incidents(api.settings)).look(conn)
        Engine(Incidents(api.settings)).step(conn)


def logged(api: Backend) -> list[tuple[str, str, str, str]]:
    rows = api.sql(
        "SELECT actor, action, object, reason FROM access_log WHERE action LIKE 'unit.%%service' ORDER BY id"
    )
    return [(row["actor"], row["action"], row["object"], row["reason"]) for row in rows]


def test_the_nearest_is_not_asked_and_the_next_one_is(api: Backend) -> None:
    api.insure()
    near = api.unit("guard-1", km_north=2)
    api.unit("guard-2", km_north=9)
    told = take_out(api)
    assert (told["status"], told["on_shift"]) == ("out_of_service", True)
    incident_id = api.report()
    assert send(api, incident_id) == {"guard-2": "open"}
    (dispatch,) = api.get(f"/v1/incidents/{incident_id}")["dispatches"]
    passed_over = dispatch["searches"][0]["passed_over"]
    assert [(entry["unit"], entry["reason"]) for entry in passed_over] == [("guard-1", "out_of_service")]
    assert api.get("/v1/unit", near)["unit"]["out_of_service"]["reason"] == "車両の故障"
    units = api.get(f"/v1/incidents/{incident_id}/surroundings")["units"]
    assert [(unit["id"], unit["out_of_service"]) for unit in units] == [("guard-1", True), ("guard-2", False)]


def test_an_operator_cannot_send_it_by_name(api: Backend) -> None:
    api.insure()
    api.unit("guard-1")
    take_out(api, "車検")
    body = GUARD | {"unit_id": "guard-1"}
    refused = api.post(f"/v1/incidents/{api.report()}/dispatches", body, status=409)
    assert refused["detail"] == "guard-1 is out of service: 車検"
    assert refused["said"]["ja"] == "隊 guard-1 は運用停止中です: 車検"


def test_nothing_the_unit_says_brings_it_back(api: Backend) -> None:
    api.insure()
    guard = api.unit("guard-1")
    take_out(api)
    place = {"lat_deg": 35.24, "lon_deg": 139.1, "on_shift": False}
    for on_shift in (False, True):
        shown = api.put("/v1/unit/position", place | {"on_shift": on_shift}, guard)
        assert (shown["status"], shown["on_shift"], shown["lat_deg"]) == ("out_of_service", on_shift, 35.24)
    fresh = {"Authorization": f"Bearer {api.post('/v1/units/guard-1/token', headers=ADMIN)['token']}"}
    api.put("/v1/unit/position", place | {"on_shift": True}, fresh)
    body = {"id": "guard-1", "kind": "guard", "name": "隊", "lat_deg": 35.24, "lon_deg": 139.1}
    assert api.put("/v1/units/guard-1", body)["status"] == "out_of_service"
    assert send(api, api.report()) == {}


def test_it_keeps_the_work_it_is_doing(api: Backend) -> None:
    api.insure()
    guard = api.unit("guard-1")
    incident_id = api.report()
    send(api, incident_id)
    dispatch_id = api.get("/v1/unit", guard)["dispatch"]["id"]
    path = f"/v1/unit/dispatches/{dispatch_id}"
    api.post(f"{path}/accept", {"eta_s": 600}, guard)
    assert take_out(api)["status"] == "working"
    look(api)
    for step in ("en_route", "on_scene"):
        api.post(f"{path}/{step}", {}, guard)
    api.post(f"{path}/secured", {"reason": "車が見当たらない"}, guard)
    api.post(f"{path}/complete", {"report": "済み"}, guard)
    assert api.get("/v1/unit", guard)["unit"]["status"] == "out_of_service"
    api.insure("car-0002", SECOND_POLICY)
    assert send(api, api.report("car-0002")) == {}


def test_what_it_has_not_answered_is_taken_back_and_the_next_one_asked(api: Backend) -> None:
    api.insure()
    guard = api.unit("guard-1", km_north=2)
    api.unit("guard-2", km_north=9)
    incident_id = api.report()
    assert send(api, incident_id) == {"guard-1": "open"}
    dispatch_id = api.get("/v1/unit", guard)["dispatch"]["id"]
    take_out(api)
    # Killed in the middle of it: nothing has happened, and the next look does it.
    with connect(api.url, name="test", autocommit=True) as conn, conn.transaction() as begun:
        Keeper(Incidents(api.settings)).look(conn)
        raise psycopg.Rollback(begun)
    assert offers(api, incident_id) == {"guard-1": "open"}
    for _ in range(2):
        look(api)
    assert offers(api, incident_id) == {"guard-1": "withdrawn", "guard-2": "open"}
    assert api.get("/v1/unit", guard)["dispatch"] is None
    api.post(f"/v1/unit/dispatches/{dispatch_id}/accept", {"eta_s": 60}, guard, status=409)
    events = api.get(f"/v1/incidents/{incident_id}/events")["events"]
    (taken_back,) = [event for event in events if event["kind"] == "dispatch_withdrawn"]
    assert (taken_back["actor"], taken_back["data"]["unit"]) == ("system", "guard-1")


def test_back_in_service_whoever_found_nobody_looks_again(api: Backend) -> None:
    api.insure()
    api.unit("guard-1")
    incident_id = api.report()
    assert send(api, incident_id) == {"guard-1": "open"}
    since = take_out(api)["out_of_service"]["since"]
    look(api)
    assert offers(api, incident_id) == {"guard-1": "withdrawn"}
    look(api)
    assert offers(api, incident_id) == {"guard-1": "withdrawn"}, "it is not asked again meanwhile"
    for _ in range(2):
        assert put_back(api, since)["out_of_service"] is None
    look(api)
    assert offers(api, incident_id) == {"guard-1": "open"}


def test_when_its_time_has_run_out_it_is_back_by_itself(api: Backend) -> None:
    api.insure()
    api.unit("guard-1")
    take_out(api, until=later(hours=2))
    incident_id = api.report()
    assert send(api, incident_id) == {}
    look(api)
    assert offers(api, incident_id) == {}
    api.sql("UPDATE units_out_of_service SET until = clock_timestamp()")
    assert api.get("/v1/units")["units"][0]["status"] == "free", "also while no engine runs"
    look(api)
    assert offers(api, incident_id) == {"guard-1": "open"}
    assert api.sql("SELECT * FROM units_out_of_service") == []


def test_two_supervisors_do_not_undo_what_they_have_not_seen(api: Backend) -> None:
    api.unit("guard-1")
    kato, abe = (api.staff(name, "supervisor") for name in ("kato", "abe"))
    first = api.put(PATH, {"reason": "休憩", "until": later(hours=1)}, kato)["out_of_service"]
    unseen = api.put(PATH, {"reason": "故障"}, abe, status=409)
    assert unseen["detail"] == "guard-1 is out of service by kato: 休憩"
    assert unseen["said"]["ja"] == "担当者 kato が 隊 guard-1 を運用停止にしています: 休憩"
    second = api.put(PATH, {"reason": "故障", "replaces": first["since"]}, abe)["out_of_service"]
    assert (second["taken_by"], second["until"]) == ("abe", None)
    put_back(api, first["since"], status=409)
    # The answer was lost, and it is said again.
    assert api.put(PATH, {"reason": "故障", "replaces": first["since"]}, abe)["out_of_service"] == second
    put_back(api, second["since"])
    assert [entry[:3] for entry in logged(api)] == [
        ("supervisor:kato", "unit.out_of_service", "guard-1"),
        ("supervisor:abe", "unit.out_of_service", "guard-1"),
        ("admin:admin", "unit.in_service", "guard-1"),
    ]
    reasons = [entry[3] for entry in logged(api)]
    assert reasons[0].startswith("休憩 (until ")
    assert reasons[1:] == ["故障", "故障"]


def test_at_the_same_moment_one_of_two_is_told_of_the_other(api: Backend) -> None:
    api.unit("guard-1")
    answers: list[int] = []
    started = threading.Barrier(2)

    def say(reason: str) -> None:
        started.wait()
        answers.append(api.client.put(PATH, json={"reason": reason}, headers=ADMIN).status_code)

    both = [threading.Thread(target=say, args=[reason]) for reason in ("故障", "休憩")]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert sorted(answers) == [200, 409]
    assert len(logged(api)) == 1


def test_who_was_told_that_it_is_not_asked_can_rely_on_it(api: Backend) -> None:
    """While somebody chooses units it waits: they choose before it, or know of it."""
    api.unit("guard-1")
    answered = threading.Event()

    def say() -> None:
        take_out(api)
        answered.set()

    with connect(api.url, name="test") as chooser:
        chooser.execute(SQL["lock_dispatching"])
        saying = threading.Thread(target=say)
        saying.start()
        until(lambda: waits_for_a_lock(chooser))
        assert not answered.is_set()
    saying.join(20)
    assert answered.is_set()


def waits_for_a_lock(conn: Connection) -> bool:
    return bool(conn.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchall())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": " "},
        {"reason": "a\nb"},
        {"reason": "x" * 101},
        {"reason": "故障", "until": "2020-01-01T00:00:00Z"},
        {"reason": "故障", "until": "9999-12-31T23:59:59-12:00"},
        {"reason": "故障", "until": "2030-01-01T00:00:00"},
        {"reason": "故障", "replaces": "soon"},
    ],
)
def test_what_makes_no_sense_is_refused(api: Backend, body: dict[str, Any]) -> None:
    api.unit("guard-1")
    api.put(PATH, body, ADMIN, status=422)
    assert api.get("/v1/units")["units"][0]["out_of_service"] is None


def test_only_whoever_runs_the_shift_may(api: Backend) -> None:
    guard = api.unit("guard-1")
    for headers in (OPERATOR, api.staff("sato"), api.staff("ueda", "auditor"), guard):
        api.put(PATH, {"reason": "故障"}, headers, status=403)
        api.delete(f"{PATH}?since={later().replace('+', '%2B')}", headers, status=403)
    api.put(PATH.replace("guard-1", "guard-9"), {"reason": "故障"}, ADMIN, status=404)
    api.delete(f"{PATH.replace('guard-1', 'guard-9')}?since=2026-10-01T03:00:00Z", ADMIN, status=404)
