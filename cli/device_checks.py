"""What a device does wrong on the wire, told from what was heard of it: pure.

Each check gives the faults it finds, none when all is well. The rules are those of
docs/mqtt.md; tolerances allow for the network and for the person who presses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cli.device_trace import Heard, firsts, named, own
from schemas import limits
from schemas.wire import device_pb2 as wire

REPEAT_MS: Final = (limits.RECEIPT_WITHIN_MS - 1000, limits.RECEIPT_WITHIN_MS + 2000)
CLOCK_OFF_S: Final = 120.0
ACK_WITHIN_S: Final = 5.0
_PROMPT_MS: Final = 1000
_RANDOM_BITS: Final = 32

_MEND: Final[dict[str, str]] = {
    "bad_topic": "publish on up/button, up/impact, up/status, up/accel, up/gps and up/ack of your own topics only",
    "empty": "never publish an empty payload",
    "too_large": "send shorter frames or smaller batches",
    "not_protobuf": "compare the encoder with the golden bytes in docs/mqtt.md",
    "not_json": "only Protobuf's JSON form may begin with {",
    "unsupported_version": f"set stamp.version to {limits.VERSION}",
    "bad_stamp": "fill in boot id, sequence and both uptimes; sent is never before event",
    "bad_time": "say clock UNSET until the time has been received; check the receiver's week number",
    "not_finite": "compute the fields of motion without NaN and infinity",
    "bad_rate": "give rate_hz in hertz, 50 to 1000",
    "bad_samples": "samples is per axis, and counts has 6 bytes for each",
    "bad_scale": "scale_mps2 is m/s2 per count, full_scale_g the range in g, lowpass_hz in hertz",
    "bad_position": "send no fix while there is none, and degrees, not radians or minutes",
    "bad_status": "set state to ONLINE or OFFLINE",
    "no_stamp": "fill in boot id and sequence: without them a press cannot be confirmed",
    "kind_missing": "set kind to SHORT or LONG",
    "clock_implausible": "say clock UNSET until the time has been received",
    "uptime_implausible": "uptimes are milliseconds since boot, and sent is never before event",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and what to mend."""

    why: str
    fix: str


def conduct(heard: Sequence[Heard]) -> list[Fault]:
    """What holds for every message: readable, QoS 1, one number one message, a believable clock."""
    return [*_readable(heard), *_quality(heard), *_numbers(heard), *_order(heard), *_clock(heard)]


def _readable(heard: Iterable[Heard]) -> list[Fault]:
    reasons: dict[tuple[str, str], str] = {}
    times: Counter[tuple[str, str]] = Counter()
    for each in heard:
        found = (
            [(each.rejection.reason, f"is rejected: {each.rejection.reason}, {each.rejection.detail}")]
            if (each.rejection)
            else [(defect, f"is marked {defect}") for defect in each.defects if defect != "clock_unset"]
        )
        for reason, words in found:
            reasons.setdefault((each.name, reason), words)
            times[each.name, reason] += 1
    return [
        Fault(f"up/{name} {words} ({times[name, reason]} times)", _MEND.get(reason, "see docs/mqtt.md"))
        for (name, reason), words in reasons.items()
    ]


def _quality(heard: Iterable[Heard]) -> list[Fault]:
    names = sorted({each.name for each in heard if each.qos != 1})
    return [Fault(f"up/{name} comes at another QoS than 1", "publish everything at QoS 1") for name in names]


def _numbers(heard: Iterable[Heard]) -> list[Fault]:
    contents: dict[tuple[int, int], dict[bytes, str]] = {}
    for each in heard:
        if each.message is not None and all(each.number):
            contents.setdefault(each.number, {})[each.identical] = each.name
    twice = [(number[1], sorted(set(found.values()))) for number, found in contents.items() if len(found) > 1]
    if not twice:
        return []
    sequence, names = twice[0]
    return [
        Fault(
            f"sequence {sequence} was used for different messages on {', '.join(f'up/{name}' for name in names)} "
            f"({len(twice)} such numbers)",
            "count every message, the last will too; a copy changes nothing but sent_uptime_ms",
        )
    ]


def _order(heard: Iterable[Heard]) -> list[Fault]:
    faults: list[Fault] = []
    once = firsts(own(heard))
    for name in ("button", "accel", "gps", "status", "ack"):
        boots: dict[int, list[Heard]] = {}
        for each in once:
            if each.name == name:
                boots.setdefault(each.stamp.boot_id, []).append(each)
        for messages in boots.values():
            messages.sort(key=lambda each: each.stamp.sequence)
            back = [
                (a.stamp, b.stamp)
                for a, b in pairwise(messages)
                if b.stamp.event_uptime_ms < a.stamp.event_uptime_ms
            ]
            if back:
                faults.append(
                    Fault(
                        f"up/{name} {back[0][1].sequence} happened before {back[0][0].sequence} by its uptime",
                        "number messages when they are made; uptime never goes back",
                    )
                )
    return faults


def _clock(heard: Iterable[Heard]) -> list[Fault]:
    worst_s = 0.0
    said = ""
    for each in own(heard):
        stamp = each.stamp
        if stamp.clock == wire.Stamp.UNSET:
            continue
        sent_s = (stamp.event_wall_ms + each.held_ms) / 1000
        off_s = sent_s - each.received_at.timestamp()
        if abs(off_s) > abs(worst_s):
            worst_s, said = off_s, _clock_name(stamp.clock)
    if abs(worst_s) <= CLOCK_OFF_S:
        return []
    return [
        Fault(
            f"the clock says {said} and is {abs(worst_s):.0f} s {'ahead' if worst_s > 0 else 'behind'}",
            "say UNSET until the time has been received; event_wall_ms belongs to event_uptime_ms",
        )
    ]


def _clock_name(number: int) -> str:
    known = number in wire.Stamp.Clock.values()
    return wire.Stamp.Clock.Name(wire.Stamp.Clock.ValueType(number)) if known else str(number)


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
