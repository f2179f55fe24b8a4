"""Answers stay small whatever piles up, and what cannot be read hides nothing else."""

from __future__ import annotations

import time
from collections.abc import Generator
from uuid import UUID

import pytest
from support.backend import ADMIN, Backend, running_backend

from api import reading
from runtime.database import connect


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


FAULTS = {
    "a timer of no known kind": "INSERT INTO timers VALUES (%s, 'nap:1', 0, clock_timestamp())",
    "a step the plan does not have": "INSERT INTO timers VALUES (%s, 'step:0:99', 0, '2020-01-01')",
    "a task of a newer version": 'UPDATE incidents SET state = state || \'{"tasks": ["sing"]}\' WHERE id = %s',
    "a state that cannot be read": "UPDATE incidents SET state = '{}' WHERE id = %s",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_incident_that_cannot_be_read_hides_no_other_and_waits_for_a_person(
    api: Backend, fault: str
) -> None:
    api.insure()
    incident_id = str(api.report())
    api.sql(FAULTS[fault], incident_id)
    (listed,) = api.get("/v1/incidents")["incidents"]
    assert (listed["id"], listed["next"]) == (incident_id, None)
    assert "take" in listed["tasks"]
    assert api.get(f"/v1/incidents/{incident_id}")["id"] == incident_id


def test_a_record_is_read_a_page_at_a_time(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.sql(
        "INSERT INTO incident_events (incident_id, at, actor, kind) SELECT %s, clock_timestamp(), 'x', 'x'"
        " FROM generate_series(1, 1200)",
        incident_id,
    )
    while api.sql("SELECT event_id FROM event_queue"):
        time.sleep(0.05)
    path = f"/v1/incidents/{incident_id}/events"
    first = api.get(path)["events"]
    assert len(first) == 1000
    assert first[0]["kind"] == "opened"
    rest = api.get(f"{path}?after={first[-1]['position']}")["events"]
    (many,) = api.sql("SELECT count(*) AS n FROM incident_events")
    assert len(rest) == many["n"] - 1000
    assert [event["position"] for event in first[:3]] == [1, 2, 3]
    assert api.get(f"{path}?after=0&limit=2")["events"] == first[:2]
    api.get(f"{path}?limit=1001", status=422)


def test_a_detail_holds_the_newest_of_what_has_no_end(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.sql(
        "INSERT INTO incident_events (incident_id, at, actor, kind)"
        " SELECT %s, clock_timestamp(), 'x', 'x' || number FROM generate_series(1, 600) number",
        incident_id,
    )
    api.sql(
        "INSERT INTO presses (device_id, boot_id, sequence, at, received_at, kind, held_ms, late, defects, incident_id)"
        " SELECT device_id, 1, number, clock_timestamp() + number * interval '1 s', clock_timestamp(), 'long_press',"
        " number, false, '{}', id FROM incidents, generate_series(1, 600) number"
    )
    detail = api.get(f"/v1/incidents/{incident_id}")
    assert len(detail["events"]) == len(detail["presses"]) == reading.NEWEST == 500
    assert detail["events"][-1]["kind"] == "x600"
    assert [press["held_ms"] for press in detail["presses"]][::499] == [101, 600]


def test_units_are_listed_a_page_at_a_time(api: Backend) -> None:
    for number in range(3):
        unit = {"id": f"guard-{number}", "kind": "guard", "name": "x", "lat_deg": 35.0, "lon_deg": 139.0}
        api.post("/v1/units", unit, ADMIN, status=201)
    first = api.get("/v1/units?limit=2", ADMIN)["units"]
    assert [unit["id"] for unit in first] == ["guard-0", "guard-1"]
    assert [unit["id"] for unit in api.get("/v1/units?after=guard-1", ADMIN)["units"]] == ["guard-2"]


def test_what_belongs_to_an_incident_is_found_without_reading_all_there_is(api: Backend) -> None:
    tables = ("calls", "dispatches", "impacts", "incident_events", "incident_notes", "messages", "presses")
    with connect(api.url, name="test") as conn:
        conn.execute("SET enable_seqscan = off")
        for table in tables:
            # An index that holds only the open ones finds no more than those.
            rows = conn.execute(f"EXPLAIN SELECT * FROM {table} WHERE incident_id = '{UUID(int=1)}'")
            plan = "\n".join(row["QUERY PLAN"] for row in rows)
            assert "Seq Scan" not in plan, table
