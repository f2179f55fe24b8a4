"""Injury estimates and special needs: seen by who rescues, and by nobody else."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

import pytest
from support.backend import ADMIN, OPERATOR, POLICY, Backend, running_backend

NEED = {"reach": "text", "reach_consent_at": "2026-04-01T00:00:00Z"}
HOLDER: dict[str, Any] = POLICY["holder"]
FOUND = {
    "injury": [{"injury": "fatal", "low": 0.1, "high": 0.2, "models": [{"model": "x", "probability": 0.1}]}],
    "injury_modifiers": {"age": "applied"},
    "injury_uncovered": ["rollover"],
}


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        backend.insure(policy=POLICY | {"holder": HOLDER | NEED})
        yield backend


@pytest.fixture
def incident(api: Backend) -> str:
    incident_id = api.report()
    api.sql(
        "INSERT INTO impacts (device_id, boot_id, uptime_ms, at, incident_id, severity, delta_v_kmh, peak_g,"
        " duration_ms, rollover, multiple, delta_v_is_lower_bound, parked, reasons, late, analysis)"
        " VALUES ('car-0001', 1, 1, now(), %s, 'severe', 30, 18, 96, false, false, false, false, '{}', false, %s)",
        incident_id,
        json.dumps(FOUND),
    )
    return str(incident_id)


def told(value: Any, *names: str) -> list[Any]:
    """Every value of a member of one of these names, at any depth."""
    if isinstance(value, Mapping):
        found = [inner for name, inner in value.items() if name in names]
        return found + [each for inner in value.values() for each in told(inner, *names)]
    return [each for inner in value for each in told(inner, *names)] if isinstance(value, list) else []


def answers(api: Backend, incident: str, headers: Mapping[str, str]) -> Generator[tuple[str, Any]]:
    (impact,) = api.sql("SELECT id FROM impacts")
    for path in (
        f"/v1/incidents/{incident}",
        f"/v1/incidents/{incident}/events",
        f"/v1/incidents/{incident}/dossier",
        f"/v1/incidents/{incident}/dossier?masked=true",
        "/v1/impacts",
        f"/v1/impacts/{impact['id']}",
    ):
        yield path, api.get(path, headers)


@pytest.mark.parametrize("role", ["operator", "supervisor"])
def test_who_rescues_sees_them(api: Backend, incident: str, role: str) -> None:
    headers = api.staff("one", role)
    for path, answer in answers(api, incident, headers):
        if "impacts" in path or "dossier" in path:
            assert told(answer, "injury_uncovered")[0] == ["rollover"], path
        if "impacts" not in path:
            assert "text" in told(answer, "reach"), path


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_nobody_else_does(api: Backend, incident: str, role: str) -> None:
    headers = api.staff("one", role)
    for path, answer in answers(api, incident, headers):
        for name in ("injury", "injury_modifiers", "injury_uncovered", "reach", "reach_consent_at"):
            assert set(map(str, told(answer, name))) <= {"None"}, (path, name)
        if "dossier" in path:
            assert answer["needs"] is False
        assert "NHTSA" not in json.dumps(answer)


def test_programs_with_the_settings_tokens_see_what_they_did(api: Backend, incident: str) -> None:
    for headers in (ADMIN, OPERATOR):
        assert api.get(f"/v1/incidents/{incident}", headers)["contract"]["holder"]["reach"] == "text"
    assert api.get("/v1/policies/P-0001", ADMIN)["holder"]["reach"] == "text"


def test_an_administrator_changes_a_policy_without_seeing_or_losing_the_need(api: Backend) -> None:
    headers = api.staff("one", "admin")
    seen = api.get("/v1/policies/P-0001", headers)
    assert (seen["holder"]["reach"], seen["holder"]["reach_consent_at"]) == (None, None)
    holder = {key: value for key, value in seen["holder"].items() if key != "id"} | {
        "email": "taro@example.jp"
    }
    body = {key: value for key, value in seen.items() if key != "holder_id"} | {
        "holder": holder,
        "vehicles": [{key: value for key, value in car.items() if key != "id"} for car in seen["vehicles"]],
    }
    changed = api.put("/v1/policies/P-0001", body, headers)
    assert (changed["holder"]["email"], changed["holder"]["reach"]) == ("taro@example.jp", None)
    (kept,) = api.sql("SELECT email, reach, reach_consent_at IS NOT NULL AS agreed FROM policyholders")
    assert kept == {"email": "taro@example.jp", "reach": "text", "agreed": True}


def test_the_stream_tells_nobody(api: Backend, incident: str) -> None:
    (row,) = api.sql("SELECT data FROM incident_events WHERE kind = 'opened'")
    assert row["data"]["reach"] == "text"
    with api.client.stream("GET", "/v1/stream?after=0", headers=OPERATOR) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:"):
                first = json.loads(line.removeprefix("data:"))
                break
    assert first["kind"] == "opened"
    assert first["data"]["severity"] == "severe"
    assert "reach" not in first["data"]
