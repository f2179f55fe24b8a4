"""PostgreSQL stopped hard and started again in the middle of running incidents: all of them go on.

With the settings of production: what was committed is on disk. DATABASE_KILLED=100,3 is how many incidents and
how many times.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict

import psycopg
import pytest
from support.crash_site import Site, crash_site, judge, victims
from support.servers import Broker, short_folder

from runtime import migrate
from runtime.database import connect_patiently
from runtime.postgres import Postgres
from runtime.supervisor import Supervisor

INCIDENTS, STOPS = (int(word) for word in os.environ.get("DATABASE_KILLED", "20,1").split(","))
SEED = 7


@contextmanager
def database() -> Generator[tuple[Supervisor, str]]:
    """A server of its own, which is started again when it dies."""
    with short_folder() as folder, Supervisor(folder) as supervisor:
        server = Postgres(folder / "postgres", "secret")
        supervisor.start(server.spec())
        supervisor.wait_ready(timeout_s=120)
        migrate.apply(server.url())
        yield supervisor, server.url()


def stop_hard(supervisor: Supervisor) -> float:
    """As `pg_ctl stop -m immediate`; when that was, by the monotonic clock."""
    (child,) = supervisor.status()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGQUIT)
    return time.monotonic()


def back(site: Site, since_s: float) -> tuple[float, float]:
    """Seconds until the database took connections again, and until an engine did something on it."""
    site.world.conn.close()
    site.world.conn = connect_patiently(site.world.url, name="test", autocommit=True, for_s=120)
    connected_s = time.monotonic() - since_s
    query = "SELECT coalesce(max(id), 0) AS id FROM incident_events"
    before = site.world.one(query)["id"]
    while site.world.one(query)["id"] == before:
        assert time.monotonic() < since_s + 120, "nobody goes on"
        time.sleep(0.02)
    return round(connected_s, 2), round(time.monotonic() - since_s, 2)


@pytest.mark.timeout(200 + 5 * INCIDENTS)
def test_a_database_that_is_stopped_hard_loses_no_incident_and_doubles_no_call(broker: Broker) -> None:
    cars = victims(INCIDENTS, SEED)
    recoveries: list[tuple[float, float]] = []
    with database() as (supervisor, url), crash_site(url, broker, cars, seed=SEED) as site:
        for number, car in enumerate(cars, start=1):
            site.crash(car)
            if number % (INCIDENTS // (STOPS + 1)) == 0 and len(recoveries) < STOPS:
                time.sleep(1.0)
                recoveries.append(back(site, stop_hard(supervisor)))
        site.settle(within_s=100 + INCIDENTS)
        verdict = judge(site)
    sys.stdout.write(json.dumps(asdict(verdict) | {"recoveries_s": recoveries}, ensure_ascii=False) + "\n")
    assert len(recoveries) == STOPS
    assert verdict.unlike == []
    # None in most runs; a process that stood still for longer than its lease may cause one, which is marked.
    assert verdict.doubled <= min(verdict.marked, 1 + verdict.calls // 100)
    assert verdict.incidents == INCIDENTS


def test_that_stop_is_a_hard_one() -> None:
    """What was not committed is gone, and the server had to recover."""
    with database() as (supervisor, url):
        with psycopg.connect(url) as conn:
            conn.execute("INSERT INTO policyholders (name) VALUES ('nobody')")
            stop_hard(supervisor)
            with pytest.raises(psycopg.OperationalError):
                talk_on(conn)
            conn.close()
        with connect_patiently(url, name="test", for_s=120) as conn:
            assert conn.execute("SELECT id FROM policyholders").fetchall() == []
        assert "automatic recovery in progress" in supervisor.log_tail("database", 5000)


def talk_on(conn: psycopg.Connection) -> None:
    """Until the server does not answer any more."""
    while True:
        conn.execute("SELECT 1")
