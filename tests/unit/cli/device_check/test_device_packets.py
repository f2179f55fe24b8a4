"""CONNECT and SUBSCRIBE as real clients write them, and what is wrong with some."""

from __future__ import annotations

import struct

import pytest

from cli.device_check.packets import Connect, Packet, PacketError, Stream, Subscribe, Will

DOWN = "cb/v1/00/test-1/down/cmd"
STATUS = "cb/v1/00/test-1/up/status"


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def packet(first: int, body: bytes) -> bytes:
    length, remaining = b"", len(body)
    while True:
        remaining, byte = divmod(remaining, 128)
        length += bytes([byte | (0x80 if remaining else 0)])
        if not remaining:
            return bytes([first]) + length + body


CONNECT = packet(
    0x10,
    text("MQTT") + bytes([4, 0b1110_1110]) + struct.pack(">H", 30)
    + text("test-1") + text(STATUS) + text(b"will") + text("device") + text("secret"),
)  # fmt: skip
SUBSCRIBE = packet(0x82, b"\x00\x01" + text(DOWN) + b"\x00" + text("other/#") + b"\x01")
PUBLISH = packet(0x32, text("some/topic") + b"\x00\x02" + bytes(300))
PING = bytes([0xC0, 0])

EXPECTED = [
    Connect(4, "test-1", True, 30, Will(STATUS, b"will", 1, True), True),
    Subscribe(((DOWN, 0), ("other/#", 1))),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_packets_are_read_however_the_bytes_are_cut(size: int) -> None:
    stream = Stream()
    data = CONNECT + PUBLISH + PING + SUBSCRIBE + PUBLISH
    found: list[Packet] = []
    for at in range(0, len(data), size):
        found += stream.feed(data[at : at + size])
    assert found == EXPECTED


def test_a_connect_with_nothing_but_a_client_id() -> None:
    body = text("MQTT") + bytes([4, 0]) + struct.pack(">H", 0) + text("")
    assert Stream().feed(packet(0x10, body)) == [Connect(4, "", False, 0, None, False)]


@pytest.mark.parametrize(
    "data",
    [
        packet(0x10, text("MQTT") + bytes([4])),
        packet(0x10, text("MQTT") + bytes([4, 0b100]) + struct.pack(">H", 30) + text("a")),
        packet(0x82, b"\x00\x01\x00\x09abc"),
        packet(0x82, b"\x00\x01" + text("a")),
        packet(0x10, text("MQTT") + bytes([4, 2]) + struct.pack(">H", 30) + b"\x00\x01\xff"),
        b"\x10\xff\xff\xff\xff\x01",
    ],
)
def test_malformed_packets_are_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        Stream().feed(data)
