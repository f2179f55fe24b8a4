"""Policies, devices, units and tokens over HTTP."""

from __future__ import annotations

import copy
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from support.backend import ADMIN, POLICY, PUBLIC_URL, Backend, running_backend


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def policy(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(POLICY) | changes


def test_a_policy_is_kept_as_given_with_its_numbers_normalised(api: Backend) -> None:
    made = api.post("/v1/policies", POLICY, ADMIN, status=201)
    assert made["holder"]["phones"] == ["+819012345678"]
    assert made["holder_id"] == made["holder"]["id"]
    assert [vehicle["plate"] for vehicle in made["vehicles"]] == ["品川 300 あ 12-34"]
    assert api.get("/v1/policies/P-0001", ADMIN) == made


def test_the_same_policy_again_is_no_error_and_another_one_is_refused(api: Backend) -> None:
    made = api.post("/v1/policies", POLICY, ADMIN, status=201)
    assert api.post("/v1/policies", POLICY, ADMIN, status=200) == made
    refused = api.post("/v1/policies", policy(valid_to="2030-01-01"), ADMIN, status=409)
    assert "PUT" in refused["detail"]
    assert len(api.sql("SELECT id FROM policyholders")) == 1


def test_replacing_a_policy_keeps_the_ids_of_what_stays(api: Backend) -> None:
    before = api.insure()
    wanted = policy(valid_to="2031-03-31")
    wanted["holder"] |= {"name": "佐藤 次郎", "phones": ["+819011112222", "+81312345678"]}
    wanted["holder"]["emergency_contacts"] = []
    wanted["vehicles"] = [{**POLICY["vehicles"][0], "colour": "黒"}, {"plate": "横浜 500 さ 1"}]
    after = api.put("/v1/policies/P-0001", wanted)
    assert after["holder_id"] == before["holder_id"]
    assert (after["holder"]["name"], after["valid_to"]) == ("佐藤 次郎", "2031-03-31")
    assert after["holder"]["phones"] == ["+819011112222", "+81312345678"]
    assert after["holder"]["emergency_contacts"] == []
    cars = {car["plate"]: car for car in after["vehicles"]}
    assert cars["品川 300 あ 12-34"] == before["vehicles"][0] | {"colour": "黒"}
    assert len(cars) == 2


def test_a_year_of_birth_may_be_given_and_taken_back(api: Backend) -> None:
    assert api.post("/v1/policies", POLICY, ADMIN, status=201)["holder"]["birth_year"] is None
    told = policy(holder=POLICY["holder"] | {"birth_year": 1974})
    assert api.put("/v1/policies/P-0001", told)["holder"]["birth_year"] == 1974
    assert api.post("/v1/policies", told, ADMIN, status=200)["holder"]["birth_year"] == 1974
    api.post("/v1/policies", POLICY, ADMIN, status=409)
    assert api.put("/v1/policies/P-0001", POLICY)["holder"]["birth_year"] is None
    born = policy(id="P-0002", holder=POLICY["holder"] | {"birth_year": datetime.now(UTC).year})
    assert api.post("/v1/policies", born, ADMIN, status=201)["holder"]["birth_year"] == datetime.now(UTC).year


def test_a_car_leaves_only_without_its_device_and_returns_as_the_same(api: Backend) -> None:
    before = api.insure()
    refused = api.put("/v1/policies/P-0001", policy(vehicles=[]), status=409)
    assert "car-0001" in refused["detail"]
    assert api.get("/v1/policies/P-0001", ADMIN)["vehicles"] == before["vehicles"]
    api.delete("/v1/devices/car-0001", ADMIN)
    assert api.put("/v1/policies/P-0001", policy(vehicles=[]))["vehicles"] == []
    device = {"id": "car-0002", "vehicle_id": before["vehicles"][0]["id"]}
    api.post("/v1/devices", device, ADMIN, status=422)
    assert api.put("/v1/policies/P-0001", POLICY)["vehicles"] == before["vehicles"]
    api.post("/v1/devices", device, ADMIN, status=201)


def test_put_makes_a_policy_that_is_not_there(api: Backend) -> None:
    made = api.put("/v1/policies/P-0001", POLICY, status=201)
    assert api.put("/v1/policies/P-0001", POLICY, status=200) == made
    mismatch = api.put("/v1/policies/P-0002", POLICY, status=422)
    assert "P-0002" in mismatch["detail"]


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("holder", "phones"), ["09012345678"], "country code"),
        (("holder", "phones"), ["+81 090-1234-5678"], "leave out the 0"),
        (("holder", "phones"), ["+81abc"], "7 to 15 digits"),
        (("holder", "phones"), ["+819012345678", "+81-90-1234-5678"], "twice"),
        (("holder", "name"), " ", "at least 1 character"),
        (("holder", "name"), "a\x00b", "control characters"),
        (("holder", "language"), "fr", "'ja' or 'en'"),
        (("holder", "nmae"), "x", "Extra inputs"),
        (("holder", "birth_year"), 1899, "greater than or equal to 1900"),
        (("holder", "birth_year"), datetime.now(UTC).year + 2, "lies in the future"),
        (("holder", "birth_year"), "Showa", "valid integer"),
        (("valid_to",), "2020-04-01", "later than valid_from"),
        (("valid_from",), "yesterday", "valid date"),
        (("id",), "a b", "pattern"),
        (("vehicles",), [{"plate": "x"}, {"plate": "x"}], "same plate"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(
    api: Backend, place: tuple[str, ...], value: Any, words: str
) -> None:
    wanted = policy()
    target = wanted
    for part in place[:-1]:
        target = target[part]
    target[place[-1]] = value
    problem = api.post("/v1/policies", wanted, ADMIN, status=422)
    assert words in problem["detail"]
    assert problem["errors"]
    assert "123" not in problem["detail"].replace("+819012345678", "")  # no number is repeated
    assert api.sql("SELECT id FROM policyholders") == []


def test_policies_made_at_once_are_made_once(api: Backend) -> None:
    with ThreadPoolExecutor(8) as people:
        answers = list(
            people.map(lambda _: api.client.post("/v1/policies", json=POLICY, headers=ADMIN), range(8))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["holder_id"] for answer in answers}) == 1


