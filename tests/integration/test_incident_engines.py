"""Several engines as processes of their own, killed without warning: each timer fires, and fires once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from support.insured import Insured, insured_world

from incident.engine.engine import Engine

CHECKOUT = Path(__file__).parents[2]
# Everything is loaded before the fork, so that one that was killed is replaced at once.
ENGINES = """
import os, sys
from pydantic import SecretStr
from incident.engine.engine import Engine
from incident.service import Incidents
from incident.engine.worker import Worker
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings

def run():
    life = Lifecycle()
    engine = Engine(Incidents(Settings.unconfigured(database_url=SecretStr(sys.argv[1]))))
    Worker("timers", sys.argv[1], life, engine.step, idle_s=engine.idle_s).start()
    life.wait(120)

while True:
    pid = os.fork()
    if pid == 0:
        run()
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
"""
STEPS = 8


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


class Killable:
    """An engine in a process of its own; a new one takes the place of one that was killed."""

    def __init__(self, world: Insured) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-c", ENGINES, world.url],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._pid = self._next()

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self._pid = self._next()

    def stop(self) -> None:
        self._parent.kill()
        os.kill(self._pid, signal.SIGKILL)
        self._parent.communicate()

    def _next(self) -> int:
        assert self._parent.stdout
        return int(self._parent.stdout.readline())


def steps_left(world: Insured) -> int:
    return world.one("SELECT count(*) AS many FROM timers WHERE starts_with(name, 'step')")["many"]


def test_engines_that_are_killed_lose_nothing_and_fire_nothing_twice(world: Insured) -> None:
    incidents = [world.report(world.insure(f"car-{n:04}")) for n in range(120)]
    engines = [Killable(world), Killable(world)]
    world.conn.execute(
        "UPDATE timers SET due_at = clock_timestamp() + interval '1 second' + random() * interval '8 seconds' "
        "WHERE starts_with(name, 'step')"
    )
    before = steps_left(world)
    kills = 0
    try:
        ends_at = time.monotonic() + 60
        while steps_left(world):
            assert time.monotonic() < ends_at
            time.sleep(0.2)
            if kills < 20:
                engines[kills % 2].kill()
                kills += 1
    finally:
        for engine in engines:
            engine.stop()
    assert kills >= 5
    assert before == 5 * len(incidents)
    for incident_id in incidents:
        assert sorted(world.state(incident_id).steps_done) == list(range(STEPS))
        kinds = Counter(world.events(incident_id))
        assert kinds["ambulance_needed"] == 1
        assert kinds["dispatch_requested"] >= 1
    calls = world.rows("SELECT incident_id, party, count(*) AS many FROM calls GROUP BY 1, 2")
    assert {row["many"] for row in calls if row["party"] in ("driver", "contact")} == {1}
    assert len([row for row in calls if row["party"] == "contact"]) == len(incidents)
    # A call is a row of the record, of the calls and of the outbox, or of none of them.
    unlike = world.rows(
        "SELECT c.id FROM calls c FULL JOIN outbox o ON o.id = c.id AND o.kind = 'call' "
        "WHERE (o.kind = 'call' OR o.id IS NULL) AND (c.id IS NULL OR o.id IS NULL)"
    )
    assert unlike == []


def test_a_timer_fires_at_its_own_time_with_nobody_to_hint(world: Insured) -> None:
    """Neither before, nor a look later: an engine sleeps until the next one is due."""
    incidents = [world.report(world.insure(f"car-{n:04}")) for n in range(5)]
    engine = Killable(world)
    try:
        world.conn.execute("DELETE FROM timers WHERE name <> 'step:0:5'")
        for n, incident_id in enumerate(incidents):
            world.conn.execute(
                "UPDATE timers SET due_at = clock_timestamp() + make_interval(secs => 3.0 + %s) "
                "WHERE incident_id = %s",
                [0.317 * n, incident_id],
            )
        due = {row["incident_id"]: row["due_at"] for row in world.rows("SELECT * FROM timers")}
        ends_at = time.monotonic() + 30
        asked = "SELECT incident_id, at FROM incident_events WHERE kind = 'ambulance_needed'"
        while len(done := world.rows(asked)) < len(incidents):
            assert time.monotonic() < ends_at
            time.sleep(0.05)
    finally:
        engine.stop()
    late_s = [(row["at"] - due[row["incident_id"]]).total_seconds() for row in done]
    assert min(late_s) >= 0
    assert sorted(late_s)[2] < 0.1  # of five one or two may meet a busy machine


def test_an_idle_engine_sleeps_until_the_next_timer_and_never_spins(world: Insured) -> None:
    engine = Engine(world.incidents)
    assert engine.idle_s(world.conn) == 0.25
    incident_id = world.report(world.insure())
    assert engine.idle_s(world.conn) == 0.25
    world.conn.execute("UPDATE timers SET due_at = clock_timestamp() + interval '100 milliseconds'")
    assert 0.05 < engine.idle_s(world.conn) <= 0.1
    # Another engine is at it: that is no reason to ask without a pause.
    with world.connection() as other:
        other.execute("SELECT FROM incidents WHERE id = %s FOR UPDATE", [incident_id])
        world.make_due(incident_id)
        assert engine.step(world.conn) == 0
        assert engine.idle_s(world.conn) >= 0.004
    # One that can never be fired is no reason to look without end.
    world.conn.execute("UPDATE timers SET due_at = due_at - interval '1 minute'")
    assert engine.idle_s(world.conn) == 0.25
