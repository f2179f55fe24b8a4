"""What the device did and showed, in order, for people who follow along."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_ENTRIES: Final = 2000

Datum = str | float | bool


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Something worth telling, at an uptime; `number` counts from 1."""

    number: int
    uptime_ms: float
    kind: str
    data: Mapping[str, Datum]


@dataclass(slots=True)
class Journal:
    """The last 2,000 entries."""

    entries: deque[JournalEntry] = field(default_factory=lambda: deque(maxlen=_ENTRIES))
    written: int = 0

    def note(self, uptime_ms: float, kind: str, **data: Datum) -> None:
        """Write an entry."""
        self.written += 1
        self.entries.append(JournalEntry(self.written, uptime_ms, kind, data))

    def after(self, number: int) -> list[JournalEntry]:
        """The entries after one that was seen."""
        return [entry for entry in self.entries if entry.number > number]
