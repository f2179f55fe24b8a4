"""What holds for every message of a device, whatever it is about: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard, firsts, own
from schemas import limits
from schemas.wire import device_pb2 as wire

CLOCK_OFF_S: Final = 120.0

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
