"""What is promised about every incident, as plain numbers and rows, written apart from the code that keeps it.

Reads the rows that anybody could read, and the carrier's own list. Knows the plan as the table people were
given: at which second what must be on its way at the latest, and never before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from support.set_clock import START
from support.small_carrier import Resource

Row = Mapping[str, Any]

# Nobody learns how fast a car drives here: what waits until it stands is held for so long.
HELD_S: Final = 20.0
# After so many seconds this is on its way, unless somebody has answered.
PLAN: Final[Mapping[str, Sequence[tuple[float, str]]]] = {
    "severe": [
        (0, "push"),
        (0, "alarm"),
        (0, "driver"),
        (30, "driver"),
        (30, "help"),
        (30, "ambulance"),
        (60, "contact"),
    ],
    "late": [(0, "push"), (0, "alarm"), (0, "driver"), (30, "driver"), (60, "contact")],
    "moderate": [
        (0, "push"),
        (10, "driver"),
        (60, "driver"),
        (90, "alarm"),
        (90, "contact"),
        (180, "help"),
    ],
    "light": [(HELD_S, "push"), (60, "sms"), (180, "list")],
    "trouble": [(0, "push"), (30, "driver"), (90, "alarm"), (180, "help")],
}
PAUSE_S: Final = 15.0
# Nobody near the driver is told that we cannot reach them while they, or their voicemail, are on the line.
SPEAKS_S: Final = 30.0
SKIPPED_AFTER_S: Final = 120.0
# What the clock moves by while somebody works.
MOMENT_S: Final = 0.01
LIVE: Final = ("waiting", "sending", "unknown", "placed", "ringing", "answered")


class Broken(AssertionError):
    """A promise was broken."""


def promise(kept: bool, words: str, *what: object) -> None:
    if not kept:
        raise Broken(words, *what)


@dataclass
class Expected:
    """One incident as the test knows it: what it did itself, and nothing of what the system made of it."""

    rule: str
    opened_s: float
    undisturbed: bool = True
    """Nothing has happened to it that the table does not speak of."""
    reports: int = 0
    answers: int = 0
    fine_s: float | None = None
    """Since when everybody knows that the driver is fine."""
    stopped_s: float | None = None
    """Since when nobody may ring the driver or a contact by the plan."""
    looked_s: list[float] = field(default_factory=list[float])
    """When all that was due had been worked on."""


@dataclass(frozen=True)
class Facts:
    """Rows of one incident."""

    row: Row
    events: Sequence[Row]
    calls: Sequence[Row]
    messages: Sequence[Row]
    timers: Sequence[Row]

    def times(self, what: str) -> list[float]:
        """When something of the table was put on its way."""
        match what:
            case "push" | "sms":
                return [
                    _s(message["created_at"])
                    for message in self.messages
                    if message["channel"] == what and message["template"] == self.row["state"]["rule"]
                ]
            case "driver" | "contact":
                return [_s(call["created_at"]) for call in self.calls if call["party"] == what]
            case "alarm" | "list":
                task = "take" if what == "alarm" else "call_back"
                wanted = {"task": task, "reason": "plan"}
                return [
                    _s(e["at"]) for e in self.named("operator_alarmed") if wanted.items() <= e["data"].items()
                ]
            case "ambulance":
                return [_s(event["at"]) for event in self.named("ambulance_needed")]
            case _:
                return [_s(event["at"]) for event in self.named("dispatch_requested")]

    def named(self, *kinds: str) -> list[Row]:
        return [event for event in self.events if event["kind"] in kinds]


def _s(at: datetime) -> float:
    return (at - START).total_seconds()


# At any moment, whoever is in the middle of whatever.


def always(incidents: Sequence[Row], calls: Sequence[Row], carrier: Sequence[Resource]) -> None:
    """What holds in every committed state, and at the carrier, at every moment."""
    for row in incidents:
        if row["phase"] != "closed":
            promise(
                row["timers"] > 0 or row["live"] > 0 or row["taken_by"] is not None,
                "an open incident with nothing to come and nobody to care",
                row,
            )
    devices = Counter(row["device_id"] for row in incidents if row["phase"] != "closed")
    promise(max(devices.values(), default=0) <= 1, "two open incidents of one car", devices)
    once = Counter((call["incident_id"], call["party"], call["attempt"]) for call in calls)
    promise(max(once.values(), default=0) <= 1, "one attempt twice", once)
    rung = Counter(call["operator"] for call in calls if call["operator"] and call["state"] in LIVE)
    promise(max(rung.values(), default=0) <= 1, "an operator's telephone rung twice", rung)
    marked = {str(call["id"]) for call in calls if call["possible_duplicate"]}
    on_line: dict[str, set[str]] = {}
    for one in carrier:
        call_id = _call_id(one)
        if one["status"] in ("queued", "ringing", "in-progress"):
            on_line.setdefault(one["to"], set()).add(call_id)
    for number, ids in on_line.items():
        promise(
            len(ids) <= 1, "a telephone is rung while it rings, or while its owner speaks with us", number
        )
    for call_id, times in Counter(_call_id(one) for one in carrier).items():
        promise(times == 1 or call_id in marked, "a call made twice without a mark", call_id)


def _call_id(one: Resource) -> str:
    return str(one["url"]).rpartition("/")[2]


# When all that was due has been worked on.


def when_worked_off(expected: Expected, facts: Facts, now_s: float) -> None:
    """What holds for one incident when nothing that is due is left."""
    expected.looked_s.append(now_s)
    overdue = [timer["name"] for timer in facts.timers if _s(timer["due_at"]) < now_s - MOMENT_S]
    promise(not overdue, "a timer is overdue", overdue)
    noted = facts.named("opened", "impact_joined", "impact_revised", "press_joined", "phone_crash_joined")
    promise(len(noted) == expected.reports, "reports that are not on record", expected.reports, len(noted))
    answered = facts.named("answered")
    promise(len(answered) == expected.answers, "answers that are not on record", expected.answers)
    if expected.undisturbed:
        _as_planned(expected, facts, now_s)
    if expected.stopped_s is not None:
        _nothing_more(facts, expected.stopped_s, "driver", "contact", "ambulance")
        for call in facts.calls:
            if call["party"] in ("driver", "contact") and call["sent_at"] is not None:
                sent_s = _s(call["sent_at"])
                promise(sent_s <= expected.stopped_s + MOMENT_S, "rung after an answer", call)
    if expected.fine_s is not None:
        _nothing_more(facts, expected.fine_s, "sms", "help", "ambulance")
        for call in facts.calls:
            promise(call["state"] != "waiting" or call["party"] == "operator", "a call still waits", call)


def _nothing_more(facts: Facts, since_s: float, *kinds: str) -> None:
    for what in kinds:
        later = [at_s for at_s in facts.times(what) if at_s > since_s + MOMENT_S]
        promise(not later, "after an answer", what, since_s, later)


def _as_planned(expected: Expected, facts: Facts, now_s: float) -> None:
    began_s = expected.opened_s
    table = PLAN[expected.rule]
    for what in {what for _, what in table}:
        times = sorted(facts.times(what))
        planned = [began_s + after_s for after_s, named in table if named == what]
        # Help that found nobody is sought again, each time somebody has become free.
        most = 1 + len(facts.named("dispatch_failed")) if what == "help" else len(planned)
        promise(len(times) <= most, "more than the plan says", what, times)
        for at_s, plan_s in zip(times, planned, strict=False):
            promise(at_s >= plan_s - MOMENT_S, "too early", what, at_s - began_s, plan_s - began_s)
        if what == "driver" and len(times) > 1:
            over_s = _over_s(facts, what, 1)
            promise(over_s is not None, "rung again while the first call is under way", times)
            promise(times[1] >= (over_s or 0.0) + PAUSE_S - MOMENT_S, "rung again too soon", times, over_s)
        for number, plan_s in enumerate(planned):
            latest_s = _latest_s(expected, facts, what, number, plan_s, planned[0])
            if latest_s is not None and now_s >= latest_s + MOMENT_S:
                promise(
                    len(times) > number, "not on its way", what, number, now_s - began_s, plan_s - began_s
                )


def _latest_s(
    expected: Expected, facts: Facts, what: str, number: int, plan_s: float, first_plan_s: float
) -> float | None:
    """By when something of the table must be on its way; None if it need not be."""
    held_s = HELD_S if (expected.rule, what) == ("light", "push") else 0.0
    if what in ("push", "sms") and not _seen_within(expected, plan_s, SKIPPED_AFTER_S - held_s):
        return None
    if number == 0 and what == "contact" and any(call["answered_at"] is not None for call in facts.calls):
        return plan_s + SPEAKS_S
    if number == 0:
        return plan_s
    before = next((call for call in facts.calls if (call["party"], call["attempt"]) == (what, number)), None)
    if before is None:
        return None
    over_s = _over_s(facts, what, number)
    if over_s is None:
        return None
    latest_s = max(plan_s, over_s + PAUSE_S)
    if not _seen_within(expected, plan_s, 5.0):
        # Missed: it keeps its distance from the one before it.
        latest_s = max(latest_s, _s(before["created_at"]) + plan_s - first_plan_s)
    return latest_s


def _over_s(facts: Facts, party: str, attempt: int) -> float | None:
    """When a call was over: ended, or given up because nothing was heard of it."""
    ended = [
        _s(event["at"])
        for event in facts.named("call_given_up", "call_ended")
        if (event["data"]["party"], event["data"]["attempt"]) == (party, attempt)
    ]
    return min(ended, default=None)


def _seen_within(expected: Expected, plan_s: float, seconds: float) -> bool:
    return any(plan_s <= seen_s <= plan_s + seconds for seen_s in expected.looked_s)


# When all has come to rest.


def settled(
    calls: Sequence[Row],
    outbox: Sequence[Row],
    messages: Sequence[Row],
    carrier: Sequence[Resource],
    texts: Sequence[Resource],
    untold: set[str],
    *,
    doubles: bool,
) -> None:
    """The carrier's list and ours are the same, both ways, and nothing is stuck on its way out.

    `untold`: calls of which some news were lost. While their incident is open it asks by itself how they ended.
    `doubles`: some process stood still for longer than its leases, and none of us can see that.
    """
    stuck = [
        row
        for row in outbox
        if row["state"] in ("pending", "sending", "unknown") and row["kind"] != "command"
    ]
    promise(not stuck, "stuck on its way out", stuck)
    rows = {str(call["id"]): call for call in calls}
    ended = {one["sid"] for one in carrier if one["status"] not in ("queued", "ringing", "in-progress")}
    at_carrier = {one["sid"]: _call_id(one) for one in carrier}
    for sid, call_id in at_carrier.items():
        call = rows.get(call_id)
        promise(call is not None, "the carrier made a call nobody asked for", sid)
        assert call is not None
        promise(
            call["sid"] == sid or call["possible_duplicate"], "the carrier made a call we do not know of", sid
        )
        promise(call["end_status"] != "withdrawn", "a withdrawn call was made", call)
        if sid in ended and (
            sid not in untold or (call["party"] != "operator" and call["phase"] != "closed")
        ):
            promise(call["state"] == "ended", "the end of a call was never learned", call)
    made = Counter(at_carrier.values())
    promise(doubles or max(made.values(), default=0) <= 1, "a call was made twice", made)
    for call_id, call in rows.items():
        if call["sid"] is not None:
            promise(
                at_carrier.get(call["sid"]) == call_id, "a call we know of and the carrier does not", call
            )
        else:
            promise(call["state"] == "ended", "a call that was never made", call)
            promise(not made[call_id], "a call made and not known", call)
    ours = {row["sid"] for row in messages if row["sid"] is not None}
    theirs = {one["sid"] for one in texts}
    promise(ours <= theirs, "texts the carrier does not know", ours - theirs)
    with_rows = {row["id"] for row in outbox if row["kind"] == "call"}
    promise(with_rows == {call["id"] for call in calls if call["direction"] == "outbound"}, "half a call")


def incident_ids(rows: Sequence[Row]) -> list[UUID]:
    return [row["id"] for row in rows]
