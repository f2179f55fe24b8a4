"""A real TimescaleDB: the server of the system that `scripts/timescale` makes, in a chroot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from support.need import lacking
from support.servers import short_folder

from runtime.child import ChildSpec
from runtime.supervisor import Supervisor

_SCRIPT = Path(__file__).parents[2] / "scripts" / "timescale"
_PROGRAMS = "/usr/lib/postgresql/17/bin"
# The user and group `postgres` of the system inside.
_UID, _GID = 100, 102
_CONFIGURATION = {
    "listen_addresses": "",
    "shared_preload_libraries": "timescaledb",
    # A worker on the template would stop every CREATE DATABASE … TEMPLATE.
    "timescaledb.max_background_workers": "0",
    "timescaledb.telemetry_level": "off",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "1h",
    "timezone": "UTC",
}


def _root() -> Path:
    made = subprocess.run([_SCRIPT], check=False, capture_output=True, text=True)
    if made.returncode:
        lacking(f"TimescaleDB: {made.stderr.strip()}")
    return Path(made.stdout.strip())


def _inside(root: Path, *words: str) -> tuple[str, ...]:
    """A command in the other system, as its user `postgres`."""
    enter = shutil.which("chroot", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or "chroot"
    # Changing root or user clears the signal that the launcher asked the kernel for.
    dies_with_us = ("setpriv", "--pdeathsig=INT")
    if os.geteuid() == 0:
        as_postgres = (f"--reuid={_UID}", f"--regid={_GID}", "--clear-groups")
        return (enter, str(root), *dies_with_us, *as_postgres, *words)
    other_user = ("unshare", "--user", f"--map-user={_UID}", f"--map-group={_GID}", "--keep-caps")
    return (*other_user, enter, str(root), *dies_with_us, *words)


@contextmanager
def running_timescale() -> Generator[Callable[[str], str]]:
    """Start the server; gives the function from a database's name to its address."""
    root = _root()
    folder = Path(tempfile.mkdtemp(prefix="cb-", dir=root / "tmp"))
    if os.geteuid() == 0:
        os.chown(folder, _UID, _GID)
    inside = Path("/", folder.relative_to(root))
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    try:
        made = subprocess.run(
            _inside(
                root,
                *(
                    f"{_PROGRAMS}/initdb",
                    "-D",
                    f"{inside}/data",
                    "-U",
                    "cbutton",
                    "--auth=trust",
                    "--no-sync",
                ),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ),
            check=False,
            capture_output=True,
            text=True,
            env=env,
            cwd="/",
        )
        if made.returncode:
            lacking(f"TimescaleDB cannot run here: {(made.stderr or made.stdout).strip()}")

        def url_of(database: str) -> str:
            return f"postgresql://cbutton@/{database}?host={quote(str(folder), safe='')}"

        def answers() -> bool:
            try:
                psycopg.connect(url_of("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        configuration = _CONFIGURATION | {"unix_socket_directories": str(inside)}
        options = [word for key, value in configuration.items() for word in ("-c", f"{key}={value}")]
        spec = ChildSpec(
            name="timescale",
            argv=_inside(root, f"{_PROGRAMS}/postgres", "-D", f"{inside}/data", *options),
            env=env,
            announces=False,
            is_ready=answers,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
        )
        with short_folder() as logs, Supervisor(logs) as supervisor:
            supervisor.start(spec)
            supervisor.wait_ready()
            yield url_of
    finally:
        shutil.rmtree(folder, ignore_errors=True)
