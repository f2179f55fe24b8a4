"""One supervised process: how it is started, when it counts as ready, when as hung, how it is restarted.

Used by the supervisor's own thread only; `status` may be read from any.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import structlog

from runtime.lifecycle import READY_FILE

# The first restart comes at once; a child that keeps dying is given ever more time.
RESTART_DELAYS_S: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
# Longer than this between two looks, and it was the supervisor that slept.
_LOOKS_WITHIN_S: Final = 1.0
# Up for this long, a child has recovered and its next death counts as the first.
RECOVERED_AFTER_S: Final = 30.0
_LOG_BYTES: Final = 10 * 2**20
_LAUNCHER: Final = Path(__file__).with_name("launch.py")

ChildState = Literal["starting", "ready", "restarting", "stopped"]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run and how to look after it.

    env: the child's whole environment.
    after: names of children that must be ready before this one is first started, and that
        are stopped after it.
    announces: it writes the file named by CBUTTON_READY_FILE when ready (`Lifecycle.ready`).
    beats_within_s: once ready it gives a sign of life (`Lifecycle.beat`) at least so often, or is
        killed and started anew; None for a child that gives none.
    is_ready: asked in addition, on the supervisor's thread, so within a second or so.
    prepare: done before each start; an exception counts as a failed start.
    user: (uid, gid) to run as, where the supervisor is root.
    restart: False for a child that may end by itself.
    stop_signal: asks it to end; after stop_timeout_s it is killed.
    death_signal: sent by the kernel when the supervisor itself is killed (Linux).
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    after: tuple[str, ...] = ()
    announces: bool = True
    beats_within_s: float | None = None
    is_ready: Callable[[], bool] | None = None
    prepare: Callable[[], None] | None = None
    user: tuple[int, int] | None = None
    cwd: Path | None = None
    restart: bool = True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 8.0
    death_signal: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """A child at one moment; `pid` is None while it does not run, `uptime_s` counts from its last start."""

    name: str
    pid: int | None
    state: ChildState
    uptime_s: float
    restarts: int
    last_exit: str = ""


@dataclass(slots=True)
class Child:
    """A spec with its process. Every method returns at once, but for `spec.prepare` and `spec.is_ready`."""

    spec: ChildSpec
    folder: Path
    log: structlog.stdlib.BoundLogger
    process: subprocess.Popen[bytes] | None = None
    state: ChildState = "starting"
    restarts: int = 0
    deaths_before_ready: int = 0
    last_exit: str = ""
    was_ready: bool = False
    _started_s: float = 0.0
    _delay_index: int = 0
    _next_start_s: float | None = 0.0
    _kill_at_s: float | None = None
    _complaint: str = ""
    _beat: int = 0
    _looked_s: float = 0.0
    _silent_s: float = 0.0
    _ready_file: Path = field(init=False)
    log_file: Path = field(init=False)

    def __post_init__(self) -> None:
        self._ready_file = self.folder / f"{self.spec.name}.ready"
        self.log_file = self.folder / "logs" / f"{self.spec.name}.log"
        if self.log_file.exists():
            self.log_file.replace(self.log_file.with_suffix(".log.1"))

    @property
    def status(self) -> ChildStatus:
        """The child as it is now."""
        process = self.process
        return ChildStatus(
            name=self.spec.name,
            pid=process.pid if process else None,
            state=self.state,
            uptime_s=time.monotonic() - self._started_s if process else 0.0,
            restarts=self.restarts,
            last_exit=self.last_exit,
        )

    def tend(self, now_s: float) -> None:
        """Notice a death, start what is due, notice readiness."""
        if self.process is not None and (code := self.process.poll()) is not None:
            self._on_exit(code, now_s)
        if self.process is None and self._next_start_s is not None and now_s >= self._next_start_s:
            self._start(now_s)
        if self.process is not None and self.state in ("starting", "restarting") and self._is_ready():
            self.state, self.was_ready = "ready", True
            self.log.info("ready", child=self.spec.name, after_s=round(time.monotonic() - self._started_s, 2))
        if self.process is not None and self.state == "ready" and self.spec.beats_within_s is not None:
            self._listen(now_s, self.spec.beats_within_s)

    def ask_to_stop(self, now_s: float) -> None:
        """Stop restarting it and send the stop signal, once; kill it when its time is over."""
        self._next_start_s = None
        if self.process is not None and (code := self.process.poll()) is not None:
            self.process, self.last_exit = None, _describe_exit(code)
        if self.process is None:
            self.state = "stopped"
        elif self._kill_at_s is None:
            self.process.send_signal(self.spec.stop_signal)
            self._kill_at_s = now_s + self.spec.stop_timeout_s
        elif now_s > self._kill_at_s:
            self.log.warning("killed: did not stop in time", child=self.spec.name)
            # Its own session: what it started goes with it.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self.process is not None:
            self.process.send_signal(signum)

    def trim_log(self) -> None:
        """Keep the log file short: its content moves to `.log.1`, the child goes on writing."""
        if not self.log_file.exists() or self.log_file.stat().st_size <= _LOG_BYTES:
            return
        try:
            shutil.copyfile(self.log_file, self.log_file.with_suffix(".log.1"))
        except OSError as error:
            # On a full disk the space is needed more than the words.
            self.log.warning("log cut", child=self.spec.name, lost=error.strerror)
        os.truncate(self.log_file, 0)

    def log_tail(self, lines: int) -> str:
        """The last lines the child wrote."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 400 * lines))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _start(self, now_s: float) -> None:
        try:
            self._ready_file.unlink(missing_ok=True)
            if self.spec.prepare:
                self.spec.prepare()
            self.process = self._spawn()
        except Exception as error:  # noqa: BLE001  whatever went wrong, it is this child's failed start
            self.last_exit = f"cannot start: {error}"
            self.log.error("cannot start", child=self.spec.name, error=str(error))  # noqa: TRY400  no trace wanted
            self._schedule_restart(now_s)
        else:
            self._started_s = time.monotonic()
            self._next_start_s = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        uid, gid = self.spec.user or (-1, -1)
        words = (os.getpid(), int(self.spec.death_signal), uid, gid)
        with self.log_file.open("ab") as log_file:
            return subprocess.Popen(  # noqa: S603  the specs are the program's own
                [sys.executable, "-I", "-S", str(_LAUNCHER), *map(str, words), *self.spec.argv],
                env={**self.spec.env, READY_FILE: str(self._ready_file)},
                cwd=self.spec.cwd or "/",
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _on_exit(self, code: int, now_s: float) -> None:
        self.process = None
        self.last_exit = _describe_exit(code)
        if not self.spec.restart:
            self.state, self._next_start_s = "stopped", None
            self.log.info("ended", child=self.spec.name, how=self.last_exit)
            return
        if now_s - self._started_s > RECOVERED_AFTER_S:
            self._delay_index = 0
        self._schedule_restart(now_s)
        self.log.warning("died", child=self.spec.name, how=self.last_exit, restarts=self.restarts)

    def _schedule_restart(self, now_s: float) -> None:
        if self.was_ready:
            self.state = "restarting"
        else:
            self.deaths_before_ready += 1
        self.restarts += 1
        self._next_start_s = now_s + RESTART_DELAYS_S[self._delay_index]
        self._delay_index = min(self._delay_index + 1, len(RESTART_DELAYS_S) - 1)

    def _listen(self, now_s: float, beats_within_s: float) -> None:
        """Kill it where it has given no sign of life; its death is noticed like any other."""
        beat = self._ready_file.stat().st_mtime_ns if self._ready_file.exists() else 0
        # Counted by our own looks: neither a clock that is set nor a supervisor that slept may kill anybody.
        passed_s = min(now_s - self._looked_s, _LOOKS_WITHIN_S)
        self._silent_s = self._silent_s + passed_s if beat == self._beat else 0.0
        self._looked_s, self._beat = now_s, beat
        if self._silent_s > beats_within_s and self.process is not None:
            self._silent_s = 0.0
            self.log.warning("killed: no sign of life", child=self.spec.name, for_s=beats_within_s)
            os.killpg(self.process.pid, signal.SIGKILL)

    def _is_ready(self) -> bool:
        if self.spec.announces and not self._ready_file.exists():
            return False
        try:
            return self.spec.is_ready is None or self.spec.is_ready()
        except Exception as error:  # noqa: BLE001  whatever went wrong, it is no yes
            if str(error) != self._complaint:
                self._complaint = str(error)
                self.log.warning(
                    "cannot be asked whether it is ready", child=self.spec.name, error=str(error)
                )
            return False


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
