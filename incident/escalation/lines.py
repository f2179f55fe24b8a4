"""The calls to the driver and the emergency contacts, as the carrier tells of them. Pure."""

from __future__ import annotations

from incident.escalation import desk, ladder, pausing
from incident.escalation.draft import Draft
from incident.escalation.effects import CancelCalls, CheckCall
from incident.escalation.events import (
    CallAgain,
    CallEnded,
    CallMoved,
    CallSilent,
    CarrierDown,
    LineWaits,
    RangUs,
)
from incident.escalation.state import Line, Task
from schemas.incident import CallParty, Phase

# How a call ends at which nobody was heard, in the carrier's words.
_UNHEARD = ("no-answer", "busy", "failed")


def on_call_moved(draft: Draft, event: CallMoved) -> None:
    """The carrier has taken a call, it rings, or it was picked up; voicemail picks up too: that is no answer."""
    draft.note(f"call_{event.stage}", party=event.party, attempt=event.attempt, machine=event.machine)
    if event.stage != "answered":
        line = draft.state.line(event.party)
        if line.under_way and line.attempts == event.attempt and not line.answered:
            # It may have waited in our queue for most of the time until it would be given up.
            ladder.watch_call(draft, event.party)
        return
    ladder.pick_up(draft, event.party, event.attempt)
    if event.party is CallParty.DRIVER and draft.rule.connect and draft.state.phase is not Phase.CLOSED:
        desk.summon(draft, reason="answered")


def on_call_ended(draft: Draft, event: CallEnded) -> None:
    """A call is over, or could not be placed at all."""
    line = draft.state.line(event.party)
    if event.status == "no_number" and line.rank > 1:
        ladder.nobody_there(draft, event.party)
        return
    draft.note("call_ended", party=event.party, attempt=event.attempt, status=event.status)
    if event.party is CallParty.OPERATOR:
        desk.leave(draft, event)
        return
    if draft.state.phase is Phase.CLOSED:
        ladder.end_call(draft, event.party, event.attempt)
        return
    if event.party in draft.state.waiting:
        _left_waiting(draft, event.party)
    if event.party is CallParty.CALLER:
        _caller_left(draft, event.attempt)
        return
    ladder.end_call(draft, event.party, event.attempt)
    if event.status == "no_number":
        ladder.alarm(draft, Task.TAKE, reason="no_number", party=event.party)
    if event.party is CallParty.CONTACT and event.status in _UNHEARD:
        _next_contact(draft, line, event.attempt)


def _next_contact(draft: Draft, line: Line, attempt: int) -> None:
    """Nobody picked up there: the next of the emergency contacts, if the plan tries more than one."""
    more = line.rank < draft.rule.contacts_tried and line.attempts == attempt and line.under_way
    if not more or draft.state.phase is not Phase.REACHING:
        return
    if ladder.speaks_with_us(draft) or pausing.hold_call(draft, CallParty.CONTACT):
        ladder.call_later(draft, CallParty.CONTACT, line.rank + 1)
    else:
        ladder.call(draft, CallParty.CONTACT, line.rank + 1)


def on_call_silent(draft: Draft, event: CallSilent) -> None:
    """Nothing was heard of a call for a while: ask the carrier, and go on without it if it only rings."""
    line = draft.state.line(event.party)
    if not line.under_way or line.attempts != event.attempt:
        return
    if event.stage in ("waiting", "sending", "unknown"):
        # Still in our own queue, or being looked up at the carrier: that is not silence of the phone.
        ladder.watch_call(draft, event.party)
        return
    draft.do(CheckCall(event.party, event.attempt))
    if event.stage == "answered":
        ladder.watch_call(draft, event.party)
        return
    draft.note("call_given_up", party=event.party, attempt=event.attempt)
    ladder.end_call(draft, event.party, event.attempt)


def on_call_again(draft: Draft, event: CallAgain) -> None:
    """The pause after an attempt is over, and another one was due meanwhile; or they have been on the line for long."""
    line = draft.state.line(event.party)
    if not line.wanted or line.under_way or draft.state.phase is not Phase.REACHING:
        return
    if pausing.hold_call(draft, event.party):
        return
    # The news of their hanging up may be lost, and must not silence the plan.
    draft.do(
        *(
            CheckCall(CallParty.CALLER, attempt)
            for attempt, party in draft.state.callers.items()
            if party is event.party
        )
    )
    ladder.call(draft, event.party, line.rank)


def on_line_waits(draft: Draft, event: LineWaits) -> None:
    """Somebody is on the line and waits for a person: never hung up on."""
    draft.note("line_waits", party=event.party, reason=event.why)
    if event.party not in draft.state.waiting:
        draft.change(waiting=(*draft.state.waiting, event.party))
    if draft.state.on_line is not None:
        desk.connect(draft, event.party)
        return
    ladder.alarm(draft, Task.TAKE, reason=event.why, party=event.party)
    desk.summon(draft, reason=event.why)


def on_rang_us(draft: Draft, event: RangUs) -> None:
    """They are on the line by a call of their own: ours is withdrawn, and owed to them if theirs comes to nothing."""
    draft.change(callers={**draft.state.callers, event.attempt: event.party})
    line = draft.state.line(event.party)
    if line.under_way and not line.answered:
        if draft.state.phase is Phase.REACHING:
            ladder.call(draft, event.party, line.rank)
        draft.do(CancelCalls(event.party))


def on_carrier_down(draft: Draft, event: CarrierDown) -> None:
    """Calls do not leave: a person must telephone by other means."""
    draft.note("carrier_down", since=event.since.isoformat())
    if draft.state.driver.under_way or draft.state.contact.under_way:
        ladder.alarm(draft, Task.TAKE, reason="carrier_down")


def _caller_left(draft: Draft, attempt: int) -> None:
    """Who rang us has hung up: a call that was held back for it is made now, unless a person has seen to them."""
    party = draft.state.callers.get(attempt)
    draft.change(callers={other: who for other, who in draft.state.callers.items() if other != attempt})
    if party is None or party in draft.state.callers.values():
        return
    line = draft.state.line(party)
    waits = line.wanted and not line.under_way and draft.state.phase is Phase.REACHING
    if waits and not pausing.hold_call(draft, party):
        ladder.call(draft, party, line.rank, at_once=True)


def _left_waiting(draft: Draft, party: CallParty) -> None:
    """Whoever waited for a person has hung up, or was cut off: the person rings them."""
    draft.change(waiting=tuple(other for other in draft.state.waiting if other is not party))
    if draft.state.on_line is None:
        ladder.alarm(draft, Task.TAKE, reason="left_waiting", party=party)
