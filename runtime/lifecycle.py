"""How a role begins, goes on and ends: it says when it is ready and that it still works, and stops when told to."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

READY_FILE: Final = "CBUTTON_READY_FILE"
_BEAT_S: Final = 1.0


class Lifecycle:
    """One per process, made by the main thread: turns SIGTERM and SIGINT into a flag."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self.exit_code = 0
        self._beaten_s = 0.0
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    @property
    def stopping(self) -> bool:
        """True once the process was asked to end."""
        return self._stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not past the request to end; true when it has come."""
        return self._stopping.wait(seconds)

    def stop(self) -> None:
        """Ask the process to end, as a signal would."""
        self._stopping.set()

    def fail(self) -> None:
        """Ask the process to end because it cannot do its work; the supervisor starts it anew."""
        self.exit_code = 1
        self._stopping.set()

    def ready(self) -> None:
        """Tell the supervisor, if there is one, that this role now does its work."""
        if path := os.environ.get(READY_FILE):
            # Written beside and moved: whoever looks finds nothing or all of it.
            written = Path(f"{path}.new")
            written.write_text(str(os.getpid()), encoding="ascii")
            written.replace(path)

    def beat(self) -> None:
        """Tell the supervisor that the work goes on; from whatever does the work, as often as you like."""
        path, now_s = os.environ.get(READY_FILE), time.monotonic()
        if path and now_s - self._beaten_s >= _BEAT_S:
            self._beaten_s = now_s
            with contextlib.suppress(OSError):  # not ready yet
                os.utime(path)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self._stopping.set()
