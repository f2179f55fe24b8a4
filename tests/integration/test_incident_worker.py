"""A worker of the engine role, where the database takes connections and does no work."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator
from itertools import pairwise

import psycopg
import pytest

from incident.worker import Worker
from runtime.lifecycle import Lifecycle


@pytest.fixture
def life() -> Generator[Lifecycle]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield Lifecycle()
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_database_that_fails_every_statement_is_not_run_against(database_url: str, life: Lifecycle) -> None:
    tries: list[float] = []

    def step(conn: object) -> bool:
        tries.append(time.monotonic())
        raise psycopg.errors.DiskFull

    worker = Worker("test", database_url, life, step)
    worker.start()
    while len(tries) < 5:
        time.sleep(0.01)
    life.stop()
    worker.join(10)
    assert not worker.is_alive()
    assert life.exit_code == 0
    assert min(later - before for before, later in pairwise(tries)) >= 0.25


def test_a_worker_hangs_when_its_step_does_and_not_while_it_waits_for_work(
    database_url: str, life: Lifecycle
) -> None:
    stuck, on = threading.Event(), threading.Event()

    def step(conn: object) -> bool:
        if stuck.is_set():
            on.wait(10)
        return False

    worker = Worker("test", database_url, life, step, patience_s=0.6)
    worker.start()
    time.sleep(1.0)
    assert not worker.hung
    stuck.set()
    time.sleep(1.0)
    assert worker.hung
    on.set()
    stuck.clear()
    time.sleep(0.5)
    assert not worker.hung
    life.stop()
    worker.join(10)


def test_waiting_for_the_database_is_not_hanging(life: Lifecycle) -> None:
    worker = Worker("test", "postgresql://127.0.0.1:1/none", life, lambda conn: False, patience_s=0.2)
    worker.start()
    time.sleep(0.6)
    assert not worker.hung
    life.stop()
