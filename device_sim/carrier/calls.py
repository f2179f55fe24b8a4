"""One call as a value, the world around it, and a call being moved on: without clock, network or disk.

    queued -> dialling -> ringing -> fetching <-> talking | gathering | bridged | conference -> ended
                 |           |          ^
                 +-----------+--> ended |   an inbound call begins with fetching, and rings meanwhile

Every wait is an absolute time in the call's own value (epoch seconds), so a carrier that was
killed goes on where the world would be by now. What happened is collected in a `Step`: entries for
the timeline, and requests that follow. Durations are scaled by the pace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from enum import StrEnum
from math import ceil
from typing import Final, Literal

from device_sim.carrier.detection import Luck
from device_sim.carrier.orders import CallOrder
from device_sim.carrier.people import STRANGER, Person, Result
from device_sim.carrier.timeline import Entry, Outgoing, utc
from device_sim.carrier.verbs import Room

API_VERSION: Final = "2010-04-01"
SIP_CODES: Final = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487", "failed": "404"}

Direction = Literal["outbound-api", "inbound"]


class Stage(StrEnum):
    """What the call is doing now."""

    QUEUED = "queued"
    DIALLING = "dialling"
    RINGING = "ringing"
    FETCHING = "fetching"
    TALKING = "talking"
    GATHERING = "gathering"
    BRIDGED = "bridged"
    CONFERENCE = "conference"
    ENDED = "ended"


@dataclass(frozen=True)
class Pace:
    """Durations of the simulated world in seconds, and the factor on all of them."""

    time_scale: float = 1.0
    dial_s: float = 1.0
    bridge_s: float = 8.0

    def scaled(self, seconds: float) -> float:
        """Real seconds for simulated ones."""
        return seconds * self.time_scale


@dataclass(frozen=True)
class Fetch:
    """A document the carrier is asking for; `number` tells its answer from that of an older one."""

    number: int
    url: str
    method: str
    params: dict[str, str]
    is_fallback: bool = False
    is_wait: bool = False
    """What is heard while a conference has not begun; the call's own document stays."""


@dataclass(frozen=True)
class Gathering:
    """Keys and words being waited for: what was pressed or said, what will be, and until when."""

    digits: str
    press_at: float | None
    press_key: str
    closes_at: float
    speak_at: float | None = None
    words: str = ""
    is_speaking: bool = False
    """The words have begun: `closes_at` is when they are understood."""


@dataclass(frozen=True)
class Dialled:
    """Whom a Dial connects the call with since `since`: a number, or a conference room."""

    since: float
    action: str
    """Absolute address that is asked when the Dial is over; empty: the document goes on."""
    method: str
    room: Room | None = None
    is_connected: bool = False
    talks: bool = False
    """In a talk that ends with hanging up at the call's `due_at`."""


@dataclass(frozen=True)
class Call:
    """One call. Times are epoch seconds; `status` is the word of Twilio's call resource."""

    sid: str
    account_sid: str
    order: CallOrder
    created_at: float
    updated_at: float
    status: str = "queued"
    stage: Stage = Stage.QUEUED
    due_at: float | None = None
    started_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    leaves_at: float | None = None
    """When the person hangs up, or the call's time limit is reached, whatever is being said."""
    comes: Result = "nothing"
    """What ends the ringing at `due_at`."""
    answered_by: str = ""
    fetch: Fetch | None = None
    fetches: int = 0
    waits: int = 0
    """How many of them were for what is heard while a conference has not begun."""
    document: str = ""
    document_url: str = ""
    verb: int = 0
    questions: int = 0
    asked_at: float | None = None
    """When the first question was asked."""
    pressed: str = ""
    gathering: Gathering | None = None
    dialled: Dialled | None = None
    sequence: int = 0
    direction: Direction = "outbound-api"
    luck: Luck = "right"
    detects_at: float | None = None
    detected: str = ""
    """AnsweredBy as detected, once it is; before that, what will be said at `detects_at`."""

    @property
    def next_at(self) -> float | None:
        """When time alone moves this call on; None while it is queued, ended, or only waits for a document."""
        times = [at for at in (self.due_at, self.leaves_at, self.detects_at) if at is not None]
        return min(times) if times and self.stage not in {Stage.QUEUED, Stage.ENDED} else None

    @property
    def party(self) -> str:
        """The number of the person at the other end."""
        return self.order.from_ if self.direction == "inbound" else self.order.to

    @property
    def has_person(self) -> bool:
        """Whether a person, not a machine, is on the line."""
        return self.direction == "inbound" or self.answered_by == "human"


