"""CONNECT and SUBSCRIBE as real clients write them, and what is wrong with some."""

from __future__ import annotations

import dataclasses
import struct
from datetime import timedelta

import pytest
from support.device_traces import START, Session

from cli.device_connection_checks import connection
from cli.device_packets import Connect, Packet, PacketError, Stream, Subscribe, Will
from schemas.wire import device_pb2 as wire

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


@pytest.fixture
def device() -> Session:
    return Session()


def asked(device: Session, **changes: object) -> list[Packet]:
    status = wire.Status(stamp=device.stamp(100), state=wire.Status.OFFLINE)
    status.stamp.sent_uptime_ms = 100
    will = Will(STATUS, status.SerializeToString(), 1, True)
    sound = Connect(4, "test-1", True, 30, will, True)
    device.status(3000)
    return [dataclasses.replace(sound, **changes), Subscribe(((DOWN, 0),))]


def told(packets: list[Packet], device: Session) -> str:
    faults = connection(
        packets, shard="00", device_id="test-1", heard=device.heard, now=START + timedelta(minutes=1)
    )
    return " | ".join(fault.why for fault in faults)


def test_a_sound_connection_has_no_fault(device: Session) -> None:
    assert told(asked(device), device) == ""
    assert told([], device) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"level": 5}, "protocol level 5"),
        ({"client_id": "x"}, "client id is 'x'"),
        ({"clean_session": False}, "kept session"),
        ({"keepalive_s": 0}, "keepalive is 0 s"),
        ({"keepalive_s": 600}, "keepalive is 600 s"),
        ({"will": None}, "no last will"),
        ({"will": Will("cb/v1/00/test-1/up/gone", b"", 0, False)}, "for cb/v1/00/test-1/up/gone"),
        ({"will": Will(STATUS, b"", 0, False)}, "QoS 0 and is not retained"),
        ({"will": Will(STATUS, b"", 1, True)}, "last will is rejected: empty"),
        ({"will": Will(STATUS, b"offline", 1, True)}, "last will is rejected: not_protobuf"),
    ],
)
def test_a_careless_connect_is_told(device: Session, changes: dict[str, object], why: str) -> None:
    assert why in told(asked(device, **changes), device)


def will_of(device: Session, state: wire.Status.State, sequence: int | None = None) -> Will:
    status = wire.Status(stamp=device.stamp(100, sequence), state=state)
    status.stamp.sent_uptime_ms = 100
    return Will(STATUS, status.SerializeToString(), 1, True)


def test_a_will_that_says_online_is_told(device: Session) -> None:
    will = will_of(device, wire.Status.ONLINE)
    assert "does not say OFFLINE" in told(asked(device, will=will), device)


def test_a_will_with_the_number_of_the_status_is_told(device: Session) -> None:
    packets = asked(device)
    number = device.heard[0].stamp.sequence
    will = will_of(device, wire.Status.OFFLINE, number)
    assert isinstance(packets[0], Connect)
    packets[0] = dataclasses.replace(packets[0], will=will)
    assert f"shares sequence {number}" in told(packets, device)


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ((), "no SUBSCRIBE"),
        (((DOWN, 1),), "at QoS 1"),
        (((DOWN, 0), ("#", 0)), "# is subscribed as well"),
    ],
)
def test_a_careless_subscription_is_told(
    device: Session, filters: tuple[tuple[str, int], ...], why: str
) -> None:
    packets = [asked(device)[0], Subscribe(filters)]
    assert why in told(packets, device)