def test_a_device_gets_a_shard_for_life(api: Backend) -> None:
    made = api.post("/v1/devices", {"id": "car-0001"}, ADMIN, status=201)
    shard = made["shard"]
    assert made["up"]["impact"] == f"cb/v1/{shard}/car-0001/up/impact"
    assert made["down"] == f"cb/v1/{shard}/car-0001/down/cmd"
    assert api.post("/v1/devices", {"id": "car-0001"}, ADMIN, status=200) == made
    assert api.post("/v1/devices", {"id": "car-0001", "shard": shard}, ADMIN, status=200) == made
    other = "00" if shard != "00" else "01"
    api.post("/v1/devices", {"id": "car-0001", "shard": other}, ADMIN, status=409)
    assert api.post("/v1/devices", {"id": "car-0002", "shard": "0e"}, ADMIN, status=201)["shard"] == "0e"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "x"},
        {"id": "-abc"},
        {"id": "a/b/c"},
        {"id": "car+1"},
        {"id": "car-1\n"},
        {"id": "car-1", "shard": "10"},
        {"id": "car-1", "vehicle_id": "7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e"},
        {"id": "car-1", "vehicle": "x"},
        {},
    ],
)
def test_a_device_that_cannot_be_is_refused(api: Backend, body: dict[str, Any]) -> None:
    api.post("/v1/devices", body, ADMIN, status=422)
    assert api.get("/v1/devices", ADMIN) == {"devices": []}


def test_a_revoked_device_stays_out(api: Backend) -> None:
    api.post("/v1/devices", {"id": "car-0001"}, ADMIN, status=201)
    revoked = api.delete("/v1/devices/car-0001", ADMIN)
    assert revoked["revoked_at"] is not None
    assert api.delete("/v1/devices/car-0001", ADMIN) == revoked
    problem = api.post("/v1/devices", {"id": "car-0001"}, ADMIN, status=409)
    assert problem["state"] == "revoked"
    api.delete("/v1/devices/car-0009", ADMIN, status=404)
    api.get("/v1/devices/car-0009", ADMIN, status=404)


def test_devices_come_in_pages(api: Backend) -> None:
    for number in range(5):
        api.post("/v1/devices", {"id": f"car-{number}"}, ADMIN, status=201)
    seen: list[str] = []
    while page := api.get(f"/v1/devices?limit=2&after={seen[-1] if seen else ''}", ADMIN)["devices"]:
        seen += [device["id"] for device in page]
    assert seen == [f"car-{number}" for number in range(5)]
    for wrong in ("limit=0", "limit=1001", "after=%00", f"after={'x' * 41}"):
        api.get(f"/v1/devices?{wrong}", ADMIN, status=422)


def test_units_are_made_once_and_tokens_only_for_what_exists(api: Backend) -> None:
    unit = {"id": "guard-1", "kind": "guard", "name": "一号", "lat_deg": 35.0, "lon_deg": 139.0}
    made = api.post("/v1/units", unit, ADMIN, status=201)
    assert made["on_shift"] is False
    assert api.post("/v1/units", unit | {"lat_deg": 36.0}, ADMIN, status=200) == made
    api.post("/v1/units", unit | {"kind": "roadside"}, ADMIN, status=409)
    assert api.get("/v1/units", ADMIN)["units"] == [made]
    for lat_deg in (90.1, float("nan"), None, "north"):
        body = f'{{"id": "g-2", "kind": "guard", "name": "x", "lat_deg": {lat_deg!r}, "lon_deg": 0}}'
        wrong = body.replace("nan", "NaN").replace("None", "null").replace("'", '"')
        answer = api.client.post(
            "/v1/units", content=wrong, headers=ADMIN | {"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, answer.text
    api.post("/v1/units/guard-2/token", headers=ADMIN, status=404)
    api.post("/v1/holders/7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e/token", headers=ADMIN, status=404)


def test_looking_somebody_up_is_logged(api: Backend) -> None:
    api.insure()
    api.get("/v1/policies/P-0001", ADMIN | {"X-Reason": "%E5%86%8D%E7%99%BA%E8%A1%8C"})
    api.get("/v1/policies/P-0002", ADMIN, status=404)
    rows = api.sql("SELECT actor, action, object, reason FROM access_log")
    assert rows == [{"actor": "admin:admin", "action": "policy.read", "object": "P-0001", "reason": "再発行"}]


def test_a_units_token_comes_with_the_way_its_phone_gets_it(api: Backend) -> None:
    api.unit("guard-1")
    access = api.post("/v1/units/guard-1/token", headers=ADMIN)
    assert access["link"] == f"{PUBLIC_URL}/unit#token={access['token']}"
    assert access["qr_svg"].startswith("<svg")
    assert api.get("/v1/unit", {"Authorization": f"Bearer {access['token']}"})["unit"]["id"] == "guard-1"


def test_units_are_told_with_what_they_are_on(api: Backend) -> None:
    api.insure()
    api.unit("guard-1")
    incident_id = str(api.report())
    assert api.get("/v1/units")["units"][0]["incident_id"] is None
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    (unit,) = api.get("/v1/units")["units"]
    assert (unit["status"], unit["incident_id"], unit["dispatch_state"]) == ("asked", incident_id, "offered")
