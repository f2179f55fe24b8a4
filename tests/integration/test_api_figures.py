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


@pytest.mark.parametrize("outcome", list(Outcome))
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


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Published: Newcombe 1998, table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=6e-5)
