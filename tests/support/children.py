"""Small real processes for tests of the supervisor and the stack."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from runtime.child import ChildSpec

_SCRIPT = """\
import os, pathlib, signal, sys, time
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def note(word):
    with open(folder / "journal", "a") as journal:
        journal.write(f"{word} {name} {os.getpid()} {time.monotonic()}\\n")
def end(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
def ready():
    note("started")
    print("this is", name, flush=True)
    pathlib.Path(os.environ["CBUTTON_READY_FILE"]).write_text(str(os.getpid()))
"""
STEADY = "ready()\nwhile True: time.sleep(60)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nready()\nwhile True: time.sleep(60)"
SLOW = "time.sleep(0.4)\n" + STEADY
SILENT = "print('still loading', flush=True)\nwhile True: time.sleep(60)"
BROKEN = "note('started')\nsys.exit('the plan has no first step')"
DYING = "ready()\nsys.exit(3)"


def child(name: str, folder: Path, body: str = STEADY, **more: object) -> ChildSpec:
    """A child that notes its starts and stops in `folder/journal`."""
    argv = (sys.executable, "-S", "-E", "-c", _SCRIPT + body, name, str(folder))
    return ChildSpec(name, argv, {"PATH": os.defpath}, **more)  # type: ignore[arg-type]


def journal(folder: Path) -> list[tuple[str, str, int, float]]:
    """What children did: (word, name, pid, when), oldest first."""
    file = folder / "journal"
    if not file.exists():
        return []
    lines = [line.split() for line in file.read_text().splitlines()]
    return [(word, name, int(pid), float(at)) for word, name, pid, at in lines]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], object], *, within_s: float = 20.0) -> float:
    """Wait for something to become true and say how long it took; fails when it does not."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < within_s, f"not within {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - began_s
