"""What begins anew elsewhere is where help goes: not where the first, lighter thing was."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.insured import SCENE, Insured, insured_world

from incident.engine.engine import Engine
from incident.service import Report
from schemas.impact import Position, Severity
from schemas.incident import Trigger

FAR = Position(35.6812, 139.7671)  # 75 km from the scene


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def place(world: Insured) -> tuple[float, float]:
    row = world.one("SELECT lat_deg, lon_deg FROM incidents")
    return row["lat_deg"], row["lon_deg"]


def report(world: Insured, position: Position | None, *, minutes: float, **more: Any) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    what: dict[str, Any] = {"trigger": Trigger.IMPACT, "severity": Severity.SEVERE, "late": False} | more
    with world.conn.transaction():
        world.incidents.report(world.conn, Report("car-0001", at=at, position=position, **what))


def test_a_harder_impact_elsewhere_is_where_help_goes(world: Insured) -> None:
    world.insure()
    world.unit("near-the-first")
    world.unit("near-the-second")
    world.conn.execute(
        "UPDATE units SET lat_deg = %s, lon_deg = %s WHERE id = 'near-the-second'", [FAR.lat_deg, FAR.lon_deg]
    )
    incident_id = world.report(severity=Severity.LIGHT)
    report(world, FAR, minutes=40)
    assert place(world) == (FAR.lat_deg, FAR.lon_deg)
    world.make_due(incident_id, "step:1:4")
    Engine(world.incidents).step(world.conn)
    assert world.one("SELECT unit_id FROM dispatches")["unit_id"] == "near-the-second"


def test_a_press_that_does_not_say_where_is_where_the_car_was_last(world: Insured) -> None:
    world.report(world.insure(), Severity.LIGHT)
    world.fix("car-0001", datetime.now(UTC) + timedelta(minutes=39), FAR)
    report(world, None, minutes=40, trigger=Trigger.LONG_PRESS, severity=None)
    assert place(world) == (FAR.lat_deg, FAR.lon_deg)


def test_what_happened_before_or_is_only_known_better_moves_nothing(world: Insured) -> None:
    world.report(world.insure())
    report(world, FAR, minutes=-10, late=True)
    report(world, FAR, minutes=0.1, revises=True)
    assert place(world) == (SCENE.lat_deg, SCENE.lon_deg)
    report(world, None, minutes=90, trigger=Trigger.LONG_PRESS, severity=None)
    assert place(world) == (SCENE.lat_deg, SCENE.lon_deg)
