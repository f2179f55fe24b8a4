"""CONNECT, SUBSCRIBE and the status after them, right and wrong."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from support.device_traces import START, Session, changed, whys

from cli.device_check.packets import Connect, Packet, Subscribe, Will
from cli.device_check.rules.conduct import conduct
from cli.device_check.rules.connection import connection, online
from schemas.wire import device_pb2 as wire

DOWN = "cb/v1/00/test-1/down/cmd"
STATUS = "cb/v1/00/test-1/up/status"


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
    return whys(faults)


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


# The status


def test_a_sound_start_has_no_fault(device: Session) -> None:
    status = device.status(3000)
    device.frames(2000, 3)
    assert online(device.heard, [status]) == []
    assert conduct(device.heard) == []


def test_a_status_that_is_not_retained_is_missed(device: Session) -> None:
    device.status(3000)
    device.frames(2000, 3)
    assert "keeps no status" in whys(online(device.heard, []))


def test_other_retained_messages_are_told(device: Session) -> None:
    status = device.status(3000)
    frames = device.frames(2000, 3)
    assert "keeps up/accel" in whys(online(device.heard, [status, frames[0]]))


def test_a_counted_boot_id_is_not_random() -> None:
    device = Session(boot_id=7)
    status = device.status(3000)
    device.frames(2000, 2)
    assert "boot id 7 is not random" in whys(online(device.heard, [status]))


def test_versions_must_be_named(device: Session) -> None:
    status = changed(device.status(3000), lambda message: message.ClearField("firmware"))
    device.heard[0] = status
    device.frames(2000, 2)
    assert "firmware" in whys(online(device.heard, [status]))


def test_a_device_that_says_nothing_but_status_is_told_so(device: Session) -> None:
    status = device.status(3000)
    assert "nothing but the status" in whys(online(device.heard, [status]))


def test_a_last_will_alone_is_no_status(device: Session) -> None:
    will = device.status(10, wire.Status.OFFLINE)
    device.frames(2000, 2)
    assert "no status ONLINE" in whys(online(device.heard, [will]))


def test_a_status_made_before_the_connection_is_told(device: Session) -> None:
    message = wire.Status(stamp=device.stamp(1000), state=wire.Status.ONLINE, firmware="1", hardware="a")
    status = device.send("status", message, 9000)
    device.frames(9000, 2)
    assert "8.0 s before it was sent" in whys(online(device.heard, [status]))
