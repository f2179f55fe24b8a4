"""One call from its order to its end: a state machine without clock, network or disk.

    queued -> dialling -> ringing -> fetching <-> talking | gathering | bridged -> ended
                 |           |
                 +-----------+--> ended (busy, failed, no-answer, canceled)

Every wait is an absolute time in the call's own value (`due_at`, epoch seconds), so a carrier
that was killed goes on where the world would be by now. What happened is returned beside the new
value: entries for the timeline, and status callbacks to send. Durations are scaled by the pace;
the conversation itself lies in `device_sim.carrier.conversation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from enum import StrEnum
from math import ceil
from typing import Final

from device_sim.carrier.orders import CallChange, CallOrder, TwilioError
from device_sim.carrier.people import STRANGER, Person, Reaction, Result, reaction
from device_sim.carrier.timeline import Entry, utc

API_VERSION: Final = "2010-04-01"
SIP_CODES: Final = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487", "failed": "404"}


class Stage(StrEnum):
    """What the call is doing now."""

    QUEUED = "queued"
    DIALLING = "dialling"
    RINGING = "ringing"
    FETCHING = "fetching"
    TALKING = "talking"
    GATHERING = "gathering"
    BRIDGED = "bridged"
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


@dataclass(frozen=True)
class Gathering:
    """Keys being waited for: what was pressed, what the person will press, and until when."""

    digits: str
    press_at: float | None
    press_key: str
    closes_at: float


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
    document: str = ""
    document_url: str = ""
    verb: int = 0
    questions: int = 0
    gathering: Gathering | None = None
    sequence: int = 0

    @property
    def next_at(self) -> float | None:
        """When time alone moves this call on; None while it is queued, ended, or only waits for a document."""
        times = [at for at in (self.due_at, self.leaves_at) if at is not None]
        return min(times) if times and self.stage not in {Stage.QUEUED, Stage.ENDED} else None


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
    callbacks: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def scaled(self, seconds: float) -> float:
        """Real seconds for simulated ones."""
        return self.world.pace.scaled(seconds)

    def owner(self) -> Person:
        """Whoever is called."""
        return self.world.people.get(self.call.order.to, STRANGER)

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
        self.callbacks.append(params)
        self.call = replace(call, sequence=call.sequence + 1)

    def end(self, at: float, status: str, reason: str) -> None:
        """The call is over."""
        self.call_back(at, "completed", status)
        self.note(at, "ended", status=status, reason=reason)
        self.change(
            at, status=status, stage=Stage.ENDED, ended_at=at, due_at=None, leaves_at=None, fetch=None
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
        "Direction": "outbound-api",
    }


def duration_s(call: Call, at: float) -> int:
    """Whole seconds from picking up to `at`, begun ones counted; 0 for a call nobody took."""
    return 0 if call.answered_at is None else max(1, ceil(at - call.answered_at))


def placed(sid: str, account_sid: str, order: CallOrder, at: float) -> Call:
    """A new call, queued."""
    return Call(sid, account_sid, order, created_at=at, updated_at=at)


def begin(step: Step, at: float) -> None:
    """The account's turn has come: the call leaves the queue."""
    step.note(at, "dialling")
    step.change(at, stage=Stage.DIALLING, started_at=at, due_at=at + step.scaled(step.world.pace.dial_s))
    step.call_back(at, "initiated", "initiated")


def ring_on(step: Step, at: float) -> bool:
    """Do what is due at `at` before anybody has answered; true when somebody picks up now."""
    call = step.call
    if call.stage is Stage.DIALLING:
        _reach(step, at, reaction(step.owner()))
        return False
    match call.comes:
        case "human" | "machine":
            _pick_up(step, at)
            return True
        case "nothing":
            step.end(at, "no-answer", "rang out")
        case "busy" | "failed":
            step.end(at, call.comes, "declined")
    return False


def cancel(step: Step, at: float, change: CallChange) -> None:
    """Carry out Status=canceled or completed.

    `canceled` leaves a call that was answered alone, as Twilio does; `completed` ends that too.

    Raises:
        TwilioError: 21220, the call is over.
    """
    call = step.call
    if call.stage is Stage.ENDED:
        raise TwilioError(400, 21220, f"Unable to update record: call is {call.status}.")
    if call.answered_at is None:
        step.end(at, "canceled", f"client asked for {change.status}")
    elif change.status == "completed":
        step.end(at, "completed", "client asked for completed")


def _reach(step: Step, at: float, taken: Reaction) -> None:
    if not taken.rings:
        step.end(at, taken.result, "no ringing")
        return
    step.note(at, "rang")
    rings_out_at = at + step.scaled(step.call.order.ring_s)
    taken_at = at + step.scaled(taken.after_s)
    if taken.result == "nothing" or taken_at >= rings_out_at:
        step.change(at, status="ringing", stage=Stage.RINGING, due_at=rings_out_at, comes="nothing")
    else:
        step.change(at, status="ringing", stage=Stage.RINGING, due_at=taken_at, comes=taken.result)
    step.call_back(at, "ringing", "ringing")


def _pick_up(step: Step, at: float) -> None:
    longest_s = min(step.owner().stays_s, step.call.order.limit_s)
    step.note(at, "answered", by=step.call.comes)
    step.change(
        at,
        status="in-progress",
        answered_at=at,
        answered_by=step.call.comes,
        leaves_at=at + step.scaled(longest_s),
    )
    step.call_back(at, "answered", "in-progress")
