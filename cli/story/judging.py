"""Judges a story strictly: what must have happened, what must not, and what the carrier says it rang."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from cli.feed import FeedEvent
from cli.simulated.world import Motorist
from cli.story.stage import Stage
from cli.story.story import DEED, INCIDENTAL, Data, Expect, Story

# Signals, HTTP and restarts take their time whatever the plan's clock: allowed on top.
_SLACK_S: Final = 4.0
_SLACK_AFTER_KILL_S: Final = 25.0

KILLED: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "ingest": (("ingest-urgent", "ingest-bulk"), "deed"),
    "broker": (("broker",), "deed"),
    "database": (("database",), "opened"),
    "engine": (("engine",), "opened"),
    "api": (("api",), "call_placed"),
    "carrier": (("carrier",), "call_placed"),
}
"""Roles that can be killed, their processes, and the moment at which they are by default."""

# Ten times as fast, a restart of a second is ten seconds of the plan: without the API or the carrier
# nothing is heard of calls and offers meanwhile, and the plan goes on as it would after ten silent seconds.
_MAY_FOLLOW_A_KILL: Final = {
    "api": {"call_given_up", "dispatch_offer_expired", "dispatch_offered"},
    "carrier": {"call_given_up"},
}

# What brings positions: without it an incident may open before it is known on what road.
_BRINGS_POSITIONS: Final = {"ingest", "broker", "database"}

# Ingest commits on the connection that holds its shards, so it ends when the database does.
_ENDS_WITH: Final = {"database": ("ingest-urgent", "ingest-bulk")}


@dataclass(slots=True)
class Seen:
    """What has been seen of a story so far."""

    story: Story
    motorist: Motorist
    scale: float
    killed: str | None
    around: list[FeedEvent] = field(default_factory=list[FeedEvent])
    """What happened to others meanwhile."""
    deed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: list[FeedEvent] = field(default_factory=list[FeedEvent])

    @property
    def slack_s(self) -> float:
        """What is allowed on top of the plan's clock, in real seconds."""
        return _SLACK_AFTER_KILL_S if self.killed else _SLACK_S

    @property
    def numbers(self) -> dict[str, str]:
        """Who has which telephone number."""
        people = {"driver": self.motorist.phone, "contact": self.motorist.contact}
        return people | {member.name: member.phone for member in self.story.desk}

    def missing(self) -> list[Expect]:
        """What has not happened often enough yet."""
        return [expect for expect in self.story.expects if len(self.matching(expect)) < expect.times]

    def matching(self, expect: Expect) -> list[FeedEvent]:
        """The events that an expectation is about."""
        return [
            event for event in self.events if event.kind == expect.kind and holds(expect.where, event.data)
        ]

    def since(self, kind: str) -> datetime | None:
        """The moment an expectation counts from; None if it never came."""
        if kind == DEED:
            return self.deed_at
        return next((event.at for event in self.events if event.kind == kind), None)


def holds(where: Data, data: Data) -> bool:
    """Whether an event's data are as asked for."""
    return all(data.get(key) == value for key, value in where.items())


def judge(seen: Seen, stage: Stage) -> list[str]:
    """Every way in which a story was not as it must be. Raises httpx.HTTPError."""
    return [
        *judge_events(seen),
        *_incidents(seen, stage.incidents(seen.motorist)),
        *judge_calls(seen, stage.calls(), alone=stage.is_alone),
        *_texts(seen, stage.messages()),
        *(_device(seen, stage.car(seen.story)["journal"]) if seen.story.has_device else ()),
        *_called_off(seen, stage),
        *_children(seen, stage),
    ]


def judge_events(seen: Seen) -> Iterator[str]:
    """By the record: all that was expected, in time, and nothing else."""
    story, tolerated = seen.story, _MAY_FOLLOW_A_KILL.get(seen.killed or "", set[str]())
    for expect in (*story.expects, *(() if seen.killed else story.undisturbed)):
        found = seen.matching(expect)
        if expect.times < 0:
            continue
        more_is_fine = len(found) > expect.times and expect.kind in tolerated
        if len(found) != expect.times and not more_is_fine:
            yield f"{_words(expect)}: {len(found)} times instead of {expect.times}"
        zero = seen.since(expect.since) or seen.deed_at
        for event in found:
            after_s = (event.at - zero).total_seconds()
            if after_s > expect.by_s * seen.scale + seen.slack_s:
                yield f"{_words(expect)}: only {after_s:.1f} s after {expect.since}"
    judged = {expect.kind for expect in story.expects}
    expected = {id(event) for expect in story.expects for event in seen.matching(expect)}
    for event in seen.events:
        if id(event) in expected or event.kind in (INCIDENTAL - judged) | tolerated:
            continue
        if not _tells_the_road_late(seen, event):
            yield f"unexpected: {event.kind} {event.data}"


def _tells_the_road_late(seen: Seen, event: FeedEvent) -> bool:
    """Whether a position came after the incident, as it does where it was held up: once, and from not knowing."""
    if event.kind != "road_known":
        return False
    of = [
        one for one in seen.events if one.incident_id == event.incident_id and one.position <= event.position
    ]
    opened = next((one.data for one in of if one.kind == "opened"), Data())
    held_up = seen.killed in _BRINGS_POSITIONS or opened.get("late") is True
    return held_up and opened.get("road") == "unknown" and sum(one.kind == event.kind for one in of) == 1


