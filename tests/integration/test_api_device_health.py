"""How devices do: what each last told of itself, and never where it is."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

import pytest
from support.backend import ADMIN, Backend, running_backend

from api.device_health import version

HEALTH = "/v1/device_health"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def heard(api: Backend, device_id: str, firmware: str, *, hours_ago: float = 0) -> None:
    api.post("/v1/devices", {"id": device_id}, ADMIN, status=201)
    api.sql(
        "INSERT INTO device_presence (device_id, online, boot_id, sequence, uptime_ms, heard_at, firmware)"
        " VALUES (%s, true, 2, 9, 1, now() - make_interval(secs => %s), %s)",
        *(device_id, hours_ago * 3600, firmware),
    )


def told(api: Backend, device_id: str, boot_id: int, sequence: int, battery_mv: int) -> None:
    api.sql(
        "INSERT INTO device_status (device_id, boot_id, sequence, at, received_at, late, online, firmware, hardware,"
        " battery_mv, signal_dbm, buffered_messages)"
        " VALUES (%s, %s, %s, now() - interval '2 seconds', now(), false, true, '1.9', 'b2', %s, -97, 14)",
        *(device_id, boot_id, sequence, battery_mv),
    )


def found(api: Backend, **wanted: Any) -> list[str]:
    return [each["id"] for each in api.get(f"{HEALTH}?{urlencode(wanted)}", ADMIN)["devices"]]


def test_the_last_word_of_the_present_boot_counts(api: Backend) -> None:
    heard(api, "car-0001", "1.10")
    told(api, "car-0001", 1, 900, 3000)
    told(api, "car-0001", 2, 8, 3600)
    told(api, "car-0001", 2, 9, 3500)
    (device,) = api.get(HEALTH, ADMIN)["devices"]
    assert (device["battery_mv"], device["signal_dbm"], device["buffered_messages"]) == (3500, -97, 14)
    assert device["delay_s"] == pytest.approx(2)
    assert not {"lat_deg", "lon_deg", "place"} & set(device)


def test_devices_are_found_by_what_is_wrong_with_them(api: Backend) -> None:
    heard(api, "car-0001", "1.10")
    heard(api, "car-0002", "1.9", hours_ago=25)
    heard(api, "van-0003", "")
    api.post("/v1/devices", {"id": "van-0004"}, ADMIN, status=201)
    heard(api, "van-0005", "9.9")
    api.delete("/v1/devices/van-0005", ADMIN)
    api.sql(
        "INSERT INTO dead_letter_days (device_id, day, kept, dropped)"
        " VALUES ('car-0001', (now() AT TIME ZONE 'UTC')::date, 1, 2)"
    )
    assert found(api) == ["car-0001", "car-0002", "van-0003", "van-0004"]
    assert found(api, silent=True) == ["car-0002", "van-0004"]
    assert found(api, old_firmware=True) == ["car-0002"]
    assert found(api, unreadable=True) == ["car-0001"]
    assert found(api, part="VAN") == ["van-0003", "van-0004"]
    assert found(api, part="%") == []
    assert found(api, limit=1) == ["car-0001"]
    assert found(api, limit=1, after="car-0001") == ["car-0002"]
    fleet = api.get(HEALTH, ADMIN)["fleet"]
    assert (fleet["devices"], fleet["online"], fleet["silent"], fleet["never_heard"]) == (4, 3, 1, 1)
    assert [(each["firmware"], each["devices"], each["old"]) for each in fleet["by_firmware"]] == [
        ("1.10", 1, False),
        ("1.9", 1, True),
        ("", 2, False),
    ]
    api.get(f"{HEALTH}?limit=501", ADMIN, status=422)


def test_versions_are_compared_by_their_numbers() -> None:
    ordered = ["", "1.4.2-rc1", "1.4.2", "1.9", "1.10", "2"]
    assert sorted(ordered, key=version) == ["", "1.4.2", "1.4.2-rc1", "1.9", "1.10", "2"]
