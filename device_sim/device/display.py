"""What the driver sees and hears of the device: its light, its tone, and "not connected"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.wire.device_pb2 import Signal

NOT_CONNECTED: Final = "NOT_CONNECTED"
"""Shown while a press has not been received: nobody may know, dial 119 or 110 yourself."""


@dataclass(slots=True)
class Display:
    """The light last asked for, until its time is over; "not connected" covers it."""

    light: str = "OFF"
    tone: str = "SILENT"
    off_at_ms: float | None = None
    not_connected: bool = False

    @property
    def shown(self) -> str:
        """What is to be seen now."""
        return NOT_CONNECTED if self.not_connected else self.light

    def signal(self, signal: Signal, uptime_ms: float) -> None:
        """Obey a signal. Raises ValueError for a light or tone this device does not have."""
        light, tone = Signal.Light.Name(signal.light), Signal.Tone.Name(signal.tone)
        self.light, self.tone = light, tone
        self.off_at_ms = uptime_ms + 1000.0 * signal.duration_s if signal.duration_s else None

    def tick(self, uptime_ms: float) -> bool:
        """End a signal whose time is over; true when that happened."""
        if self.off_at_ms is None or uptime_ms < self.off_at_ms:
            return False
        self.light, self.tone, self.off_at_ms = "OFF", "SILENT", None
        return True
