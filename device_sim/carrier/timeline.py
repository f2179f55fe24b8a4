"""What happened to a call, a message or a conference, in order, and the requests that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

from device_sim.process import iso

RecordT_co = TypeVar("RecordT_co", covariant=True)
OutgoingKind = Literal["status", "conference", "detection", "action", "sms", "link"]


@dataclass(frozen=True)
class Entry:
    """Something that happened at `at` (epoch seconds)."""

    at: float
    kind: str
    data: dict[str, str | float] = field(default_factory=dict[str, str | float])

    def view(self) -> dict[str, object]:
        """The entry as shown to people: time in ISO 8601, UTC."""
        return {"at": iso(self.at), "kind": self.kind, **self.data}


@dataclass(frozen=True)
class Outgoing:
    """A request to be made, in `after_s` real seconds: a callback, or a person's visit to a page (`link`)."""

    kind: OutgoingKind
    url: str
    method: str
    params: dict[str, str]
    after_s: float = 0.0


@dataclass(frozen=True)
class Change(Generic[RecordT_co]):
    """A record's new value, what happened to it, and what follows."""

    record: RecordT_co
    entries: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()


def utc(at: float) -> datetime:
    """Epoch seconds as a time in UTC."""
    return datetime.fromtimestamp(at, UTC)
