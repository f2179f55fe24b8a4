"""What a device does wrong when it acknowledges commands: pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard
from schemas.wire import device_pb2 as wire

ACK_WITHIN_S: Final = 5.0


def answered(acks: Sequence[Heard], wanted: wire.Ack.Result, what: str, fix: str = "") -> list[Fault]:
    """Every acknowledgement of a command says what it must; `acks` are those of this command, at least one."""
    if not acks:
        return [
            Fault(
                f"{what} was not acknowledged within {ACK_WITHIN_S:g} s",
                "acknowledge every command on up/ack",
            )
        ]
    results = list(dict.fromkeys(each.message.result for each in acks))
    if results == [wanted]:
        return []
    names = ", ".join(_result_name(result) for result in results)
    return [
        Fault(
            f"{what} was acknowledged as {names} instead of {_result_name(wanted)}",
            fix or "see the results and the order of checks in docs/mqtt.md",
        )
    ]


def _result_name(number: int) -> str:
    return (
        wire.Ack.Result.Name(wire.Ack.Result.ValueType(number))
        if number in wire.Ack.Result.values()
        else str(number)
    )
