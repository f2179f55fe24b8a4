"""What a device does wrong when its connection is cut or it is restarted: pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cli.device_check.rules.fault import Fault
from cli.device_check.rules.motion import gaps, sound
from cli.device_check.trace import Heard, named, own
from schemas import limits
from schemas.wire import device_pb2 as wire

# What a device that keeps trying takes for last wills that are never published.
_HOLES: Final = 10
_SILENCE_S: Final = 5.0
_PRESS_AMONG_FIRST: Final = 5
_FIRST_SEQUENCES: Final = 50
_UPTIME_OFF_MS: Final = 10_000


def outage(heard: Sequence[Heard], *, cut_for_s: float) -> list[Fault]:
    """A cut connection: `heard` begins before the cut and ends when the device has caught up."""
    faults: list[Fault] = []
    back = came_back(heard)
    if back is None:
        return [
            Fault("the device went on sending, or never came back", "cut the connection for the whole time")
        ]
    before, after = heard[:back], own(heard[back:])
    left_ms = max((each.stamp.sent_uptime_ms for each in own(before)), default=0)
    wills = [each for each in named(heard, "status") if each.by_broker]
    if not wills:
        faults.append(
            Fault(
                "no last will was published",
                "give CONNECT a will on up/status, QoS 1, retained, state OFFLINE",
            )
        )
    if wills and named(heard, "status")[-1].by_broker:
        faults.append(Fault("the last status is OFFLINE", "publish ONLINE after every SUBACK"))
    late_ms = max((each.held_ms for each in after), default=0)
    if cut_for_s * 1000 > limits.LATE_AFTER_MS + 5000 and late_ms <= limits.LATE_AFTER_MS:
        faults.append(
            Fault(
                f"what was kept longest says {late_ms / 1000:.0f} s after {cut_for_s:g} s without connection",
                "write sent_uptime_ms when a message is handed over, and keep messages until their PUBACK",
            )
        )
    faults += gaps(sound(named(heard, "accel")))
    faults += _holes(heard)
    presses = [each for each in named(after, "button") if each.stamp.event_uptime_ms > left_ms]
    if not presses:
        faults.append(
            Fault("the press made without connection never came", "keep presses until their receipt")
        )
    elif after.index(presses[0]) >= _PRESS_AMONG_FIRST:
        faults.append(
            Fault(
                f"{after.index(presses[0])} messages came before the press made without connection",
                "after a reconnect presses leave first, then impacts, status, and motion last",
            )
        )
    return faults


def came_back(heard: Sequence[Heard]) -> int | None:
    """The index at which the device is heard after its longest silence; None without one of 5 s."""
    spoken = [
        (index, each.at_s)
        for index, each in enumerate(heard)
        if each.message is not None and not each.by_broker
    ]
    pauses = [(b[1] - a[1], b[0]) for a, b in pairwise(spoken)]
    longest = max(pauses, default=(0.0, 0))
    return longest[1] if longest[0] >= _SILENCE_S else None


def _holes(heard: Sequence[Heard]) -> list[Fault]:
    boots = {each.stamp.boot_id for each in own(heard)}
    missing: list[int] = []
    for boot in boots:
        sent = [each.stamp.sequence for each in own(heard) if each.stamp.boot_id == boot]
        # A will carries the number of the moment of connecting, perhaps long ago.
        seen = {each.stamp.sequence for each in heard if each.stamp.boot_id == boot}
        missing += sorted(set(range(min(sent), max(sent))) - seen)
    if len(missing) <= _HOLES:
        return []
    return [
        Fault(
            f"{len(missing)} sequence numbers are missing, the first {missing[0]}",
            "keep everything until its PUBACK; only last wills leave numbers unused",
        )
    ]


def restarted(heard: Sequence[Heard], old_boot: int, presses: Sequence[Heard]) -> list[Fault]:
    """After a restart without the time: another boot id, a new count, and nothing of the boot before."""
    new = [each for each in own(heard) if each.stamp.boot_id != old_boot]
    if not new:
        return [Fault("the boot id is the same after the restart", "draw a new one at every boot")]
    faults: list[Fault] = []
    first = heard.index(new[0])
    if any(each.stamp.boot_id == old_boot for each in own(heard[first:])):
        faults.append(
            Fault("messages of the boot before came after the restart", "what was kept ends with the boot")
        )
    lowest = min(each.stamp.sequence for each in new)
    if lowest > _FIRST_SEQUENCES:
        faults.append(Fault(f"the first sequence heard is {lowest}", "count from 1 after every boot"))
    if not presses:
        faults.append(Fault("the press never came", "presses need no time of day"))
    for press in presses:
        # Without a time of day the backend places it by how far uptime has run since the boot was first heard.
        ran_ms = press.stamp.sent_uptime_ms - new[0].stamp.sent_uptime_ms
        off_ms = ran_ms - 1000 * (press.at_s - new[0].at_s)
        if abs(off_ms) > _UPTIME_OFF_MS:
            faults.append(
                Fault(
                    f"by its uptime the press would be placed {abs(off_ms) / 1000:.0f} s wrong",
                    "uptime counts milliseconds since boot, through sleep, without a jump",
                )
            )
    claimed = [each for each in new if each.stamp.clock == wire.Stamp.UNSET and each.stamp.event_wall_ms]
    if claimed:
        faults.append(
            Fault("event_wall_ms is set with clock UNSET", "leave it 0 while the clock was never set")
        )
    return faults
