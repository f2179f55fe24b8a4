"""What a device asks of the broker in CONNECT and SUBSCRIBE, read from its bytes: pure.

Packet layouts are those of MQTT 3.1.1 (OASIS, 2014), sections 2.2, 3.1 and 3.8.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_CONNECT: Final = 1
_SUBSCRIBE: Final = 8
# CONNECT with a will of the largest payload stays below this; anything longer is not looked into.
_LONGEST: Final = 128 * 1024


class PacketError(ValueError):
    """Bytes that are no MQTT."""


@dataclass(frozen=True, slots=True)
class Will:
    """The last will of a CONNECT."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Connect:
    """What a CONNECT asks for; `level` 4 is MQTT 3.1.1."""

    level: int
    client_id: str
    clean_session: bool
    keepalive_s: int
    will: Will | None
    has_login: bool


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The filters of a SUBSCRIBE, each with the QoS asked for."""

    filters: tuple[tuple[str, int], ...]


Packet = Connect | Subscribe


class Stream:
    """The bytes of one connection, from the device to the broker, in pieces as they come."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._skip = 0

    def feed(self, piece: bytes) -> list[Packet]:
        """The packets of interest that are complete now. Raises PacketError; then the stream is lost."""
        self._bytes += piece
        found: list[Packet] = []
        while True:
            if self._skip:
                gone = min(self._skip, len(self._bytes))
                del self._bytes[:gone]
                self._skip -= gone
            header = _header(self._bytes)
            if self._skip or header is None:
                return found
            kind, start, length = header
            if kind not in (_CONNECT, _SUBSCRIBE) or length > _LONGEST:
                self._skip = start + length
                continue
            if len(self._bytes) < start + length:
                return found
            body = bytes(self._bytes[start : start + length])
            del self._bytes[: start + length]
            try:
                found.append(_connect(body) if kind == _CONNECT else _subscribe(body))
            except (struct.error, IndexError, UnicodeDecodeError) as error:
                raise PacketError(f"a packet of type {kind} is malformed: {error}") from error


def _header(stream: bytearray) -> tuple[int, int, int] | None:
    """Packet type, length of the fixed header and of the rest; None while it is incomplete."""
    length = 0
    for index, byte in enumerate(stream[1:5]):
        length |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return stream[0] >> 4, 2 + index, length
    if len(stream) >= 5:
        raise PacketError("a length of more than four bytes")
    return None


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._body)

    def byte(self) -> int:
        self._at += 1
        return self._body[self._at - 1]

    def number(self) -> int:
        (value,) = struct.unpack_from(">H", self._body, self._at)
        self._at += 2
        return int(value)

    def data(self) -> bytes:
        length = self.number()
        value = self._body[self._at : self._at + length]
        if len(value) < length:
            raise IndexError("a field reaches beyond the packet")
        self._at += length
        return value

    def text(self) -> str:
        return self.data().decode()


def _connect(body: bytes) -> Connect:
    reader = _Reader(body)
    reader.text()
    level, flags, keepalive_s = reader.byte(), reader.byte(), reader.number()
    client_id = reader.text()
    will: Will | None = None
    if flags & 0x04:
        will = Will(reader.text(), reader.data(), flags >> 3 & 0x03, bool(flags & 0x20))
    return Connect(level, client_id, bool(flags & 0x02), keepalive_s, will, has_login=bool(flags & 0x80))


def _subscribe(body: bytes) -> Subscribe:
    reader = _Reader(body)
    reader.number()
    filters: list[tuple[str, int]] = []
    while reader.left:
        filters.append((reader.text(), reader.byte() & 0x03))
    return Subscribe(tuple(filters))
