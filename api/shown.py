"""Rows of the queue as they were read a moment ago, for the many consoles that ask for the same ones.

An event sends every console for the same row. Read at or behind the last event of its incident, it is what another
reading would find: so one reading serves them all. What changes without an event is shown late by a second at most.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_MOST: Final = 5000
_LASTS_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Read:
    text: bytes
    position: int
    at_s: float


class Shown:
    """What was read, and how far events are known. Safe to share between threads; times are of a monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: OrderedDict[UUID, _Read] = OrderedDict()
        self._last: OrderedDict[UUID, int] = OrderedDict()
        self._position = 0
        self._forgotten = 0

    def begin(self, position: int) -> None:
        """Events are known from behind this position on."""
        with self._lock:
            self._position = self._forgotten = position

    def happened(self, events: Iterable[tuple[int, UUID]]) -> None:
        """Events, by position and incident, in order."""
        with self._lock:
            for position, incident_id in events:
                self._last.pop(incident_id, None)
                self._last[incident_id] = self._position = position
            while len(self._last) > _MOST:
                self._forgotten = max(self._forgotten, self._last.popitem(last=False)[1])

    def keep(self, rows: Mapping[UUID, bytes], *, position: int, at_s: float) -> None:
        """Rows read when the stream had come to this position."""
        with self._lock:
            for incident_id, text in rows.items():
                before = self._read.pop(incident_id, None)
                mine = _Read(text, position, at_s)
                self._read[incident_id] = before if before and before.position > position else mine
            while len(self._read) > _MOST:
                self._read.popitem(last=False)

    def fresh(self, ids: Iterable[UUID], *, seen: int, at_s: float) -> dict[UUID, bytes]:
        """Those of the rows that are good for somebody who has heard of events up to `seen`."""
        with self._lock:
            # Another process may have told of an event that is not known here yet.
            if seen > self._position:
                return {}
            return {
                incident_id: read.text
                for incident_id in ids
                if (read := self._read.get(incident_id)) is not None
                and at_s - read.at_s <= _LASTS_S
                and read.position >= max(self._forgotten, self._last.get(incident_id, 0))
            }
