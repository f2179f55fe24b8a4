"""What a device does wrong when it connects, is pressed, and is given commands: pure.

Each check gives the faults it finds in what was heard, none when all is well. The rules are
those of docs/mqtt.md; tolerances allow for the network and for the person who presses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cli.device_trace import Heard, firsts, named, own
from schemas import limits
from schemas.wire import device_pb2 as wire

REPEAT_MS: Final = (limits.RECEIPT_WITHIN_MS - 1000, limits.RECEIPT_WITHIN_MS + 2000)
ACK_WITHIN_S: Final = 5.0
_PROMPT_MS: Final = 1000
_RANDOM_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and what to mend."""

    why: str
    fix: str


def online(heard: Sequence[Heard], kept: Sequence[Heard]) -> list[Fault]:
    """After connecting: status ONLINE, retained (`kept` is what the broker keeps), with a boot id."""
    faults: list[Fault] = []
    said = [each for each in named(heard, "status") if not each.by_broker]
    if not said:
        return [Fault("no status ONLINE was heard", "publish it on up/status after each SUBACK")]
    status = said[0]
    if not any(each.name == "status" for each in kept):
        faults.append(Fault("the broker keeps no status", "publish up/status with the retain flag"))
    others = sorted({each.name for each in kept} - {"status"})
    faults += [Fault(f"the broker keeps up/{name}", "retain nothing but up/status") for name in others]
    if 0 < status.stamp.boot_id < 2**_RANDOM_BITS:
        faults.append(
            Fault(
                f"boot id {status.stamp.boot_id} is not random",
                "draw 64 bits from a hardware random generator",
            )
        )
    if not status.message.firmware or not status.message.hardware:
        faults.append(Fault("firmware or hardware is empty", "name both versions in the status"))
    if status.held_ms > _PROMPT_MS * 5:
        faults.append(
            Fault(
                f"the status was made {status.held_ms / 1000:.1f} s before it was sent",
                "make it after SUBACK, and write sent_uptime_ms when it is handed over",
            )
        )
    if len(firsts(own(heard))) < 2:
        faults.append(
            Fault("nothing but the status was heard", "send up/accel every second while switched on")
        )
    return faults


def press_kind(press: Heard, *, long: bool) -> list[Fault]:
    """A press is called what it was."""
    message = press.message
    wanted = wire.Button.LONG if long else wire.Button.SHORT
    faults: list[Fault] = []
    if message.kind != wanted:
        called = (
            wire.Button.Kind.Name(message.kind) if message.kind in wire.Button.Kind.values() else message.kind
        )
        faults.append(
            Fault(
                f"the press is {called} instead of {wire.Button.Kind.Name(wanted)} (held_ms {message.held_ms})",
                f"SHORT is below {limits.LONG_PRESS_MS} ms of holding, LONG from there on",
            )
        )
    elif long and message.held_ms < limits.LONG_PRESS_MS:
        faults.append(
            Fault(f"held_ms is {message.held_ms} for a LONG press", "held_ms is how long it was held")
        )
    elif not long and not 0 < message.held_ms < limits.LONG_PRESS_MS:
        faults.append(
            Fault(f"held_ms is {message.held_ms} for a SHORT press", "held_ms is how long it was held")
        )
    if long and message.held_ms > limits.LONG_PRESS_MS + _PROMPT_MS:
        faults.append(
            Fault(
                f"the long press was told after {message.held_ms} ms of holding",
                f"send it when {limits.LONG_PRESS_MS} ms are over, without waiting for the release",
            )
        )
    if press.held_ms > _PROMPT_MS:
        faults.append(
            Fault(f"the press waited {press.held_ms} ms to be sent", "a press leaves before all else")
        )
    return faults


def one_press(buttons: Sequence[Heard]) -> list[Fault]:
    """One push of the button is one message, however often it is sent."""
    numbers = dict.fromkeys(each.number for each in buttons)
    if len(numbers) <= 1:
        return []
    sequences = ", ".join(str(sequence) for _, sequence in numbers)
    return [
        Fault(
            f"one push came as {len(numbers)} presses, sequences {sequences}",
            "debounce the switch; the release of a long press sends nothing; a press sent again keeps its number",
        )
    ]


def repeated(copies: Sequence[Heard]) -> list[Fault]:
    """Without a receipt the same press comes again every 5 s; `copies` were heard in 12 s."""
    if len(copies) < 2:
        return [
            Fault(
                "the press was not sent again though no receipt came",
                "without a receipt in 5 s send it again with the same sequence; a PUBACK is no receipt",
            )
        ]
    faults: list[Fault] = []
    gaps = [b.stamp.sent_uptime_ms - a.stamp.sent_uptime_ms for a, b in pairwise(copies)]
    wrong = [gap for gap in gaps if not REPEAT_MS[0] <= gap <= REPEAT_MS[1]]
    if 0 in gaps:
        faults.append(
            Fault(
                "the copies of a press carry the same sent_uptime_ms",
                "write sent_uptime_ms anew for each copy",
            )
        )
    elif wrong:
        faults.append(
            Fault(
                f"the press came again after {wrong[0] / 1000:.1f} s", "send it again every 5 s for a minute"
            )
        )
    return faults


def confirmed(acks: Sequence[Heard], buttons_after: Sequence[Heard]) -> list[Fault]:
    """A receipt is acknowledged as done, and ends the repeats."""
    faults = answered(acks, wire.Ack.DONE, "the receipt")
    if buttons_after:
        faults.append(
            Fault(
                "the press was sent again after its receipt",
                "a receipt names boot id and sequence: stop sending that press",
            )
        )
    return faults


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
