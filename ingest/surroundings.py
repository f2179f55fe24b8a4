"""What was recorded around a moment of a device: its motion and its fixes, whichever lane brought them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import structlog

from ingest.fleet import SQL
from ingest.placing import TOLERANCE
from runtime.database import Connection
from scoring.frames import Frame, FrameError
from scoring.speed import SpeedTrack

_MILLISECOND: Final = timedelta(milliseconds=1)
# Of two events of a boot, one may be placed early by this much and the other late.
_CLOCKS_APART: Final = 2 * TOLERANCE
_LONGEST_FRAME: Final = timedelta(seconds=80)


@dataclass(frozen=True, slots=True)
class Moment:
    """An uptime of a device's boot, and its wall time."""

    device_id: str
    boot_id: int
    uptime_ms: int
    at: datetime

    def window(self, before: timedelta, after: timedelta) -> dict[str, Any]:
        """The parameters of a look around it: by uptime, and roughly by time for the partitions."""
        return {
            "device_id": self.device_id,
            "boot_id": self.boot_id,
            "from_ms": self.uptime_ms - before // _MILLISECOND,
            "to_ms": self.uptime_ms + after // _MILLISECOND,
            "from_at": self.at - before - _LONGEST_FRAME - _CLOCKS_APART,
            "to_at": self.at + after + _CLOCKS_APART,
        }


def motion_in(conn: Connection, around: dict[str, Any]) -> list[Frame]:
    """The frames of a window, streamed ones and those of bursts."""
    frames: list[Frame] = []
    for row in conn.execute(SQL["motion"], around).fetchall():
        try:
            frames.append(Frame(key=None, **row))
        except FrameError as error:
            structlog.get_logger(role="ingest").error(
                "stored motion cannot be used", device=around["device_id"], error=str(error)
            )
    return frames


def fixes_in(conn: Connection, around: dict[str, Any]) -> list[dict[str, Any]]:
    """The fixes of a window in order of time, each moment once; those that came with a burst included."""
    return conn.execute(SQL["fixes"], around).fetchall()


def track_of(fixes: list[dict[str, Any]]) -> SpeedTrack | None:
    """The fixes, each moment once and in order, as scoring takes them; None where there are none."""
    if not fixes:
        return None
    return SpeedTrack(
        np.array([fix["uptime_ms"] / 1000 for fix in fixes], dtype=np.float64),
        np.array([fix["speed_mps"] for fix in fixes], dtype=np.float64),
        np.array([fix["heading_deg"] for fix in fixes], dtype=np.float64),
    )
