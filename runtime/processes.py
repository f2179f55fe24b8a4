"""Processes that an earlier run left behind: finding them and ending them.

A supervisor that was killed takes its children with it, but a database needs a moment
to go down. Whoever starts next must not meet it half way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_PROC = Path("/proc")


def command_line(pid: int) -> str:
    """The command line of a process, words joined by spaces; empty when there is no such process."""
    if sys.platform == "linux":
        try:
            return (
                _PROC.joinpath(str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except OSError:
            return ""
    listing = subprocess.run(  # noqa: S603  a number is all that varies
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607  ps has no one place
        check=False,
        capture_output=True,
        text=True,
    )
    return listing.stdout.strip()


def working_in(folder: Path, name: str) -> frozenset[int]:
    """Processes of one name whose working folder is `folder`. Linux only; elsewhere none are found."""
    if sys.platform != "linux":
        return frozenset()
    found: set[int] = set()
    wanted = str(folder)
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if str(entry.joinpath("cwd").readlink()) == wanted and (
                entry.joinpath("comm").read_text().strip() == name
            ):
                found.add(int(entry.name))
        except OSError:  # gone meanwhile, or not ours to look at
            continue
    return frozenset(found)


def end(find: Callable[[], Iterable[int]], steps: Iterable[tuple[signal.Signals | None, float]]) -> None:
    """Send each signal to what `find` returns and wait its seconds, until nothing is found.

    A step with None only waits. Raises TimeoutError when something outlives every step.
    """
    for signum, seconds in steps:
        pids = tuple(find())
        if not pids:
            return
        for pid in pids if signum is not None else ():
            send(pid, signum)
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s and tuple(find()):
            time.sleep(0.02)
    if left := sorted(find()):
        raise TimeoutError(f"processes of an earlier run will not end: {left}")


def send(pid: int, signum: signal.Signals | None) -> None:
    """Signal one process; one that has ended meanwhile is no error."""
    if signum is None:
        return
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return


def pid_in(file: Path) -> int | None:
    """The process id in a file's first line; None when there is no such file or number."""
    try:
        first, *_ = file.read_text(encoding="ascii").split("\n")
        return int(first)
    except (OSError, ValueError):
        return None
