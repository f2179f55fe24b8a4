"""The live stream: every committed event once and in one order, whatever commits when and whoever dies."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from support.api_process import Process
from support.backend import (
    ADMIN,
    Backend,
    allow_connections,
    running_backend,
    settings_for,
    terminate_connections,
    until,
)
from support.listener import Listener
from support.servers import Databases

from incident.service import Incidents, Report, hint
from runtime import migrate
from runtime.database import Connection, connect
from schemas.impact import Severity
from schemas.incident import Trigger


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def address(api: Backend) -> str:
    return str(api.client.base_url).rstrip("/")


def an_incident(url: str) -> UUID:
    """An incident of a car that nobody has insured, and its first events."""
    with connect(url, name="test") as conn:
        conn.execute("INSERT INTO devices (id, shard) VALUES ('car-0001', '00') ON CONFLICT DO NOTHING")
        at = conn.execute("SELECT now() AS at").fetchone()
        assert at is not None
        report = Report("car-0001", Trigger.IMPACT, Severity.SEVERE, at["at"], late=False, position=None)
        return Incidents(settings_for(url)).report(conn, report).incident_id


def write(conn: Connection, incident_id: UUID, label: str) -> int:
    """One event in the transaction that is open; its id."""
    row = conn.execute(
        "INSERT INTO incident_events (incident_id, at, actor, kind, data)"
        " VALUES (%s, clock_timestamp(), 'test', 'note', jsonb_build_object('label', %s::text)) RETURNING id",
        [incident_id, label],
    ).fetchone()
    assert row is not None
    return int(row["id"])


def labels(listener: Listener) -> list[str]:
    return [data["data"]["label"] for _, kind, data in listener.blocks if kind == "note"]


def quiet(api: Backend) -> int:
    """The last position, once everything committed has one."""
    until(lambda: not api.sql("SELECT event_id FROM event_queue"))
    return int(api.sql("SELECT coalesce(max(position), 0) AS last FROM event_stream")[0]["last"])


def test_an_event_is_seen_as_it_was_written(api: Backend) -> None:
    incident_id = an_incident(api.url)
    begin = quiet(api)
    with Listener(address(api)) as listener:
        assert (listener.status, listener.begins_at, listener.comments[0]) == (200, begin, ": connected")
        api.post(f"/v1/incidents/{incident_id}/take")
        until(lambda: listener.blocks)
        position, kind, data = listener.blocks[0]
        (stored,) = [
            event
            for event in api.get(f"/v1/incidents/{incident_id}/events")["events"]
            if event["kind"] == "taken"
        ]
        assert (position, kind) == (begin + 1, "taken")
        del stored["said"]  # in words it is looked up
        assert data == stored | {"incident_id": str(incident_id)}


def test_a_lower_id_that_commits_later_is_still_delivered(api: Backend) -> None:
    incident_id = an_incident(api.url)
    begin = quiet(api)
    with (
        connect(api.url, name="slow") as slow,
        connect(api.url, name="fast") as fast,
        Listener(address(api)) as listener,
    ):
        low = write(slow, incident_id, "low")
        high = write(fast, incident_id, "high")
        assert low < high
        fast.commit()
        until(lambda: labels(listener) == ["high"])
        last = listener.positions[-1]
        with Listener(address(api), headers={"Last-Event-ID": str(last)}) as resumed:
            slow.commit()
            until(lambda: labels(listener) == ["high", "low"])
            until(lambda: labels(resumed) == ["low"])
            assert listener.positions == [begin + 1, begin + 2]
            assert resumed.positions == [begin + 2]


def test_a_transaction_that_is_undone_leaves_no_gap(api: Backend) -> None:
    incident_id = an_incident(api.url)
    begin = quiet(api)
    with connect(api.url, name="test") as conn, Listener(address(api)) as listener:
        write(conn, incident_id, "undone")
        conn.rollback()
        write(conn, incident_id, "done")
        conn.commit()
        until(lambda: labels(listener) == ["done"])
        assert listener.positions == [begin + 1]


def test_a_stream_begins_where_it_is_asked_to(api: Backend) -> None:
    incident_id = an_incident(api.url)
    end = quiet(api)
    assert end >= 3
    everything = list(range(1, end + 2))
    with (
        Listener(address(api), query="?after=0") as first,
        Listener(address(api), query=f"?after={end - 1}") as last,
        Listener(address(api)) as now,
        Listener(address(api), query="?after=0", headers={"Last-Event-ID": str(end - 2)}) as header,
        Listener(address(api), query=f"?after={end + 1000}") as beyond,
    ):
        with connect(api.url, name="test") as conn:
            write(conn, incident_id, "more")
        for listener, expected in (
            (first, everything),
            (last, everything[-2:]),
            (now, everything[-1:]),
            (header, everything[-3:]),
            (beyond, everything[-1:]),
        ):
            until(lambda listener=listener: labels(listener) == ["more"])
            assert listener.positions == expected
    for wrong in ("?after=-1", "?after=x"):
        api.get(f"/v1/stream{wrong}", status=422)


def test_neither_gap_nor_repeat_under_concurrent_writers_and_reconnecting_listeners(api: Backend) -> None:
    incident_id = an_incident(api.url)
    begin = quiet(api)
    dice = random.Random(5)
    writers, each = 6, 60
    waits = [[dice.choice((0, 0, 0, 0.002, 0.01)) for _ in range(each)] for _ in range(writers)]

    def keep_writing(writer: int) -> None:
        with connect(api.url, name=f"writer {writer}") as conn:
            for number, wait_s in enumerate(waits[writer]):
                write(conn, incident_id, f"{writer}/{number}")
                time.sleep(wait_s)  # while others commit with higher ids
                if number % 10 == 9:
                    conn.rollback()
                else:
                    conn.commit()
                if number % 3 == 0:
                    hint(conn)
                    conn.commit()

    expected = {
        f"{writer}/{number}" for writer in range(writers) for number in range(each) if number % 10 != 9
    }
    seen: list[list[tuple[int, str]]] = [[] for _ in range(3)]

    def keep_listening(index: int) -> None:
        after = begin
        while len(seen[index]) < len(expected):
            limit = None if index == 0 else 7 * index
            with Listener(address(api), query=f"?after={after}", limit=limit) as listener:
                until(
                    lambda: (
                        listener.ended.is_set() or len(listener.blocks) + len(seen[index]) >= len(expected)
                    ),
                    30,
                )
            seen[index] += [(position, data["data"]["label"]) for position, _, data in listener.blocks]
            after = seen[index][-1][0] if seen[index] else after

    threads = [threading.Thread(target=keep_writing, args=(writer,)) for writer in range(writers)]
    threads += [threading.Thread(target=keep_listening, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen[0] == seen[1] == seen[2]
    assert [position for position, _ in seen[0]] == list(range(begin + 1, begin + 1 + len(expected)))
    assert {label for _, label in seen[0]} == expected
    # The test itself must have met what the sequencer is there for.
    ids = [row["event_id"] for row in api.sql("SELECT event_id FROM event_stream ORDER BY position")]
    assert ids != sorted(ids)


def test_a_stream_outlives_the_database_going_away(api: Backend) -> None:
    incident_id = an_incident(api.url)
    quiet(api)
    with Listener(address(api)) as listener:
        terminate_connections(api.url)
        refused = api.client.get("/v1/stream", headers=ADMIN)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        allow_connections(api.url)
        with connect(api.url, name="test") as conn:
            write(conn, incident_id, "afterwards")
        until(lambda: labels(listener) == ["afterwards"])
        assert not listener.ended.is_set()


def test_a_listener_that_does_not_read_is_let_go_and_others_are_not_held_up(api: Backend) -> None:
    incident_id = an_incident(api.url)
    quiet(api)
    host, port = address(api).removeprefix("http://").split(":")
    with socket.socket() as deaf, Listener(address(api)) as listener:
        # Before it connects: what the machine would buffer for it later could swallow everything.
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host, int(port)))
        deaf.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sato-token\r\n\r\n")
        until(lambda: len(api.app.state.context.hub.listeners) == 2)
        with connect(api.url, name="test") as conn:
            for number in range(6000):
                write(conn, incident_id, f"{number} " + "x" * 1000)
                if number % 200 == 199:
                    conn.commit()
        until(lambda: len(listener.blocks) == 6000, 60)
        until(lambda: len(api.app.state.context.hub.listeners) == 1)
        assert listener.positions == list(range(listener.positions[0], listener.positions[0] + 6000))


def test_killed_processes_lose_no_event_and_another_one_goes_on(database_url: str, tmp_path: Path) -> None:
    incident_id = an_incident(database_url)
    seen: list[tuple[int, str]] = []
    stop = threading.Event()
    written: list[str] = []

    def keep_writing() -> None:
        with connect(database_url, name="writer") as conn:
            while not stop.wait(0.005):
                label = str(len(written))
                write(conn, incident_id, label)
                conn.commit()
                written.append(label)

    def listen(process: Process, blocks: int) -> None:
        with Listener(
            process.address, headers={"Last-Event-ID": str(seen[-1][0] if seen else 0)}
        ) as listener:
            until(lambda: len(listener.blocks) >= blocks or listener.ended.is_set(), 30)
            taken: list[tuple[int, str, dict[str, Any]]] = list(listener.blocks)
        seen.extend((position, data["data"].get("label", "")) for position, _, data in taken)

    writer = threading.Thread(target=keep_writing)
    with ExitStack() as processes:

        def started() -> Process:
            return processes.enter_context(Process(database_url, tmp_path)).await_ready()

        both = [started(), started()]
        writer.start()
        try:
            for _ in range(2):
                listen(both[0], 30)
                sequencer = next(process for process in both if "sequences events" in process.log)
                sequencer.process.send_signal(signal.SIGKILL)
                sequencer.process.wait()
                both.remove(sequencer)
                listen(both[0], 30)
                both.append(started())
        finally:
            stop.set()
            writer.join()
        listen(both[0], len(written) - len([label for _, label in seen if label]))
    assert [position for position, _ in seen] == list(range(1, len(seen) + 1))
    assert [label for _, label in seen if label] == written


def test_being_told_to_stop_ends_streams_and_the_process_at_once(database_url: str, tmp_path: Path) -> None:
    with Process(database_url, tmp_path) as process:
        process.await_ready()
        assert httpx.get(f"{process.address}/readyz", trust_env=False).json() == {"status": "ok"}
        with Listener(process.address) as listener:
            began = time.monotonic()
            process.process.send_signal(signal.SIGTERM)
            assert process.process.wait(10) == 0, process.log
            assert time.monotonic() - began < 4
            until(listener.ended.is_set)
        assert "Traceback" not in process.log
        assert "sato-token" not in process.log


def test_it_waits_for_a_database_that_is_not_ready(databases: Databases, tmp_path: Path) -> None:
    with databases.empty() as url, Process(url, tmp_path) as process:
        until(lambda: "waiting for the database" in process.log, 40)
        assert "it lacks migration 0001" in process.log
        assert not process.ready_file.exists()
        migrate.apply(url)
        process.await_ready()
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(10) == 0


def test_while_waiting_it_can_be_stopped(tmp_path: Path) -> None:
    with Process("postgresql://x@127.0.0.1:1/x", tmp_path) as process:
        until(lambda: "waiting for the database" in process.log, 40)
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(10) == 0


def test_a_port_that_is_taken_ends_it_with_a_word(database_url: str, tmp_path: Path) -> None:
    with Process(database_url, tmp_path) as first:
        first.await_ready()
        second = subprocess.run(
            [sys.executable, "-m", "api"],
            env={
                "PATH": os.environ["PATH"],
                "CBUTTON_DATABASE_URL": database_url,
                "CBUTTON_API_PORT": str(first.port),
                "CBUTTON_SECRET_KEY": "x",
                "CBUTTON_ADMIN_TOKEN": "x",
            },
            capture_output=True,
            timeout=60,
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert second.returncode == 1
        assert b"address already in use" in second.stderr.lower()


@pytest.mark.parametrize("variable", ["DATABASE_URL", "SECRET_KEY", "ADMIN_TOKEN", "API_PORT"])
def test_a_setting_it_cannot_do_without_is_named(variable: str) -> None:
    complete = {"DATABASE_URL": "postgresql://x", "SECRET_KEY": "x", "ADMIN_TOKEN": "x", "API_PORT": "1"}
    given = {f"CBUTTON_{name}": value for name, value in complete.items() if name != variable}
    done = subprocess.run(
        [sys.executable, "-m", "api"],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 1
    assert f"CBUTTON_{variable} is not set".encode() in done.stderr
