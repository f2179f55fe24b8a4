"""An engine is killed in a pause, and nobody is there at its end: what waited happens once, in its order."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from support.children import until
from support.insured import Insured, insured_world
from test_incident_engines import Killable

from incident.escalation.commands import PausePlan
from schemas.incident import CallParty


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


@pytest.mark.timeout(120)
def test_a_pause_outlives_its_engine(world: Insured) -> None:
    incident_id = world.report(world.insure())
    engine = Killable(world)
    try:
        world.tell(incident_id, lambda at: PausePlan(at, "akiko", 4.0, "n1"))
        for number, name in enumerate(("step:0:6", "step:0:4", "step:0:5")):
            world.conn.execute(
                "UPDATE timers SET due_at = clock_timestamp() + %s * interval '50 milliseconds' WHERE name = %s",
                [number, name],
            )
        until(lambda: len(held(world, incident_id)) >= 1)
        engine.kill()
        until(lambda: len(held(world, incident_id)) == 2)
        assert held(world, incident_id) == (6, 4)  # in the order they came due, which is no order of names
        engine.kill()
        assert world.state(incident_id).pause is not None
    finally:
        engine.stop()
    until(lambda: world.rows("SELECT 1 FROM timers WHERE name = 'pause' AND due_at < clock_timestamp()"))
    assert world.events(incident_id).count("plan_resumed") == 0
    engines = [Killable(world), Killable(world)]
    try:
        until(lambda: world.state(incident_id).pause is None)
        kinds = world.events(incident_id)
    finally:
        for each in engines:
            each.stop()
    assert kinds.count("plan_resumed") == 1
    assert kinds.count("dispatch_requested") == 1
    assert world.call(incident_id, CallParty.CONTACT)["attempt"] == 1
    # Telling operators of something does not wait.
    assert kinds.index("ambulance_needed") < kinds.index("plan_resumed")


def held(world: Insured, incident_id: object) -> tuple[int, ...]:
    pause = world.state(incident_id).pause  # pyright: ignore[reportArgumentType]
    return pause.held if pause is not None else ()
