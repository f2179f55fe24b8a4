"""Commands from the backend: reading them and telling whether they came too late."""

from __future__ import annotations

from typing import Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from schemas.wire.device_pb2 import Command, Expiry

VERSION: Final = 1


class CommandError(ValueError):
    """A payload that is no command."""


def read_command(payload: bytes) -> Command:
    """Decode a command, binary or as Protobuf JSON.

    A body this firmware does not know is left out, so that the command can be answered as
    unsupported. Raises CommandError for a payload that is no command or has no id.
    """
    try:
        if payload.startswith(b"{"):
            command = json_format.Parse(payload, Command(), ignore_unknown_fields=True)
            # A person who writes by hand may leave the version out; binary must carry it.
            command.version = command.version or VERSION
        else:
            command = Command.FromString(payload)
    except (json_format.ParseError, DecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"not a command: {error}") from error
    if not command.command_id:
        raise CommandError("a command without an id")
    return command


def is_expired(expiry: Expiry, boot_id: int, uptime_ms: float, wall_ms: int | None) -> bool:
    """Whether a command must be ignored, by the rules of the wire's Expiry.

    Another boot's command is expired; the device's uptime decides; `wall_ms` is given only
    when the clock was set by GPS or network. With boot id 0 (any boot) an uptime of 0 is
    not checked, because the sender knew none.
    """
    if expiry.boot_id not in (0, boot_id):
        return True
    uptime_checked = expiry.boot_id != 0 or expiry.uptime_ms != 0
    if uptime_checked and uptime_ms > expiry.uptime_ms:
        return True
    return bool(expiry.wall_ms) and wall_ms is not None and wall_ms > expiry.wall_ms
