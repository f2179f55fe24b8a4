"""What operators say at closing, and the rates that come of it."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from itertools import count
from urllib.parse import quote
from uuid import UUID

import pytest
from support.backend import ADMIN, Backend, running_backend

from api.figures import wilson
from schemas.impact import Severity
from schemas.incident import Outcome, Trigger

FIGURES = "/v1/figures/false-alarms"
NAMES = count(1)


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def closed(
    api: Backend,
    outcome: str,
    *,
    trigger: Trigger = Trigger.IMPACT,
    firmware: str | None = None,
    mount: str | None = None,
) -> UUID:
    """An incident of a device of its own, closed; `mount` is the analysis's, as JSON."""
    device_id = f"car-{next(NAMES):04d}"
    api.post("/v1/devices", {"id": device_id}, ADMIN, status=201)
    if firmware is not None:
        api.sql(
            "INSERT INTO device_presence (device_id, online, boot_id, sequence, uptime_ms, heard_at, firmware)"
            " VALUES (%s, true, 1, 1, 1, now(), %s)",
            *(device_id, firmware),
        )
    severity = None if trigger is Trigger.LONG_PRESS else Severity.SEVERE
    incident_id = api.report(device_id, severity, trigger=trigger)
    if mount is not None:
        api.sql(
            "INSERT INTO impacts (device_id, boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound,"
            " peak_g, duration_ms, rollover, multiple, reasons, late, incident_id, analysis)"
            " VALUES (%s, 1, 1, now(), 'severe', 30, false, 18, 90, false, false, '{}', false, %s,"
            " jsonb_build_object('mount', %s::jsonb))",
            *(device_id, incident_id, mount),
        )
    # What the device runs later says nothing of what it ran then.
    api.sql("UPDATE device_presence SET firmware = '9.9' WHERE device_id = %s", device_id)
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": outcome})
    return incident_id


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.MERGED])
def test_every_outcome_can_be_said_at_closing(api: Backend, outcome: Outcome) -> None:
    incident_id = closed(api, outcome)
    assert api.get(f"/v1/incidents/{incident_id}")["outcome"] == outcome
    assert api.get(f"/v1/incidents/{incident_id}/dossier")["record"]["incident"]["outcome"] == outcome


def test_an_outcome_nobody_knows_is_refused(api: Backend) -> None:
    api.post("/v1/devices", {"id": "car-none"}, ADMIN, status=201)
    incident_id = api.report("car-none")
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "aliens"}, status=422)


def test_rates_are_told_by_trigger_firmware_and_mount(api: Backend) -> None:
    known, unknown = '{"quality": 0.9}', "null"
    closed(api, "accident", firmware="1.4", mount=known)
    closed(api, "accident", firmware="1.4", mount=known)
    closed(api, "pothole", firmware="1.4", mount=unknown)
    closed(api, "drop", firmware="1.5", mount=unknown)
    closed(api, "driver_fine", firmware="1.5", mount=known)
    closed(api, "test", firmware="1.5", mount=known)
    closed(api, "mistake", trigger=Trigger.LONG_PRESS)
    told = api.get(FIGURES)
    assert [
        (each["trigger"], each["n"], each["false_alarms"], each["unclear"]) for each in told["by_trigger"]
    ] == [
        ("impact", 4, 2, 1),
        ("long_press", 1, 1, 0),
    ]
    (impact, _) = told["by_trigger"]
    assert impact["rate"] == 0.5
    assert (impact["low"], impact["high"]) == pytest.approx(wilson(2, 4))
    assert [
        (each["trigger"], each["firmware"], each["n"], each["false_alarms"], each["unclear"])
        for each in told["by_firmware"]
    ] == [("impact", "1.4", 3, 1, 0), ("impact", "1.5", 1, 1, 1), ("long_press", None, 1, 1, 0)]
    assert [(each["mount_known"], each["n"], each["false_alarms"]) for each in told["by_mount"]] == [
        (False, 2, 2),
        (True, 2, 0),
    ]


def test_only_what_was_closed_since_a_moment_counts(api: Backend) -> None:
    closed(api, "accident")
    later = quote(datetime.now(UTC).isoformat())
    assert api.get(f"{FIGURES}?since={later}")["by_trigger"] == []
    closed(api, "driver_fine")
    (only,) = api.get(f"{FIGURES}?since={later}", ADMIN)["by_trigger"]
    assert (only["n"], only["unclear"], only["rate"], only["low"]) == (0, 1, None, None)
    api.get(f"{FIGURES}?since=yesterday", status=422)


