"""Control centres, the scene, a router, and the request for an ambulance, through the HTTP API."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.backend import ADMIN, OPERATOR, POLICY, SCENE, Backend, running_backend
from support.small_web import SmallWeb, small_web

from incident.engine.engine import Engine
from incident.field.providers import ProviderPost
from incident.field.routing import Scout
from incident.service import Incidents
from runtime.database import Connection, connect

JPEG = b"\xff\xd8\xff\xe0" + bytes(1000) + b"\xff\xd9"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


@pytest.fixture
def web() -> Generator[SmallWeb]:
    with small_web() as served:
        yield served


@pytest.fixture
def conn(api: Backend) -> Generator[Connection]:
    with connect(api.url, name="test", autocommit=True) as made:
        yield made


def send(api: Backend) -> UUID:
    """An incident to which an operator sends a guard."""
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    return incident_id


def post_all(api: Backend, conn: Connection) -> int:
    post, steps = ProviderPost(Incidents(api.settings)), 0
    while post.step(conn):
        steps += 1
        assert steps < 30, "it spins"
    return steps


def dispatch(api: Backend, incident_id: UUID) -> dict[str, Any]:
    return api.get(f"/v1/incidents/{incident_id}")["dispatches"][-1]


def test_a_control_centre_is_told_and_answers_later(api: Backend, conn: Connection, web: SmallWeb) -> None:
    made = api.insure()
    driver = api.driver(made["holder_id"])
    centre, secret = api.centre(url=f"{web.url}/offers")
    incident_id = send(api)
    assert post_all(api, conn) == 1
    (asked,) = web.asked
    told = json.loads(asked.body)
    moment, sent = (part.partition("=")[2] for part in asked.headers["x-cbutton-signature"].split(","))
    assert abs(int(moment) - time.time()) < 10
    expected = hmac.new(secret.encode(), moment.encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    assert sent == expected
    assert asked.headers["idempotency-key"] == told["offer_id"]
    assert (told["event"], told["kind"], told["lat_deg"], told["vehicle"]["plate"]) == (
        "offer",
        "guard",
        SCENE.lat_deg,
        "品川 300 あ 12-34",
    )
    assert "Guards carry nobody" in told["text"]["en"]
    (waiting,) = api.get("/v1/provider/dispatches", centre)["dispatches"]
    assert (waiting["id"], waiting["state"]) == (told["dispatch_id"], "offered")
    path = f"/v1/provider/dispatches/{told['dispatch_id']}"
    (taken,) = api.post(f"{path}/accept", {"eta_s": 900, "crew": "横浜12号車"}, centre)["dispatches"]
    assert taken["state"] == "accepted"
    assert api.get("/v1/driver/incident", driver)["incident"]["help"]["unit_name"] == "横浜12号車"
    for step in ("en_route", "on_scene", "secured"):
        api.post(f"{path}/{step}", {}, centre)
        api.post(f"{path}/{step}", {}, centre)  # said twice
    assert api.post(f"{path}/complete", {"report": "異常なし"}, centre)["dispatches"] == []
    found = dispatch(api, incident_id)
    assert (found["state"], found["provider_id"], found["unit_id"]) == ("completed", "centre-1", None)
    assert "横浜12号車" in found["summary"]["ja"]
    actors = {event["actor"] for event in api.get(f"/v1/incidents/{incident_id}/events")["events"]}
    assert "provider:centre-1" in actors


def test_a_centre_that_is_away_is_told_again_with_the_same_key(
    api: Backend, conn: Connection, web: SmallWeb
) -> None:
    api.insure()
    api.centre(url=web.url)
    web.answer = lambda _: (503, b"")
    send(api)
    assert post_all(api, conn) == 1
    web.answer = lambda _: (200, b"")
    conn.execute("UPDATE outbox SET due_at = clock_timestamp() WHERE kind = 'provider'")
    assert post_all(api, conn) == 1
    assert len({asked.headers["idempotency-key"] for asked in web.asked}) == 1
    assert len(web.asked) == 2
    # A process killed while sending: its lease runs out, and the same is sent once more.
    conn.execute(
        "UPDATE outbox SET state = 'sending', lease_until = clock_timestamp() WHERE kind = 'provider'"
    )
    assert post_all(api, conn) == 1
    assert len({asked.headers["idempotency-key"] for asked in web.asked}) == 1


def test_a_centre_that_refuses_is_followed_by_the_next_at_once(
    api: Backend, conn: Connection, web: SmallWeb
) -> None:
    api.insure()
    api.centre(url=web.url, arrival_s=1)
    guard = api.unit()
    web.answer = lambda _: (404, b"")
    incident_id = send(api)
    assert api.get("/v1/unit", guard)["dispatch"] is None
    post_all(api, conn)
    assert api.get("/v1/unit", guard)["dispatch"]["state"] == "offered"
    assert [offer["state"] for offer in dispatch(api, incident_id)["offers"]] == ["declined", "open"]


def test_an_offer_nobody_answers_runs_out_and_the_centre_hears_so(
    api: Backend, conn: Connection, web: SmallWeb
) -> None:
    api.insure()
    centre, _ = api.centre(url=web.url, arrival_s=1)
    guard = api.unit()
    incident_id = send(api)
    post_all(api, conn)
    dispatch_id = json.loads(web.asked[0].body)["dispatch_id"]
    conn.execute("UPDATE timers SET due_at = clock_timestamp() WHERE starts_with(name, 'offer:')")
    Engine(Incidents(api.settings)).step(conn)
    post_all(api, conn)
    assert [json.loads(asked.body)["event"] for asked in web.asked] == ["offer", "withdrawn"]
    problem = api.post(f"/v1/provider/dispatches/{dispatch_id}/accept", {"eta_s": 60}, centre, status=409)
    assert (problem["state"], "run out" in problem["detail"]) == ("offered", True)
    api.post(f"/v1/unit/dispatches/{dispatch_id}/accept", {"eta_s": 60}, guard)
    assert dispatch(api, incident_id)["unit_id"] == "guard-1"


def test_an_offer_that_is_over_is_not_sent_any_more(api: Backend, conn: Connection, web: SmallWeb) -> None:
    api.insure()
    api.centre(url=web.url)
    incident_id = send(api)
    api.delete(f"/v1/incidents/{incident_id}/dispatches/guard")
    post_all(api, conn)
    assert [json.loads(asked.body)["event"] for asked in web.asked] == ["withdrawn"]


def test_a_centre_reaches_only_its_own_work(api: Backend, conn: Connection, web: SmallWeb) -> None:
    api.insure()
    api.centre(url=web.url)
    other, _ = api.centre("centre-2", url=web.url, radius_km=1, lat_deg=43.0)
    incident_id = send(api)
    path = f"/v1/provider/dispatches/{dispatch(api, incident_id)['id']}"
    api.post(f"{path}/accept", {}, other, status=404)
    assert api.get("/v1/provider/dispatches", other) == {"dispatches": []}
    api.post(f"/v1/provider/dispatches/{uuid4()}/accept", {}, other, status=404)


# The scene.


def on_scene(api: Backend) -> tuple[dict[str, str], str, UUID]:
    api.insure()
    guard = api.unit()
    incident_id = send(api)
    path = f"/v1/unit/dispatches/{dispatch(api, incident_id)['id']}"
    api.post(f"{path}/accept", {"eta_s": 60}, guard)
    api.post(f"{path}/on_scene", {}, guard)
    return guard, path, incident_id


def photo(api: Backend, path: str, headers: dict[str, str], jpeg: bytes = JPEG) -> int:
    sent = api.client.post(f"{path}/photos", content=jpeg, headers=headers | {"Content-Type": "image/jpeg"})
    return sent.status_code


def test_what_is_seen_to_is_on_record_with_its_time(api: Backend) -> None:
    guard, path, incident_id = on_scene(api)
    api.put(f"{path}/checklist/police", {"state": "done", "note": "110番済み"}, guard)
    api.put(f"{path}/checklist/towing", {"state": "not_needed"}, guard)
    seen = api.put(f"{path}/checklist/towing", {"state": "done"}, guard)["dispatch"]["checklist"]
    assert {check["item"]: check["state"] for check in seen} == {"police": "done", "towing": "done"}
    api.put(f"{path}/checklist/tea", {"state": "done"}, guard, status=422)
    api.put(f"{path}/checklist/police", {"state": "perhaps"}, guard, status=422)
    api.post(f"{path}/secured", {}, guard, status=409)
    api.post(f"{path}/secured", {"reason": "現場に車がない"}, guard)
    api.post(f"{path}/complete", {"report": "引き継ぎ完了"}, guard)
    summary = dispatch(api, incident_id)["summary"]
    for words in ("警察への届け出 実施", "現場に車がない", "引き継ぎ完了", "記録のない項目: 人の安全"):
        assert words in summary["ja"]
    assert "report to the police done" in summary["en"]
    events = api.get(f"/v1/incidents/{incident_id}/events")["events"]
    checked = [event["data"] for event in events if event["kind"] == "scene_checked"]
    assert [(data["item"], data["state"]) for data in checked] == [
        ("police", "done"),
        ("towing", "not_needed"),
        ("towing", "done"),
    ]
    assert "110" not in json.dumps(events, ensure_ascii=False)
    api.put(f"{path}/checklist/police", {"state": "done"}, guard, status=409)


def test_photos_are_kept_as_they_are_and_only_so_many(api: Backend) -> None:
    guard, path, incident_id = on_scene(api)
    other = api.unit("guard-2", km_north=40)
    large = JPEG + bytes(200_000)
    assert photo(api, path, guard, large) == 201
    assert photo(api, path, guard, b"GIF89a") == 422
    assert photo(api, path, guard, JPEG + bytes(5 * 2**20)) == 413
    assert photo(api, path, {}, large) == 413  # nobody without a token sends much
    assert photo(api, path, other) == 404
    (kept,) = dispatch(api, incident_id)["photos"]
    assert kept["bytes"] == len(large)
    got = api.client.get(f"/v1/photos/{kept['id']}", headers=OPERATOR)
    assert (got.content, got.headers["content-type"]) == (large, "image/jpeg")
    assert api.client.get(f"/v1/photos/{kept['id']}", headers=guard).status_code == 403
    assert api.sql("SELECT count(*) AS n FROM access_log WHERE action = 'photo.read'")[0]["n"] == 1
    # One whose answer was not heard is sent again, and is the same one.
    assert photo(api, path, guard, large) == 201
    assert dispatch(api, incident_id)["photos"] == [kept]
    assert [photo(api, path, guard, JPEG + bytes([n])) for n in range(10)] == [201] * 9 + [422]
    assert photo(api, path, guard, large) == 201
    events = api.get(f"/v1/incidents/{incident_id}/events")["events"]
    assert sum(event["kind"] == "photo_added" for event in events) == 10


def test_a_unit_says_that_it_is_well_and_when_it_will_be_there(api: Backend) -> None:
    api.insure()
    guard = api.unit()
    incident_id = send(api)
    path = f"/v1/unit/dispatches/{dispatch(api, incident_id)['id']}"
    api.post(f"{path}/eta", {"eta_s": 60}, guard, status=409)
    api.post(f"{path}/accept", {"eta_s": 60}, guard)
    later = api.post(f"{path}/eta", {"eta_s": 1200}, guard)["dispatch"]
    assert datetime.fromisoformat(later["eta_at"]) - datetime.now(UTC) > timedelta(seconds=1100)
    assert api.post(f"{path}/i_am_safe", {}, guard, status=409)["state"] == "accepted"
    api.post(f"{path}/on_scene", {}, guard)
    assert api.post(f"{path}/i_am_safe", {}, guard)["dispatch"]["reminder"] is None
    # Closed while it is there: it finishes and reports.
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    api.post(f"{path}/i_am_safe", {}, guard)
    api.put(f"{path}/checklist/police", {"state": "done"}, guard)
    assert api.post(f"{path}/complete", {"report": "完了"}, guard)["dispatch"] is None
    assert dispatch(api, incident_id)["state"] == "completed"


def test_an_offer_tells_of_approach_and_dangers(api: Backend, conn: Connection) -> None:
    car = POLICY["vehicles"][0] | {"fuel": "electric"}
    api.insure(policy=POLICY | {"vehicles": [car]})
    conn.execute(
        "INSERT INTO gps_fixes VALUES ('car-0001', 1, 1, 0, now(), 0, false, %s, %s, 12, 45, 5)",
        [SCENE.lat_deg, SCENE.lon_deg],
    )
    guard = api.unit()
    send(api)
    scene = api.get("/v1/unit", guard)["dispatch"]["incident"]
    assert (scene["heading_deg"], scene["vehicle"]["fuel"]) == (45, "electric")
    assert "南西側から" in scene["approach"]
    assert "高電圧" in scene["dangers"]
    unit = {
        "id": "guard-1",
        "skills": ["guard"],
        "name": "g",
        "language": "en",
        "lat_deg": 35.2,
        "lon_deg": 139.1,
    }
    api.put("/v1/units/guard-1", unit)
    assert "Come from the south-west" in api.get("/v1/unit", guard)["dispatch"]["text"]


# A router.


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("osrm", {"code": "Ok", "durations": [[1200.0], [60.0]]}),
        ("valhalla", {"sources_to_targets": [[{"time": 1200}], [{"time": 60}]]}),
    ],
)
def test_a_router_decides_where_there_is_one(
    api: Backend, conn: Connection, web: SmallWeb, kind: str, answer: dict[str, Any]
) -> None:
    api.insure()
    near, far = api.unit("guard-1", km_north=5), api.unit("guard-2", km_north=8)
    incident_id = api.report()
    web.answer = lambda _: (200, json.dumps(answer).encode())
    scout = Scout(api.settings.model_copy(update={"router_url": web.url, "router_kind": kind}))
    assert scout.step(conn)
    assert not scout.step(conn)  # asked a moment ago
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    assert api.get("/v1/unit", near)["dispatch"] is None
    assert api.get("/v1/unit", far)["dispatch"]["state"] == "offered"
    (search,) = dispatch(api, incident_id)["searches"]
    assert (search["asked"][0]["by"], search["asked"][0]["arrival_s"]) == ("router", 180)


@pytest.mark.parametrize("trouble", ["slow", "broken", "nonsense"])
def test_a_router_that_does_not_help_delays_nothing(
    api: Backend, conn: Connection, web: SmallWeb, trouble: str
) -> None:
    api.insure()
    near = api.unit("guard-1", km_north=5)
    incident_id = api.report()
    web.slow_s = 1.5 if trouble == "slow" else 0.0
    web.answer = lambda _: (
        (500, b"") if trouble == "broken" else (200, b'{"code": "Ok", "durations": [["NaN"]]}')
    )
    started_s = time.monotonic()
    Scout(api.settings.model_copy(update={"router_url": web.url})).step(conn)
    assert time.monotonic() - started_s < 1.4
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    assert api.get("/v1/unit", near)["dispatch"]["state"] == "offered"
    assert dispatch(api, incident_id)["searches"][0]["asked"][0]["by"] == "estimate"


# An ambulance.


def test_the_text_for_an_ambulance_says_what_is_known_and_what_is_not(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    asked = api.get(f"/v1/incidents/{incident_id}/ambulance", OPERATOR | {"X-Access-Reason": "119"})
    for words in (
        "35.23240, 139.10690",
        "連絡が取れていません",
        "火災と燃料漏れ",
        "+815000000000",
        "品川 300 あ 12-34",
    ):
        assert words in asked["text"]["ja"]
    assert "severe" in asked["text"]["en"]
    assert "119" in asked["hint"]["ja"]
    api.get(f"/v1/incidents/{uuid4()}/ambulance", status=404)
    api.get(f"/v1/incidents/{incident_id}/ambulance", api.unit(), status=403)
    logged = api.sql("SELECT count(*) AS n FROM access_log WHERE action = 'incident.ambulance'")
    assert logged[0]["n"] == 1


def test_providers_are_checked_and_their_secret_is_told_once(api: Backend) -> None:
    body = {"id": "centre-9", "name": "x", "mode": "centre"}
    api.put("/v1/providers/centre-9", body, status=422)
    api.put("/v1/providers/other", {"id": "centre-9", "name": "x", "mode": "units"}, status=422)
    _, first = api.centre("centre-9")
    assert "secret" not in json.dumps(api.get("/v1/providers", ADMIN))
    assert api.post("/v1/providers/centre-9/token", headers=ADMIN)["secret"] != first
    unit = {"id": "guard-7", "skills": ["guard"], "name": "g", "lat_deg": 35, "lon_deg": 139}
    api.post("/v1/units", unit | {"provider_id": "centre-9"}, ADMIN, status=409)
    api.put("/v1/providers/tows", {"id": "tows", "name": "組合", "mode": "units"}, status=201)
    made = api.post(
        "/v1/units", unit | {"provider_id": "tows", "shift_from": "22:00", "shift_to": "06:00"}, ADMIN, 201
    )
    assert (made["provider_id"], made["shift_from"], made["status"]) == ("tows", "22:00", "off_shift")
    api.post("/v1/units", unit | {"id": "guard-8", "shift_from": "22:00"}, ADMIN, status=422)
