"""A policyholder with two cars: what they or their telephone told, and what a device tells, is one incident."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from support.insured import SCENE, Insured, in_background, insured_world, wait_until_blocked

from incident import service
from incident.escalation.commands import Close
from incident.service import Filed, Report
from runtime.database import Connection
from schemas.incident import Outcome, Trigger


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        made.insure("car-0001")
        second = made.one(
            "INSERT INTO vehicles (policy_id, plate, model)"
            " VALUES ('P-car-0001', '品川 300 い 56-78', 'Aqua') RETURNING id"
        )["id"]
        made.conn.execute("INSERT INTO devices VALUES ('car-0002', '00', %s)", [second])
        yield made


def holder(world: Insured) -> UUID:
    return world.one("SELECT id FROM policyholders")["id"]


def phone_crash(world: Insured, conn: Connection) -> Filed:
    """As the API files it: which of the cars it is about, a telephone does not know."""
    device_id = service.device_of(conn, holder(world))
    report = Report(
        device_id,
        Trigger.PHONE_CRASH,
        None,
        datetime.now(UTC),
        late=False,
        position=None,
        holder_id=holder(world),
    )
    return world.incidents.report(conn, report)


def test_what_the_telephone_told_first_the_car_joins_and_is_named(world: Insured) -> None:
    with world.conn.transaction():
        opened = phone_crash(world, world.conn)
    assert world.report("car-0002") == opened.incident_id
    row = world.one(
        "SELECT i.device_id, v.plate, i.lat_deg FROM incidents i JOIN vehicles v ON v.id = i.vehicle_id"
    )
    assert (row["device_id"], row["plate"], row["lat_deg"]) == (
        "car-0002",
        "品川 300 い 56-78",
        SCENE.lat_deg,
    )
    assert len(world.rows("SELECT 1 FROM calls WHERE party = 'driver'")) == 1
    assert world.rows("SELECT 1 FROM outbox WHERE device_id = 'car-0002' AND payload ? 'signal'")


def test_the_other_car_of_theirs_is_an_incident_of_its_own(world: Insured) -> None:
    with world.conn.transaction():
        phone_crash(world, world.conn)
    assert world.report("car-0002") != world.report("car-0001")
    assert len(world.rows("SELECT 1 FROM incidents")) == 2


def test_what_is_over_is_not_joined(world: Insured) -> None:
    with world.conn.transaction():
        opened = phone_crash(world, world.conn)
    world.tell(opened.incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    assert world.report("car-0002") != opened.incident_id


def test_told_by_both_at_the_same_moment_the_telephone_first(world: Insured) -> None:
    with world.connection() as phone, world.connection() as car:
        opened = phone_crash(world, phone)
        with in_background(lambda: world.report("car-0002", conn=car)) as joined:
            wait_until_blocked(world)
            phone.commit()
            assert joined.result(10) == opened.incident_id


def test_told_by_both_at_the_same_moment_the_car_first(world: Insured) -> None:
    with world.connection() as phone, world.connection() as car:
        car.execute("SELECT 1")  # a transaction of its own, until the commit below
        opened = world.report("car-0002", conn=car)
        with in_background(lambda: phone_crash(world, phone)) as told:
            wait_until_blocked(world)
            car.commit()
            assert told.result(10).incident_id == opened


def test_what_is_being_closed_at_this_moment_is_not_joined(world: Insured) -> None:
    with world.conn.transaction():
        opened = phone_crash(world, world.conn).incident_id
    with world.connection() as operator, world.connection() as phone:
        world.incidents.handle(
            operator, opened, lambda at: Close(at, "akiko", Outcome.ACCIDENT), actor="operator"
        )
        with in_background(lambda: phone_crash(world, phone)) as told:
            wait_until_blocked(world)
            operator.commit()
            assert told.result(10) == Filed(told.result().incident_id, opened=True)