def _incidents(seen: Seen, incidents: list[dict[str, Any]]) -> Iterator[str]:
    story = seen.story
    if len(incidents) != story.incidents:
        yield f"{len(incidents)} incidents instead of {story.incidents}"
    for incident in incidents:
        for name, value in story.ends.items():
            if incident[name] != value:
                yield f"in the end {name} is {incident[name]} instead of {value}"
        found = [impact["reasons"] for impact in incident["impacts"]]
        if story.reasons and not any(story.reasons.issubset(reasons) for reasons in found):
            yield f"no impact shows {sorted(story.reasons)}: {found}"


def judge_calls(seen: Seen, calls: list[dict[str, Any]], *, alone: bool) -> Iterator[str]:
    """By the carrier's own account; an operator's leg counts as a call to them. `alone`: nobody else is rung."""
    story, numbers = seen.story, seen.numbers
    who: dict[str, str] = {number: name for name, number in numbers.items()}
    if alone:
        yield from (
            f"the carrier rang a stranger, {call['to']}"
            for call in calls
            if call["direction"] != "inbound" and call["to"] not in who
        )
    for name, number in numbers.items():
        rung = [call for call in calls if call["to"] == number]
        wanted = story.calls.get(name, 0)
        if len(rung) != wanted and wanted >= 0:
            yield f"the carrier rang {name} {len(rung)} times instead of {wanted}"
        yield from _doubled(name, [call for call in calls if number in (call["to"], call["from"])])
        heard = " ".join(words for call in calls if number in (call["to"], call["from"])
                         for words in call["spoken"])  # fmt: skip
        yield from (
            f"{name} did not hear {words}" for to, words in story.spoken if to == name and words not in heard
        )
        yield from (f"{name} heard {words}" for to, words in story.unspoken if to == name and words in heard)
    yield from _talks(story, calls, who)
    yield from _stays(seen, calls)


def _doubled(name: str, calls: list[dict[str, Any]]) -> Iterator[str]:
    """Never two live calls with one person at a time."""
    live = sorted((call["dialled_at"] or call["placed_at"], call["ended_at"] or "9") for call in calls
                  if call["status"] != "canceled" or call["dialled_at"])  # fmt: skip
    for (_, ends), (begins, _) in pairwise(live):
        if begins < ends:
            yield f"two calls with {name} at a time: one from {begins}, another until {ends}"


def _talks(story: Story, calls: list[dict[str, Any]], who: dict[str, str]) -> Iterator[str]:
    met: set[frozenset[str]] = set()
    for call in calls:
        own = who.get(call["from"] if call["direction"] == "inbound" else call["to"])
        if own is None:
            continue
        for room in call["conferences"]:
            others: list[str] = room["with"]
            met |= {frozenset((own, who.get(other, other))) for other in others}
    wanted = {frozenset(pair) for pair in story.talks}
    yield from (f"{' and '.join(sorted(pair))} never met on the line" for pair in wanted - met)
    yield from (f"{' and '.join(sorted(pair))} met on the line" for pair in met - wanted)


def _stays(seen: Seen, calls: list[dict[str, Any]]) -> Iterator[str]:
    for name, least_s in seen.story.stays_s.items():
        number = seen.numbers[name]
        held = [
            _held_s(call) for call in calls if number in (call["to"], call["from"]) and call["answered_at"]
        ]
        if not held or max(held) < least_s * seen.scale:
            yield f"{name} was kept on the line for {held} s instead of {least_s * seen.scale:.1f} s"


def _held_s(call: dict[str, Any]) -> float:
    ended = datetime.fromisoformat(call["ended_at"]) if call["ended_at"] else datetime.now(UTC)
    return round((ended - datetime.fromisoformat(call["answered_at"])).total_seconds(), 1)


def _texts(seen: Seen, messages: list[dict[str, Any]]) -> Iterator[str]:
    bodies = [message["body"] for message in messages if message["to"] == seen.motorist.phone]
    for words in seen.story.texts:
        if not any(words in body for body in bodies):
            yield f"no text with {words}: {bodies}"


def _device(seen: Seen, journal: list[dict[str, Any]]) -> Iterator[str]:
    story = seen.story
    lights = [entry["light"] for entry in journal if entry["kind"] == "light"]
    shown = tuple(light for index, light in enumerate(lights) if index == 0 or lights[index - 1] != light)
    if story.lights and tuple(light for light in shown if light in story.lights) != story.lights:
        yield f"the device showed {shown} instead of {story.lights}"
    if not story.incidents and shown:
        yield f"the device showed {shown}"
    if story.receipt and not any(entry["kind"] == "receipt" for entry in journal):
        yield "the device got no receipt for its press"


def _called_off(seen: Seen, stage: Stage) -> Iterator[str]:
    """A unit that was called off must see so itself."""
    for event in seen.events:
        if event.kind == "dispatch_stood_down" and event.data.get("unit"):
            work = stage.work_of_unit(event.data["unit"])
            if work is not None and work["incident"]["id"] == event.incident_id:
                yield f"{event.data['unit']} was called off and still sees its work: {work['state']}"


def _children(seen: Seen, stage: Stage) -> Iterator[str]:
    names = KILLED[seen.killed][0] if seen.killed else ()
    for child in stage.children():
        if child.restarts and child.name not in (*names, *_ENDS_WITH.get(seen.killed or "", ())):
            yield f"{child.name} was restarted {child.restarts} times: {child.last_exit}"
        if child.name in names and not child.restarts:
            yield f"{child.name} was to be killed and was not"


def _words(expect: Expect) -> str:
    return f"{expect.kind} {json.dumps(expect.where, ensure_ascii=False)}" if expect.where else expect.kind
