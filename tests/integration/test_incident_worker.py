"""A worker of the engine role, where the database takes connections and does no work."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from itertools import pairwise

import psycopg
import pytest

from incident.__main__ import Worker
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
