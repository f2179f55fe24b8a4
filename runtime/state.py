"""The state folder: what the bundled servers keep, with secrets and ports made once.

One process holds the folder at a time (a lock on `lock`); others may read from it,
so that `cbutton device add` finds the stack that `cbutton up` runs.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self, TypedDict

CHECKOUT: Final = Path(__file__).resolve().parent.parent
_ROOT_FOLDER: Final = Path("/var/lib/cbutton")

# Below every system's range for outgoing connections (Linux 32768, macOS and IANA 49152):
# while a server restarts, no outgoing connection can take its port.
_PORTS: Final = range(20_000, 32_000)
# A server of the run before may need a moment to let go of its port.
_PORT_WAIT_S: Final = 3.0


class StateError(RuntimeError):
    """The state folder cannot be used; the message says why and what to do."""


class StateInUse(StateError):
    """Another process holds the folder; `pid` is 0 when it cannot be told."""

    def __init__(self, folder: Path, pid: int) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"the state folder {folder} is in use by {holder}: stop it, "
            "or choose another folder with CBUTTON_STATE_DIR"
        )
        self.pid = pid


class _Kept(TypedDict):
    secrets: dict[str, str]
    ports: dict[str, int]


def default_folder() -> Path:
    """Where state lies when nothing else is said: `.state` in the checkout.

    As root it lies under /var/lib/cbutton, one folder per checkout: PostgreSQL then runs
    as `nobody`, which cannot reach into a home folder.
    """
    if os.geteuid() == 0:
        return _ROOT_FOLDER / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
    return CHECKOUT / ".state"


class State:
    """Secrets and ports of one folder. Made by `hold` (may make new ones) or `read` (may not)."""

    def __init__(self, folder: Path, lock_fd: int | None) -> None:
        self.folder = folder
        self._lock_fd = lock_fd
        self._file = folder / "kept.json"
        self._kept = self._load()

    @classmethod
    def hold(cls, folder: Path | None = None) -> Self:
        """Take the folder, making it if need be.

        Raises StateInUse while another process holds it, StateError when it cannot be made.
        """
        folder = (folder or default_folder()).absolute()
        _make_folder(folder)
        lock_fd = _lock(folder)
        try:
            return cls(folder, lock_fd)
        except StateError:
            os.close(lock_fd)
            raise

    @classmethod
    def read(cls, folder: Path | None = None) -> Self:
        """Look into a folder that a stack of this user has used before. Raises StateError where none has."""
        folder = (folder or default_folder()).absolute()
        try:
            known = (folder / "kept.json").exists()
        except PermissionError as error:
            raise StateError(f"the state folder {folder} belongs to another user") from error
        if not known:
            raise StateError(f"no stack has run with the state folder {folder}: start one with `cbutton up`")
        return cls(folder, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let another process have the folder."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """The secret of this name, made the first time it is asked for."""
        return self._kept["secrets"].get(name) or self._keep_secret(name, make())

    def port(self, name: str, *, host: str, wanted: int = 0) -> int:
        """The TCP port of a server: `wanted`, or one picked the first time and kept.

        A kept port that somebody else has taken is replaced. Raises StateError when `wanted` is taken.
        """
        if wanted:
            if self._lock_fd is not None and not _becomes_free(host, wanted):
                raise StateError(f"port {wanted} on {host} is taken: the {name} cannot listen there")
            return wanted
        kept = self._kept["ports"].get(name)
        if kept is not None and (self._lock_fd is None or _becomes_free(host, kept)):
            return kept
        if self._lock_fd is None:
            raise StateError(f"{self.folder} knows no port of the {name}: start it once with `cbutton up`")
        self._kept["ports"][name] = port = free_port(host, avoid=frozenset(self._kept["ports"].values()))
        self._save()
        return port

    def _keep_secret(self, name: str, value: str) -> str:
        if self._lock_fd is None:
            raise StateError(f"{self.folder} knows no {name}: start the stack once with `cbutton up`")
        self._kept["secrets"][name] = value
        self._save()
        return value

    def _load(self) -> _Kept:
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {"secrets": {}, "ports": {}}
        except PermissionError as error:
            raise StateError(f"{self._file} belongs to another user") from error
        try:
            kept = json.loads(text)
            return {"secrets": dict(kept["secrets"]), "ports": dict(kept["ports"])}
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"{self._file} is damaged: mend it or remove the whole state folder {self.folder}"
            ) from error

    def _save(self) -> None:
        new = self._file.with_suffix(".new")
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8") as file:
            json.dump(self._kept, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)


def free_port(host: str = "127.0.0.1", *, avoid: frozenset[int] = frozenset()) -> int:
    """A port nobody listens on, from a range that outgoing connections never use."""
    for port in random.sample(_PORTS, k=200):
        if port not in avoid and _is_free(host, port):
            return port
    raise StateError(f"no free port found on {host}: is it an address of this machine?")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with contextlib.closing(socket.create_server((host, port), family=family)):
            return True
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise StateError(f"cannot listen on {host}: {error.strerror or error}") from error


def _becomes_free(host: str, port: int) -> bool:
    deadline_s = time.monotonic() + _PORT_WAIT_S
    while not _is_free(host, port):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True


def _make_folder(folder: Path) -> None:
    # As root the database's user must be able to pass through, whatever the umask says.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            missing.mkdir(exist_ok=True)
            missing.chmod(mode)
    except OSError as error:
        raise StateError(
            f"cannot make the state folder {folder} ({error.strerror}): choose another with CBUTTON_STATE_DIR"
        ) from error


def _lock(folder: Path) -> int:
    file = folder / "lock"
    try:
        lock_fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(f"cannot write to the state folder {folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock_fd, 20).decode("ascii", errors="replace").strip()
        os.close(lock_fd)
        raise StateInUse(folder, int(pid) if pid.isdigit() else 0) from None
    os.ftruncate(lock_fd, 0)
    os.write(lock_fd, str(os.getpid()).encode("ascii"))
    return lock_fd
