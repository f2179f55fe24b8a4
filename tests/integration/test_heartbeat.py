"""The sign of life that leaves the system does so while all is well, and stays away otherwise."""

from __future__ import annotations

import http.server
import signal
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest
from pydantic import SecretStr
from support.insured import Insured, insured_world

from incident.engine.auditor import Auditor
from incident.engine.heartbeat import Heartbeat
from runtime.lifecycle import Lifecycle
from schemas.impact import Severity


class Outside:
    """Whoever waits for signs of life."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answer = 200
        outside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.heard.append(self.path)
                self.send_response(outside.answer)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/ping/7f3a"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def outside() -> Generator[Outside]:
    made = Outside()
    yield made
    made.close()


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


@pytest.fixture
def life() -> Generator[Lifecycle]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Lifecycle()
    yield made
    made.stop()
    for number, handler in kept.items():
        signal.signal(number, handler)


def heartbeat(world: Insured, outside: Outside, life: Lifecycle, **changes: Any) -> Heartbeat:
    return Heartbeat(world.settings.model_copy(update={"heartbeat_url": outside.url, **changes}), life)


def overdue(world: Insured) -> None:
    world.report(world.insure(), Severity.MODERATE)
    world.conn.execute("UPDATE timers SET due_at = clock_timestamp() - interval '20 seconds'")


def unaudited(world: Insured) -> None:
    world.conn.execute("UPDATE audits SET ran_at = ran_at - interval '5 minutes'")


def never_audited(world: Insured) -> None:
    world.conn.execute("DELETE FROM audits")


def test_it_leaves_while_all_is_well(world: Insured, outside: Outside, life: Lifecycle) -> None:
    world.report(world.insure())
    Auditor(world.incidents).audit(world.conn)
    one = heartbeat(world, outside, life)
    assert one.beat()
    assert outside.heard == ["/ping/7f3a"]


@pytest.mark.parametrize("spoil", [overdue, unaudited, never_audited])
def test_it_stays_away_when_something_is_amiss(
    world: Insured, outside: Outside, life: Lifecycle, spoil: Callable[[Insured], None]
) -> None:
    Auditor(world.incidents).audit(world.conn)
    spoil(world)
    assert not heartbeat(world, outside, life).beat()
    assert outside.heard == []


def test_a_fault_that_the_operators_know_of_does_not_hold_it_back(
    world: Insured, outside: Outside, life: Lifecycle
) -> None:
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.conn.execute("UPDATE incidents SET state = '{}', opened_at = opened_at - interval '1 hour'")
    world.conn.execute("UPDATE timers SET due_at = due_at - interval '10 minutes'")
    one = heartbeat(world, outside, life)
    assert not one.beat()
    Auditor(world.incidents).audit(world.conn)
    assert "auditor_alarm" in world.events(incident_id)
    assert one.beat()


def test_without_a_database_it_stays_away(outside: Outside, life: Lifecycle, world: Insured) -> None:
    gone = SecretStr("postgresql://127.0.0.1:1/none")
    assert not heartbeat(world, outside, life, database_url=gone).beat()
    assert outside.heard == []


def test_each_fault_is_told_once(
    world: Insured, outside: Outside, life: Lifecycle, capsys: pytest.CaptureFixture[str]
) -> None:
    Auditor(world.incidents).audit(world.conn)
    one = heartbeat(world, outside, life)
    for answer, sent in ((200, True), (500, False), (500, False), (404, False), (200, True), (200, True)):
        outside.answer = answer
        assert one.beat() is sent
    outside.close()
    assert not one.beat()
    assert not one.beat()
    said = capsys.readouterr().out
    assert said.count("no sign of life leaves") == 3
    assert said.count("signs of life leave again") == 1


def test_it_goes_on_by_itself_and_ends_when_told(world: Insured, outside: Outside, life: Lifecycle) -> None:
    Auditor(world.incidents).audit(world.conn)
    one = heartbeat(world, outside, life, heartbeat_s=0.2)
    one.start()
    ends_at = time.monotonic() + 20
    while len(outside.heard) < 3:
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    life.stop()
    one.join(10)
    assert not one.is_alive()


def test_without_an_address_there_is_none(world: Insured, outside: Outside, life: Lifecycle) -> None:
    one = heartbeat(world, outside, life, heartbeat_url="")
    one.start()
    one.join(5)
    assert not one.is_alive()
