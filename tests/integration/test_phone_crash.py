"""The telephone's own crash detection: opens, joins, is told twice, comes late."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.backend import Backend, running_backend

from schemas.impact import Severity


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


@pytest.fixture
def phone(api: Backend) -> dict[str, str]:
    return api.driver(api.insure()["holder_id"])


def crash(**more: object) -> dict[str, object]:
    return {
        "event_id": str(uuid4()),
        "at": datetime.now(UTC).isoformat(),
        "source": "safetykit",
        "place": {"lat_deg": 35.2323, "lon_deg": 139.1069},
    } | more


def test_it_opens_an_incident_like_a_grave_impact(api: Backend, phone: dict[str, str]) -> None:
    api.post("/v1/driver/crash", crash(), phone)
    row = api.sql("SELECT trigger, device_id, state ->> 'rule' AS rule, lat_deg FROM incidents")[0]
    assert (row["trigger"], row["device_id"], row["rule"]) == ("phone_crash", "car-0001", "severe")
    assert row["lat_deg"] == 35.2323


def test_told_twice_it_is_one(api: Backend, phone: dict[str, str]) -> None:
    told = crash()
    for _ in range(3):
        api.post("/v1/driver/crash", told, phone)
    assert api.sql("SELECT count(*) AS n FROM incidents")[0]["n"] == 1
    events = api.sql("SELECT kind FROM incident_events WHERE kind IN ('opened', 'phone_crash_joined')")
    assert [event["kind"] for event in events] == ["opened"]


def test_it_joins_what_the_device_told_and_raises_it(api: Backend, phone: dict[str, str]) -> None:
    api.report(severity=Severity.MODERATE)
    api.post("/v1/driver/crash", crash(), phone)
    row = api.sql("SELECT count(*) OVER () AS n, state ->> 'rule' AS rule FROM incidents")[0]
    assert (row["n"], row["rule"]) == (1, "severe")
    assert api.sql("SELECT count(*) AS n FROM calls WHERE party = 'driver'")[0]["n"] == 1


def test_what_waited_for_a_network_is_late(api: Backend, phone: dict[str, str]) -> None:
    at = datetime.now(UTC) - timedelta(minutes=20)
    api.post("/v1/driver/crash", crash(at=at.isoformat()), phone)
    row = api.sql("SELECT flags, state ->> 'rule' AS rule FROM incidents")[0]
    assert "late" in row["flags"]
    assert row["rule"] == "late"


def test_a_clock_in_the_future_is_not_believed(api: Backend, phone: dict[str, str]) -> None:
    at = datetime.now(UTC) + timedelta(days=2)
    api.post("/v1/driver/crash", crash(at=at.isoformat()), phone)
    row = api.sql("SELECT occurred_at <= clock_timestamp() AS past, flags FROM incidents")[0]
    assert row["past"]
    assert "late" not in row["flags"]


def test_nonsense_is_refused_with_words(api: Backend, phone: dict[str, str]) -> None:
    for bad in (
        {"at": "yesterday"},
        {"source": ""},
        {"place": {"lat_deg": 91, "lon_deg": 0}},
        {"event_id": "7"},
    ):
        api.post("/v1/driver/crash", crash(**bad), phone, status=422)
    assert api.sql("SELECT count(*) AS n FROM incidents")[0]["n"] == 0
