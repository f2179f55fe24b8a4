"""What a device does wrong when its button is pressed: pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cli.device_check.rules.answers import answered
from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard
from schemas import limits
from schemas.wire import device_pb2 as wire

REPEAT_MS: Final = (limits.RECEIPT_WITHIN_MS - 1000, limits.RECEIPT_WITHIN_MS + 2000)
_PROMPT_MS: Final = 1000


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
