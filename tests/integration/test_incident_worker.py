"""A worker of the engine role, where the database takes connections and does no work."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator
from itertools import pairwise

import psycopg
import pytest
from support.children import until

from incident.engine.worker import Worker, crew, listen
from runtime.database import connect
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


def test_a_hint_wakes_one_of_a_crew_and_whoever_finds_work_the_next(
    database_url: str, life: Lifecycle
) -> None:
    work: list[int] = []
    looked: list[int] = []

    def step_of(number: int) -> Callable[[object], bool]:
        def step(conn: object) -> bool:
            looked.append(number)
            if not work:
                return False
            work.pop()
            time.sleep(0.05)
            return True

        return step

    workers = crew(
        Worker(f"test-{n}", database_url, life, step_of(n), idle_s=lambda _: 30.0) for n in range(3)
    )
    for worker in workers:
        worker.start()
    listener = threading.Thread(target=listen, args=(database_url, life, workers), daemon=True)
    listener.start()
    with connect(database_url, name="test", autocommit=True) as conn:
        until(lambda: len(looked) == 3)
        time.sleep(1.0)  # the listener listens
        looked.clear()
        conn.execute("NOTIFY cbutton")
        until(lambda: looked)
        time.sleep(0.5)
        assert looked == [0]
        work += range(20)
        looked.clear()
        for _ in range(300):
            conn.execute("NOTIFY cbutton")
        until(lambda: not work)
        time.sleep(0.5)
        assert set(looked) == {0, 1, 2}
        assert len(looked) < 100
        # A hint after the flood is heard at once: none of the flood waits to be answered first.
        looked.clear()
        conn.execute("NOTIFY cbutton")
        until(lambda: looked, within_s=2.0)
    life.stop()
    for worker in workers:
        worker.wake.set()
        worker.join(5)
    listener.join(5)
