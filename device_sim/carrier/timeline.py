"""What happened to a call or a message, in order, and its times as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from device_sim.process import iso


@dataclass(frozen=True)
class Entry:
    """Something that happened at `at` (epoch seconds)."""

    at: float
    kind: str
    data: dict[str, str | float] = field(default_factory=dict[str, str | float])

    def view(self) -> dict[str, object]:
        """The entry as shown to people: time in ISO 8601, UTC."""
        return {"at": iso(self.at), "kind": self.kind, **self.data}


def utc(at: float) -> datetime:
    """Epoch seconds as a time in UTC."""
    return datetime.fromtimestamp(at, UTC)
