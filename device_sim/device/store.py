"""The device's store of messages that the broker has not acknowledged yet."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from schemas.wire.device_pb2 import Accel, Ack, Button, Gps, Impact, Status

Uplink = Button | Impact | Accel | Gps | Status | Ack


class Urgency(IntEnum):
    """In which order messages leave."""

    PRESS = 0
    IMPACT = 1
    PROMPT = 2  # status, acknowledgements
    BULK = 3  # accel, gps


_URGENCIES = {
    "button": Urgency.PRESS,
    "impact": Urgency.IMPACT,
    "status": Urgency.PROMPT,
    "ack": Urgency.PROMPT,
    "accel": Urgency.BULK,
    "gps": Urgency.BULK,
}


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A message ready to go, but for the time of sending; `size` is its bytes, about."""

    name: str
    message: Uplink
    size: int

    @property
    def sequence(self) -> int:
        """Its number within the boot."""
        return self.message.stamp.sequence

    @property
    def urgency(self) -> Urgency:
        """Its place in the order of leaving."""
        return _URGENCIES[self.name]


class Store:
    """Messages waiting and in flight; urgent ones first, each kind oldest first.

    Of bulk at most `bulk_per_s` leave in any one second, so that a backlog does not choke
    what is fresh, and only while fewer than `in_flight` messages are unacknowledged. Beyond
    `capacity_bytes` the oldest bulk is dropped, never anything else.
    """

    def __init__(
        self, capacity_bytes: int = 4 * 2**20, bulk_per_s: float = 20.0, in_flight: int = 20
    ) -> None:
        self._capacity_bytes = capacity_bytes
        self._bulk_per_s = bulk_per_s
        self._in_flight_most = in_flight
        self._waiting: dict[Urgency, deque[Draft]] = {urgency: deque() for urgency in Urgency}
        self._in_flight: dict[int, Draft] = {}
        self._bytes = 0
        self._bulk_left_ms: deque[float] = deque()  # within the last second
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Messages not handed to the connection."""
        return sum(len(queue) for queue in self._waiting.values())

    @property
    def unacknowledged(self) -> int:
        """Messages waiting or in flight."""
        return self.waiting + len(self._in_flight)

    def holds(self, sequence: int, name: str) -> bool:
        """Whether a message is still here."""
        queue = self._waiting[_URGENCIES[name]]
        return sequence in self._in_flight or any(draft.sequence == sequence for draft in queue)

    def put(self, draft: Draft) -> None:
        """Take a message; makes room by dropping the oldest bulk. A newer status replaces a waiting one."""
        queue = self._waiting[draft.urgency]
        if draft.name == "status":
            for old in [old for old in queue if old.name == "status"]:
                queue.remove(old)
                self._bytes -= old.size
        queue.append(draft)
        self._bytes += draft.size
        bulk = self._waiting[Urgency.BULK]
        while self._bytes > self._capacity_bytes and bulk:
            self._bytes -= bulk.popleft().size
            self.dropped += 1

    def take(self, uptime_ms: float) -> list[Draft]:
        """What to hand to the connection now; it is in flight from then on."""
        while self._bulk_left_ms and self._bulk_left_ms[0] <= uptime_ms - 1000.0:
            self._bulk_left_ms.popleft()
        taken: list[Draft] = []
        for urgency, queue in self._waiting.items():
            while queue and self._may_leave(urgency):
                draft = queue.popleft()
                self._in_flight[draft.sequence] = draft
                if urgency is Urgency.BULK:
                    self._bulk_left_ms.append(uptime_ms)
                taken.append(draft)
        return taken

    def _may_leave(self, urgency: Urgency) -> bool:
        if urgency is Urgency.PRESS:
            return True
        if len(self._in_flight) >= self._in_flight_most:
            return False
        return urgency is not Urgency.BULK or len(self._bulk_left_ms) < self._bulk_per_s

    def acknowledged(self, sequence: int) -> Draft | None:
        """The broker has a message; None when it was not in flight."""
        draft = self._in_flight.pop(sequence, None)
        if draft is not None:
            self._bytes -= draft.size
        return draft

    def connection_lost(self) -> None:
        """Everything in flight waits again, before what is younger."""
        for draft in sorted(self._in_flight.values(), key=lambda draft: draft.sequence, reverse=True):
            self._waiting[draft.urgency].appendleft(draft)
        self._in_flight.clear()
