"""Commands a device under test is given, and what it must say to each."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from cli.device_check.listener import Listener
from schemas import limits
from schemas.wire import device_pb2 as wire

_LATER_MS: Final = 60_000
_EARLIER_MS: Final = 10_000
# A field number that no body has: 15, with a message of two bytes in it.
_UNKNOWN_BODY: Final = bytes([15 << 3 | 2, 2, 8, 1])
_UNKNOWN_LIGHT: Final = cast("wire.Signal.Light", 99)


@dataclass(frozen=True, slots=True)
class Case:
    """A command, what a sound device says to it, and what a person may see of it."""

    command_id: str
    payload: bytes
    wanted: wire.Ack.Result
    what: str
    fix: str
    look: str = ""


def cases(newest: wire.Stamp, uptime_now_ms: Callable[[], int]) -> list[list[Case]]:
    """Two rounds, the second only after the first was answered; `newest` is the device's latest stamp."""
    maker = _Maker(newest, uptime_now_ms())
    fresh = maker.signal(wire.Signal.CONNECTED, maker.expiry(_LATER_MS))
    stale = maker.signal(wire.Signal.HELP_COMING, maker.expiry(-_EARLIER_MS))
    stale.expiry.wall_ms = 0  # the uptime alone must decide
    other = maker.signal(wire.Signal.HELP_COMING, maker.expiry(_LATER_MS))
    other.expiry.boot_id ^= 1 << 40
    old = maker.signal(wire.Signal.HELP_COMING, wire.Expiry(wall_ms=maker.wall_ms - _LATER_MS))
    first = [
        _case(fresh, wire.Ack.DONE, "a fresh signal", look="the light must say: a person is being reached"),
        _case(
            stale, wire.Ack.EXPIRED, "a command whose uptime is over", _EXPIRY, look="and not: help is coming"
        ),
        _case(other, wire.Ack.EXPIRED, "a command for another boot", _EXPIRY),
        _case(
            maker.signal(wire.Signal.CONNECTED, None), wire.Ack.DONE, "a command that never expires", _EXPIRY
        ),
        _case(
            old,
            wire.Ack.EXPIRED if newest.clock in (wire.Stamp.GPS, wire.Stamp.NETWORK) else wire.Ack.DONE,
            "a command whose wall time is over",
            "with clock GPS or NETWORK the wall time counts as well, otherwise not; boot id 0 means any boot",
        ),
        _case(
            maker.signal(_UNKNOWN_LIGHT, None),
            wire.Ack.UNSUPPORTED,
            "a light nobody has",
            "show nothing then",
        ),
        _case(
            maker.receipt(),
            wire.Ack.FAILED,
            "a receipt for a press never made",
            "compare boot id and sequence",
        ),
        _unknown(maker),
        _case(maker.future(), wire.Ack.UNSUPPORTED, "a command of version 2", "look at version first"),
    ]
    again = wire.Command.FromString(stale.SerializeToString())
    again.expiry.CopyFrom(maker.expiry(3 * _LATER_MS))
    again.signal.light = wire.Signal.OFF
    second = [
        _case(
            fresh,
            wire.Ack.DONE,
            "a command that came again",
            "remember the ids obeyed, and acknowledge a known one again with its result",
        ),
        _case(
            again,
            wire.Ack.DONE,
            "an expired command that came again with a later end",
            "do not remember EXPIRED: each copy brings an expiry of its own, and may be obeyed",
            look="the light must go out",
        ),
    ]
    return [first, second]


_EXPIRY: Final = "compare the boot id, then the uptime; see Expiry in docs/mqtt.md"


def settled(cases: Sequence[Case], listener: Listener, since: int) -> bool | None:
    """True once every case was answered."""
    return True if all(listener.acks(case.command_id, since) for case in cases) else None


@dataclass(frozen=True, slots=True)
class _Maker:
    newest: wire.Stamp
    uptime_ms: int

    @property
    def wall_ms(self) -> int:
        return round(time.time() * 1000)

    def expiry(self, left_ms: int) -> wire.Expiry:
        """An end of life as the backend gives it, so far from now."""
        return wire.Expiry(
            boot_id=self.newest.boot_id,
            uptime_ms=max(1, self.uptime_ms + left_ms),
            wall_ms=self.wall_ms + left_ms,
        )

    def command(self, expiry: wire.Expiry | None = None, version: int = limits.VERSION) -> wire.Command:
        return wire.Command(version=version, command_id=f"check-{secrets.token_hex(6)}", expiry=expiry)

    def signal(self, light: wire.Signal.Light, expiry: wire.Expiry | None) -> wire.Command:
        command = self.command(expiry)
        command.signal.light, command.signal.tone = light, wire.Signal.CONFIRM
        return command

    def receipt(self) -> wire.Command:
        command = self.command(self.expiry(_LATER_MS))
        command.receipt.boot_id = self.newest.boot_id
        command.receipt.sequence = 2**32 - 1
        return command

    def future(self) -> wire.Command:
        command = self.command(version=limits.VERSION + 1)
        command.signal.light = wire.Signal.HELP_COMING
        return command


def _unknown(maker: _Maker) -> Case:
    command = maker.command(maker.expiry(_LATER_MS))
    return Case(
        command.command_id,
        command.SerializeToString() + _UNKNOWN_BODY,
        wire.Ack.UNSUPPORTED,
        "a body this firmware cannot know",
        "a command without a known body is UNSUPPORTED, and never DONE",
    )


def _case(command: wire.Command, wanted: wire.Ack.Result, what: str, fix: str = "", look: str = "") -> Case:
    return Case(command.command_id, command.SerializeToString(), wanted, what, fix, look)