@dataclass(frozen=True)
class World:
    """What surrounds a call: the people, by number, and the pace of their lives."""

    people: Mapping[str, Person]
    pace: Pace


@dataclass
class Step:
    """A call being moved on, with what that brings about."""

    call: Call
    world: World
    entries: list[Entry] = field(default_factory=list[Entry])
    outgoing: list[Outgoing] = field(default_factory=list[Outgoing])

    def scaled(self, seconds: float) -> float:
        """Real seconds for simulated ones."""
        return self.world.pace.scaled(seconds)

    def owner(self) -> Person:
        """Whoever is at the other end."""
        return self.world.people.get(self.call.party, STRANGER)

    def change(self, at: float, **changes: object) -> None:
        """Replace fields of the call, and say when."""
        self.call = replace(self.call, updated_at=at, **changes)  # pyright: ignore[reportArgumentType] checked by tests

    def note(self, at: float, kind: str, **data: str | float) -> None:
        """Add an entry to the timeline."""
        self.entries.append(Entry(at, kind, data))

    def call_back(self, at: float, event: str, status: str) -> None:
        """Queue a status callback, if the order asked for this event."""
        call = self.call
        if not call.order.status_callback or event not in call.order.status_callback_events:
            return
        params = webhook_params(call, status) | {
            "Timestamp": format_datetime(utc(at)),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence),
        }
        if event == "completed":
            seconds = duration_s(call, at)
            params |= {"CallDuration": str(seconds), "Duration": str(ceil(seconds / 60))}
            params |= {"SipResponseCode": SIP_CODES[status]}
        self.outgoing.append(
            Outgoing("status", call.order.status_callback, call.order.status_callback_method, params)
        )
        self.call = replace(call, sequence=call.sequence + 1)

    def end(self, at: float, status: str, reason: str) -> None:
        """The call is over. A Dial that was going on is reported to its action; the answer changes nothing."""
        call = self.call
        if (dialled := call.dialled) is not None and dialled.action:
            params = webhook_params(call, status) | dial_params(call, at)
            self.outgoing.append(Outgoing("action", dialled.action, dialled.method, params))
        self.call_back(at, "completed", status)
        self.note(at, "ended", status=status, reason=reason)
        self.change(
            at,
            status=status,
            stage=Stage.ENDED,
            ended_at=at,
            due_at=None,
            leaves_at=None,
            detects_at=None,
            detected=call.detected if call.detects_at is None else "",
            fetch=None,
            gathering=None,
            dialled=None,
        )


def webhook_params(call: Call, status: str) -> dict[str, str]:
    """What every request about a call carries."""
    return {
        "CallSid": call.sid,
        "AccountSid": call.account_sid,
        "From": call.order.from_,
        "To": call.order.to,
        "Caller": call.order.from_,
        "Called": call.order.to,
        "CallStatus": status,
        "ApiVersion": API_VERSION,
        "Direction": call.direction,
    }


def dial_params(call: Call, at: float, failed: str = "") -> dict[str, str]:
    """What the action of a Dial is told; DialCallDuration is not sent after a conference, says Twilio."""
    dialled = call.dialled
    if dialled is None:
        raise AssertionError(f"call {call.sid} dials nobody")
    connected = dialled.is_connected and not failed
    if dialled.room is not None:
        params = {"DialCallStatus": "answered" if connected else failed or "failed"}
    else:
        lasted_s = max(1, ceil(at - dialled.since)) if connected else 0
        params = {
            "DialCallStatus": "completed" if connected else "no-answer",
            "DialCallDuration": str(lasted_s),
        }
    return params | {"DialBridged": "true" if connected else "false"}


def duration_s(call: Call, at: float) -> int:
    """Whole seconds from picking up to `at`, begun ones counted; 0 for a call nobody took."""
    return 0 if call.answered_at is None else max(1, ceil(at - call.answered_at))
