"""Cars after their shock: who falls silent while others are heard, who drives on, and who is told once."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from support.insured import SCENE, Insured, insured_world

from incident.engine.watching import Watcher
from schemas.impact import Position, Severity

OTHER = "car-0002"


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        made.insure()
        made.insure(OTHER, driver="+819010000099", contact=None)
        yield made


def now(world: Insured) -> datetime:
    return world.one("SELECT clock_timestamp() AS now")["now"]


def shock(world: Insured, severity: Severity = Severity.MODERATE, *, ago_s: float = 40.0) -> UUID:
    """An incident of some time ago."""
    incident_id = world.report(severity=severity)
    world.conn.execute(
        "UPDATE incidents SET occurred_at = occurred_at - %(ago)s, opened_at = opened_at - %(ago)s",
        {"ago": timedelta(seconds=ago_s)},
    )
    return incident_id


def frame(world: Insured, device_id: str, *, ago_s: float) -> None:
    """Motion that was received."""
    at = now(world) - timedelta(seconds=ago_s)
    number = world.one("SELECT count(*) AS n FROM accel_frames")["n"]
    world.conn.execute(
        "INSERT INTO accel_frames VALUES (%s, 1, %s, %s, 0, %s, false, 100, 1, 0.01, 8, 42, '')",
        [device_id, number, at, at],
    )


def drive(world: Insured, *, speed_mps: float, km_north: float, seconds: int = 12) -> None:
    """A fix each second until now, that far from the scene."""
    place = Position(SCENE.lat_deg + km_north / 111.2, SCENE.lon_deg)
    for second in range(seconds):
        world.fix("car-0001", now(world) - timedelta(seconds=second), place, speed_mps=speed_mps)


def look(world: Insured) -> None:
    Watcher(world.incidents).step(world.conn)


def test_silence_while_another_car_is_heard_raises_once(world: Insured) -> None:
    incident_id = shock(world)
    frame(world, "car-0001", ago_s=30)
    frame(world, OTHER, ago_s=1)
    look(world)
    look(world)
    assert world.events(incident_id).count("device_silent") == 1
    assert world.state(incident_id).rule == "severe"


def test_silence_of_all_is_nobodys(world: Insured) -> None:
    incident_id = shock(world)
    frame(world, "car-0001", ago_s=30)
    frame(world, OTHER, ago_s=20)
    look(world)
    assert "device_silent" not in world.events(incident_id)


def test_a_device_that_is_heard_is_left_alone(world: Insured) -> None:
    incident_id = shock(world)
    frame(world, "car-0001", ago_s=2)
    frame(world, OTHER, ago_s=1)
    look(world)
    assert "device_silent" not in world.events(incident_id)


def test_the_brokers_last_will_is_silence_once_it_lasts(world: Insured) -> None:
    incident_id = shock(world, ago_s=10)
    frame(world, "car-0001", ago_s=9)
    frame(world, OTHER, ago_s=1)
    presence = (
        "INSERT INTO device_presence VALUES ('car-0001', false, 1, 1, 0, %s) "
        "ON CONFLICT (device_id) DO UPDATE SET heard_at = excluded.heard_at"
    )
    world.conn.execute(presence, [now(world) - timedelta(seconds=3)])
    look(world)
    assert "device_silent" not in world.events(incident_id)
    world.conn.execute(presence, [now(world) - timedelta(seconds=7)])
    look(world)
    assert "device_silent" in world.events(incident_id)


def test_a_car_that_drives_on_is_told_once_and_lowers(world: Insured) -> None:
    incident_id = shock(world)
    frame(world, OTHER, ago_s=1)
    drive(world, speed_mps=11.0, km_north=0.4)
    look(world)
    look(world)
    assert world.events(incident_id).count("drove_on") == 1
    assert world.state(incident_id).rule == "light"
    assert world.state(incident_id).severity is Severity.MODERATE


@pytest.mark.parametrize(("speed_mps", "km_north"), [(11.0, 0.05), (3.0, 0.4)])
def test_rolling_out_or_being_pushed_is_not_driving_on(
    world: Insured, speed_mps: float, km_north: float
) -> None:
    incident_id = shock(world)
    drive(world, speed_mps=speed_mps, km_north=km_north)
    look(world)
    assert "drove_on" not in world.events(incident_id)


def test_a_new_shock_is_watched_anew(world: Insured) -> None:
    incident_id = shock(world)
    drive(world, speed_mps=11.0, km_north=0.4)
    look(world)
    assert world.state(incident_id).drove_on
    world.report(severity=Severity.SEVERE)
    assert not world.state(incident_id).drove_on


@pytest.mark.parametrize("ago_s", [400.0])
def test_after_some_minutes_nobody_watches_any_more(world: Insured, ago_s: float) -> None:
    incident_id = shock(world, ago_s=ago_s)
    frame(world, OTHER, ago_s=1)
    look(world)
    assert "device_silent" not in world.events(incident_id)
