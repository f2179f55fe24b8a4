"""What was heard of a device under test, message by message: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError

from ingest.envelope import ImpactPart, Press, Rejection, read
from schemas.topics import parse_up
from schemas.wire import device_pb2 as wire

_KINDS: Final[dict[str, type[Any]]] = {
    "button": wire.Button,
    "impact": wire.Impact,
    "accel": wire.Accel,
    "gps": wire.Gps,
    "status": wire.Status,
    "ack": wire.Ack,
}

Number = tuple[int, int]
"""Boot id and sequence: what makes messages the same message."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One message as it arrived; `at_s` is monotonic, `received_at` the time of day.

    `message` is None when it cannot be decoded. `rejection` is why the backend would not
    take it, `defects` what it would mark on a press or an impact.
    """

    at_s: float
    received_at: datetime
    name: str
    message: Any
    rejection: Rejection | None
    defects: tuple[str, ...]
    qos: int

    @property
    def stamp(self) -> wire.Stamp:
        """Its stamp; an empty one where there is none."""
        return wire.Stamp() if self.message is None else self.message.stamp

    @property
    def number(self) -> Number:
        """What tells it from other messages of the device."""
        return self.stamp.boot_id, self.stamp.sequence

    @property
    def held_ms(self) -> int:
        """How long the device kept it, by its own account."""
        return self.stamp.sent_uptime_ms - self.stamp.event_uptime_ms

    @property
    def by_broker(self) -> bool:
        """Whether it says that the device is gone: as a rule the last will, published by the broker."""
        return (
            self.name == "status" and self.message is not None and self.message.state == wire.Status.OFFLINE
        )

    @property
    def identical(self) -> bytes:
        """Its content without what may differ between copies."""
        if self.message is None:
            return b""
        copy: Any = _KINDS[self.name]()
        copy.CopyFrom(self.message)
        copy.stamp.sent_uptime_ms = 0
        if self.name == "status":
            copy.buffered_messages = 0
        content: bytes = copy.SerializeToString(deterministic=True)
        return self.name.encode() + b":" + content


def hear(topic: str, payload: bytes, *, qos: int, at_s: float, received_at: datetime) -> Heard:
    """Decode what arrived on an uplink topic, as the backend would."""
    place = parse_up(topic)
    if place is None:
        name = topic.rsplit("/", 1)[-1]
        return Heard(at_s, received_at, name, None, Rejection("bad_topic", topic), (), qos)
    uplink = read(place, payload, received_at)
    rejection = uplink if isinstance(uplink, Rejection) else None
    defects = uplink.defects if isinstance(uplink, Press | ImpactPart) else ()
    return Heard(at_s, received_at, place.name, _decoded(place.name, payload), rejection, defects, qos)


def _decoded(name: str, payload: bytes) -> Any:
    message = _KINDS[name]()
    try:
        if payload.startswith(b"{"):
            return Parse(payload, message, ignore_unknown_fields=True)
        message.ParseFromString(payload)
    except (ParseError, DecodeError, UnicodeDecodeError):
        return None
    return message


def named(heard: Iterable[Heard], *names: str) -> list[Heard]:
    """The messages of some kinds that could be decoded."""
    return [each for each in heard if each.name in names and each.message is not None]


def firsts(heard: Iterable[Heard]) -> list[Heard]:
    """Every message once, its first copy, in the order of arrival."""
    found: dict[Number, Heard] = {}
    for each in heard:
        if each.message is not None:
            found.setdefault(each.number, each)
    return list(found.values())


def own(heard: Iterable[Heard]) -> list[Heard]:
    """What the device itself published while it was there: no last will."""
    return [each for each in heard if each.message is not None and not each.by_broker]


def uptime_ms(heard: Sequence[Heard], at_s: float) -> int:
    """The device's uptime at a moment, reckoned from its newest message; 0 when none was heard."""
    spoken = own(heard)
    if not spoken:
        return 0
    newest = spoken[-1]
    return newest.stamp.sent_uptime_ms + round(1000 * (at_s - newest.at_s))
