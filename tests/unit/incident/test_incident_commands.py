"""Commands to devices as they stand on the wire, with their end of life on the device's own clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.json_format import ParseError
from support.scene import at

from incident.channels.commands import encode
from schemas.wire.device_pb2 import Command, Signal

COMMAND = UUID("0b0f6a54-8d3c-4d58-9a1e-0123456789ab")


def row(**more: Any) -> dict[str, Any]:
    return {
        "id": COMMAND,
        "payload": {"signal": {"light": "HELP_COMING", "tone": "ATTENTION"}},
        "expires_at": at(120),
        "boot_id": 7,
        "uptime_ms": 1_000_000,
        "heard_at": at(30),
        **more,
    }


def test_the_expiry_is_the_uptime_the_device_will_have_then() -> None:
    command = encode(row())
    assert command.expiry.boot_id == 7
    assert command.expiry.uptime_ms == 1_000_000 + 90_000
    assert command.expiry.wall_ms == round(at(120).timestamp() * 1000)
    assert UUID(command.command_id) == COMMAND
    assert command.version == 1


def test_transit_makes_it_expire_early_and_never_late() -> None:
    for transit_s in (0.0, 0.4, 20.0):
        # The device said 1,000,000 at second 30; we heard it so much later.
        command = encode(row(heard_at=at(30 + transit_s)))
        true_uptime_ms = 1_000_000 + 90_000
        assert command.expiry.uptime_ms == true_uptime_ms - round(transit_s * 1000)


def test_what_is_over_before_the_device_booted_never_wraps_around() -> None:
    command = encode(row(uptime_ms=1000, heard_at=at(500)))
    assert command.expiry.uptime_ms == 0


def test_boot_ids_are_stored_signed_and_sent_unsigned() -> None:
    assert encode(row(boot_id=-1)).expiry.boot_id == 2**64 - 1
    assert encode(row(boot_id=-(2**63))).expiry.boot_id == 2**63
    assert encode(row(boot_id=2**63 - 1)).expiry.boot_id == 2**63 - 1


def test_a_device_never_heard_of_gets_the_wall_clock_only() -> None:
    command = encode(row(boot_id=None, uptime_ms=None, heard_at=None))
    assert command.expiry.wall_ms == round(at(120).timestamp() * 1000)
    assert (command.expiry.boot_id, command.expiry.uptime_ms) == (0, 0)


def test_without_an_end_of_life_there_is_none() -> None:
    assert not encode(row(expires_at=None)).HasField("expiry")


def test_parts_of_a_millisecond_are_cut_so_that_it_is_never_longer() -> None:
    command = encode(row(expires_at=at(120) + timedelta(microseconds=999)))
    assert command.expiry.uptime_ms == 1_090_000


def test_light_and_receipt_survive_the_wire() -> None:
    command = Command.FromString(encode(row()).SerializeToString())
    assert command.WhichOneof("body") == "signal"
    assert (Signal.Light.Name(command.signal.light), Signal.Tone.Name(command.signal.tone)) == (
        "HELP_COMING",
        "ATTENTION",
    )
    receipt = {"boot_id": str(2**64 - 1), "sequence": 9, "incident_id": str(COMMAND)}
    command = Command.FromString(encode(row(payload={"receipt": receipt})).SerializeToString())
    assert command.receipt.boot_id == 2**64 - 1
    assert (command.receipt.sequence, command.receipt.incident_id) == (9, str(COMMAND))


def test_a_payload_the_wire_does_not_know_is_a_fault() -> None:
    with pytest.raises(ParseError):
        encode(row(payload={"signal": {"light": "DISCO"}}))
