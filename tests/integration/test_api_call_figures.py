"""What operators and Prometheus see of the queue of calls and of the carrier."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

import pytest
from support.backend import ADMIN, Backend, running_backend

from schemas.impact import Severity


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url, calls_per_s=0.5) as backend:
        yield backend


def queue(api: Backend) -> dict[str, Any]:
    return {one["urgency"]: one for one in api.get("/v1/figures/calls")["queue"]}


def calls(api: Backend, count: int, priority: int) -> None:
    """So many more calls of the only incident that wait."""
    api.sql(
        "WITH made AS (INSERT INTO calls (id, incident_id, party, attempt, number, language) "
        "SELECT gen_random_uuid(), i.id, 'contact', %s * 1000 + n, '+8180' || lpad(n::text, 8, '0'), 'ja' "
        "FROM incidents i, generate_series(1, %s) n RETURNING id, incident_id) "
        "INSERT INTO outbox (id, incident_id, kind, payload, priority, due_at) "
        "SELECT id, incident_id, 'call', '{}', %s, clock_timestamp() - interval '7 seconds' FROM made",
        priority,
        count,
        priority,
    )


def test_the_queue_is_told_by_class_with_the_wait_that_is_to_be_expected(api: Backend) -> None:
    api.insure()
    api.report(severity=Severity.SEVERE)
    calls(api, 10, 4)
    calls(api, 5, 7)
    found = queue(api)
    assert list(found) == [
        "operator",
        "severe_first",
        "severe_again",
        "severe_contact",
        "moderate_first",
        "moderate_again",
        "moderate_contact",
        "minor",
    ]
    assert {name: one["waiting"] for name, one in found.items() if one["waiting"]} == {
        "severe_first": 1,
        "moderate_first": 10,
        "minor": 5,
    }
    assert found["operator"]["predicted_wait_s"] == 0.0
    assert found["severe_first"]["predicted_wait_s"] == 2.0
    assert found["moderate_contact"]["predicted_wait_s"] == 22.0
    assert found["minor"]["predicted_wait_s"] == 32.0
    assert 7.0 <= found["minor"]["longest_wait_s"] < 30.0


def test_a_carrier_that_is_down_is_told_and_no_wait_promised(api: Backend) -> None:
    assert api.get("/v1/figures/calls")["carrier"] == {"state": "ok", "since": None, "succeeded_at": None}
    api.sql("UPDATE carrier_health SET failing_since = now() - interval '5 seconds'")
    assert api.get("/v1/figures/calls")["carrier"]["state"] == "slow"
    api.sql("UPDATE carrier_health SET down_since = failing_since")
    figures = api.get("/v1/figures/calls")
    assert figures["carrier"]["state"] == "down"
    assert datetime.fromisoformat(figures["carrier"]["since"])
    assert {one["predicted_wait_s"] for one in figures["queue"]} == {None}


def test_prometheus_sees_the_same(api: Backend) -> None:
    api.insure()
    api.report(severity=Severity.SEVERE)
    metrics = api.client.get("/metrics").text
    assert 'cbutton_calls_waiting{urgency="severe_first"} 1.0' in metrics
    assert 'cbutton_call_wait_seconds{urgency="minor"} 2.0' in metrics
    assert 'cbutton_carrier{state="ok"} 1.0' in metrics
    assert 'cbutton_carrier{state="down"} 0.0' in metrics


def test_only_people_at_the_desk_may_ask(api: Backend) -> None:
    holder = api.insure()["holder_id"]
    assert api.client.get("/v1/figures/calls").status_code == 401
    assert api.client.get("/v1/figures/calls", headers=api.driver(holder)).status_code == 403
    api.get("/v1/figures/calls", ADMIN)
