"""Real servers for tests: databases copied from a migrated template, and a broker."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from runtime import migrate
from runtime.nats import DEVICE_USER, SERVICE_USER, Nats
from runtime.state import free_port
from runtime.supervisor import Supervisor

MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 2**30


@contextmanager
def short_folder(*, in_memory: bool = False) -> Generator[Path]:
    """A temporary folder with a short path, which another user may pass through.

    pytest's own folders are closed to others, and PostgreSQL runs as `nobody` under root.
    in_memory: where there is room, for what nobody kills: a database of hundreds of files is made for each test.
    """
    roomy = in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > _ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="cb-", dir=MEMORY if roomy else "/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Databases of one server: a fresh copy of a migrated template takes some 30 ms."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self._url_of = url_of
        self._numbers = itertools.count(1)
        self._template = self.create_empty()
        migrate.apply(url_of(self._template))

    def create(self) -> str:
        """Address of a new database with all migrations applied."""
        name = f"test_{next(self._numbers)}"
        self._run(
            # Copied as files: through the log it costs twice as much.
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(self._template)
            )
        )
        return self._url_of(name)

    def create_empty(self) -> str:
        """Name of a new database with nothing in it."""
        name = f"empty_{next(self._numbers)}"
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop(self, url: str) -> None:
        """Drop a database, ending whoever is still connected."""
        name = conninfo_to_dict(url)["dbname"]
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))

    @contextmanager
    def fresh(self) -> Generator[str]:
        """A migrated database for one test."""
        url = self.create()
        try:
            yield url
        finally:
            self.drop(url)

    @contextmanager
    def empty(self) -> Generator[str]:
        """A database without any migration for one test."""
        url = self._url_of(self.create_empty())
        try:
            yield url
        finally:
            self.drop(url)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True)
class Broker:
    """Where a bundled broker listens, and its two users."""

    host: str
    port: int
    service_password: str
    device_password: str
    url: str
    service_user: str = SERVICE_USER
    device_user: str = DEVICE_USER


@contextmanager
def running_broker() -> Generator[Broker]:
    """A bundled broker with devices admitted."""
    with short_folder() as folder, Supervisor(folder) as supervisor:
        port = free_port()
        nats = Nats(
            folder / "broker",
            host="127.0.0.1",
            port=port,
            service_password="service-secret",
            device_password="device-secret",
        )
        supervisor.start(nats.spec())
        supervisor.wait_ready()
        yield Broker("127.0.0.1", port, "service-secret", "device-secret", nats.url)
