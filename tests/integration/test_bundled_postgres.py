"""The bundled PostgreSQL under a supervisor: kept data, killed servers, odd places."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from support.children import alive, until
from support.servers import short_folder

from runtime import processes
from runtime.postgres import Postgres, PostgresError
from runtime.supervisor import ChildFailed, Supervisor


@pytest.fixture
def folder() -> Generator[Path]:
    with short_folder() as made:
        yield made


@pytest.fixture
def supervisor(folder: Path) -> Generator[Supervisor]:
    with Supervisor(folder) as running:
        yield running


def rows(url: str) -> list[int]:
    with psycopg.connect(url, connect_timeout=5) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM kept ORDER BY n")]


def started(supervisor: Supervisor, postgres: Postgres) -> int:
    supervisor.start(postgres.spec())
    supervisor.wait_ready()
    pid = supervisor.status()[0].pid
    assert pid
    return pid


def test_a_killed_server_comes_back_with_what_was_committed(folder: Path, supervisor: Supervisor) -> None:
    postgres = Postgres(folder / "postgres", "secret")
    pid = started(supervisor, postgres)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n integer)")
        for n in range(100):
            connection.execute("INSERT INTO kept VALUES (%s)", [n])
        with psycopg.connect(postgres.url()) as busy:
            # A backend in the midst of its work does not notice the loss at once.
            busy.execute("SET statement_timeout = 0")
            cursor = busy.cursor()
            backend = busy.info.backend_pid
            busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
            time.sleep(0.2)
            os.kill(pid, signal.SIGKILL)
            took_s = until(lambda: is_back(supervisor, pid), within_s=30)
            cursor.close()
            assert not alive(backend)
            busy.close()
    assert took_s < 15
    assert rows(postgres.url()) == list(range(100))
    assert supervisor.status()[0].restarts == 1


def is_back(supervisor: Supervisor, old_pid: int) -> bool:
    (status,) = supervisor.status()
    return status.state == "ready" and status.pid != old_pid


def test_a_second_start_keeps_data_and_address(folder: Path) -> None:
    urls: list[str] = []
    for n in range(2):
        with Supervisor(folder) as supervisor:
            postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
            started(supervisor, postgres)
            urls.append(postgres.url())
            with psycopg.connect(postgres.url()) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (n integer)")
                connection.execute("INSERT INTO kept VALUES (%s)", [n])
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 10
    assert urls[0] == urls[1]
    with Supervisor(folder) as supervisor:
        postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
        started(supervisor, postgres)
        assert rows(postgres.url()) == [0, 1]


def test_a_server_left_behind_is_ended_first(folder: Path) -> None:
    postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
    with Supervisor(folder) as left, Supervisor(folder / "second") as supervisor:
        # Its own supervisor would start it again: only the server is to be met.
        left.start(dataclasses.replace(postgres.spec(), restart=False))
        left.wait_ready()
        old = left.status()[0].pid
        assert old
        assert started(supervisor, Postgres(folder / "postgres", "secret", fast_unsafe=True)) != old
        assert not alive(old)


def test_a_stale_lock_file_with_the_number_of_another_process_is_no_obstacle(
    folder: Path, supervisor: Supervisor
) -> None:
    postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
    with Supervisor(folder / "first") as first:
        started(first, postgres)
    # PostgreSQL believes the number of any process of its own user.
    user = postgres.spec().user
    with subprocess.Popen(["sleep", "60"], user=user and user[0], cwd="/") as other:
        lock_file = folder / "postgres" / "data" / "postmaster.pid"
        lock_file.write_text(f"{other.pid}\n/somewhere\n1\n5432\n")
        started(supervisor, postgres)
        psycopg.connect(postgres.url()).close()
        assert other.poll() is None
        other.kill()


def test_an_aborted_first_start_leaves_nothing_that_counts(folder: Path, supervisor: Supervisor) -> None:
    (folder / "postgres" / "data.new" / "base").mkdir(parents=True)
    (folder / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")
    postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
    started(supervisor, postgres)
    psycopg.connect(postgres.url()).close()


def test_data_of_another_version_is_refused_in_words(folder: Path, supervisor: Supervisor) -> None:
    postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
    (folder / "postgres" / "data").mkdir()
    (folder / "postgres" / "data" / "PG_VERSION").write_text("16\n")
    supervisor.start(postgres.spec())
    with pytest.raises(ChildFailed, match="was written by PostgreSQL 16; this is 18"):
        supervisor.wait_ready()


def test_a_wrong_password_is_refused(folder: Path, supervisor: Supervisor) -> None:
    postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
    started(supervisor, postgres)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url().replace("secret", "guess"))


@pytest.mark.parametrize("name", ["a" * 90, "one,two"])
def test_a_path_no_socket_can_have_is_got_round(folder: Path, supervisor: Supervisor, name: str) -> None:
    postgres = Postgres(folder / name, "secret", fast_unsafe=True)
    started(supervisor, postgres)
    psycopg.connect(postgres.url()).close()
    assert Postgres(folder / name, "secret").url() == postgres.url()
    (sockets,) = parse_qs(urlsplit(postgres.url()).query)["host"]
    assert Path(sockets).parent == Path("/tmp")
    shutil.rmtree(sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_as_root_a_closed_folder_is_named(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o700)
    with pytest.raises(PostgresError, match=r"nobody, which cannot enter .*/closed: choose another"):
        Postgres(folder / "closed" / "postgres", "secret")


def test_text_is_utf8_and_time_is_utc_whatever_the_caller_has(
    folder: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {
        "LC_ALL": "xx_YY.UTF-8",
        "PGPORT": "1",
        "PGDATA": "/no",
        "TZ": "Asia/Tokyo",
    }.items():
        monkeypatch.setenv(variable, value)
    postgres = Postgres(folder / "postgres", "secret", fast_unsafe=True)
    started(supervisor, postgres)
    with psycopg.connect(postgres.url()) as connection:
        row = connection.execute(
            "SELECT upper('é'), current_setting('timezone'), current_setting('server_encoding')"
        ).fetchone()
    assert row == ("É", "UTC", "UTF8")


def test_nothing_is_found_in_a_folder_nobody_works_in(tmp_path: Path) -> None:
    assert processes.working_in(tmp_path, "postgres") == frozenset()