def test_prometheus_gets_the_counts(api: Backend) -> None:
    closed(api, "drop", firmware='1.4"\n')
    lines = api.client.get("/metrics").text.splitlines()
    labels = '{firmware="1.4\\"\\n",mount="unknown",trigger="impact",verdict="false"}'
    assert f"cbutton_closed_incidents{labels} 1.0" in lines


def test_what_stands_open_is_told_by_severity(api: Backend) -> None:
    empty = api.get("/v1/figures/live")
    assert [each["open"] for each in empty["by_severity"]] == [0] * 5
    assert (empty["oldest_untaken_at"], empty["oldest_untaken_id"]) == (None, None)
    for number in range(3):
        api.post("/v1/devices", {"id": f"car-9{number}"}, ADMIN, status=201)
    first, taken, _ = (
        api.report("car-90"),
        api.report("car-91"),
        api.report("car-92", None, trigger=Trigger.LONG_PRESS),
    )
    api.post(f"/v1/incidents/{taken}/take")
    # The first has a task for an operator, and a driver who waits on the line for one.
    api.sql(
        """UPDATE incidents SET state = state || '{"tasks": ["take"], "waiting": ["driver"]}' WHERE id = %s""",
        first,
    )
    api.sql("INSERT INTO alarms (name, many, words) VALUES ('desk_empty', 1, 'nobody is there')")
    told = api.get("/v1/figures/live")
    by_severity = {each["severity"]: each for each in told["by_severity"]}
    assert list(by_severity) == ["very_severe", "severe", "moderate", "light", "trouble"]
    severe = by_severity["severe"]
    assert (severe["open"], severe["untaken"], severe["waiting"]) == (2, 1, 1)
    assert by_severity["trouble"]["open"] == 1
    assert told["oldest_untaken_id"] == str(first)
    assert [alarm["name"] for alarm in told["alarms"]] == ["desk_empty"]
    assert "cbutton test api" in [program["name"] for program in told["life"]["programs"]]
    assert told["life"]["audited_at"] is None


def event(api: Backend, incident_id: UUID, kind: str, after_s: float) -> None:
    api.sql(
        "INSERT INTO incident_events (incident_id, at, actor, kind)"
        " SELECT id, opened_at + make_interval(secs => %s), 'plan', %s FROM incidents WHERE id = %s",
        *(after_s, kind, incident_id),
    )


def test_times_are_told_as_medians_and_of_nineteen_in_twenty(api: Backend) -> None:
    waits = [10, 20, 30, 40, 200]
    incident_id = UUID(int=0)
    for wait_s in waits:
        incident_id = closed(api, "accident")
        event(api, incident_id, "answered", wait_s)
        event(api, incident_id, "answered", wait_s + 500)  # only the first counts
        event(api, incident_id, "line_connected", 1)  # before anybody waited
        event(api, incident_id, "line_waits", 5)
        event(api, incident_id, "desk_answered", 5 + wait_s / 10)
    closed(api, "test")
    closed(api, "accident")
    api.sql(
        "INSERT INTO dispatches (incident_id, kind, state, requested_at, on_scene_at)"
        " SELECT id, kind, 'completed', opened_at, opened_at + took FROM incidents,"
        " (VALUES ('guard', interval '20 min'), ('tow', '50 min')) AS came (kind, took) WHERE id = %s",
        incident_id,
    )
    told = api.get("/v1/figures/times?days=1")
    whole = told["whole"]
    assert whole["opened"] == 6
    assert whole["answer"] == {"n": 5, "p50_s": pytest.approx(30), "p95_s": pytest.approx(168)}
    assert whole["operator"] == {"n": 5, "p50_s": pytest.approx(3), "p95_s": pytest.approx(16.8)}
    assert whole["arrival"] == {"n": 1, "p50_s": pytest.approx(1200), "p95_s": pytest.approx(1200)}
    assert sum(span["opened"] for span in told["spans"]) == 6
    assert told["spans"][0]["begins_at"].endswith("15:00:00Z"), "a day of Japan begins at 15 h UTC"
    assert len(api.get("/v1/figures/times?days=7")["spans"]) == 7
    month = api.get("/v1/figures/times?days=30")["spans"]
    assert len(month) == 30
    assert month[-1]["opened"] == 6
    assert month[0]["answer"] == {"n": 0, "p50_s": None, "p95_s": None}
    api.get("/v1/figures/times?days=2", status=422)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Published: Newcombe 1998, table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=6e-5)
