"""Operators: whose telephone rings, who takes the incident, and who is called next while nobody does. Pure.

Two things bring an operator's telephone to ring: somebody waits on a line, or a task has waited for
longer than its take-by time. Either goes through the plan's rounds: who has the incident or was free
for longest, then all who are free, the supervisors, the second site. Whoever presses 1 has taken it.
After the incident is closed only a unit on the scene that says nothing brings them to ring.
"""

from __future__ import annotations

from incident.escalation import ladder
from incident.escalation.commands import CallDriver, Take
from incident.escalation.draft import Draft
from incident.escalation.effects import CancelCalls, ClearTimers, ConnectLine, RingDesk, SetTimer
from incident.escalation.events import CallEnded, DeskAnswered, DeskDue, DeskRung, ReminderDue
from incident.escalation.state import URGENT, Task
from schemas.incident import CallParty, Phase, Reach


def summon(draft: Draft, *, reason: str) -> None:
    """Bring an operator to somebody who is on the line; once, until somebody came or nobody could."""
    if draft.state.on_line is None and draft.state.desk_round is None:
        _ring(draft, 0, reason)


def look_after(draft: Draft) -> None:
    """Bring an operator to a unit that says nothing on the scene of a closed incident."""
    if draft.state.desk_round is None:
        _ring(draft, 0, "lone_worker")


def let_be(draft: Draft) -> None:
    """The unit is well after all: whoever is rung for it on a closed incident need not come."""
    if draft.state.phase is Phase.CLOSED and draft.state.desk_round is not None:
        dismiss(draft)
        draft.do(CancelCalls(CallParty.OPERATOR))


def dismiss(draft: Draft) -> None:
    """No operator has to come to the line any more."""
    draft.change(desk_round=None)
    draft.do(ClearTimers("desk:"))


def connect(draft: Draft, party: CallParty) -> None:
    """Put somebody who waits through to the operator on the line."""
    draft.change(waiting=tuple(other for other in draft.state.waiting if other is not party))
    draft.do(ConnectLine(party))


def on_desk_rung(draft: Draft, event: DeskRung) -> None:
    """So many telephones ring now; if none does, the next round begins at once."""
    if draft.state.desk_round != event.round:
        return
    if event.phones:
        draft.note("desk_rung", round=draft.plan.desk.rounds[event.round], phones=event.phones)
        draft.do(SetTimer(f"desk:{event.round}", draft.after(draft.plan.desk.ring_s)))
        return
    _next_round(draft, event.round)


def on_desk_due(draft: Draft, event: DeskDue) -> None:
    """Nobody of this round has taken it in time."""
    came = draft.state.on_line is not None and draft.state.phase is not Phase.CLOSED
    if draft.state.desk_round == event.round and not came:
        _next_round(draft, event.round)


def on_desk_answered(draft: Draft, event: DeskAnswered) -> None:
    """An operator pressed the key: it is theirs, and they are connected with whoever waits, or is rung now."""
    closed = draft.state.phase is Phase.CLOSED
    if draft.state.desk_round is None if closed else draft.state.on_line is not None:
        return
    draft.note("desk_answered", operator=event.operator, attempt=event.attempt)
    _take(draft, event.operator, keep=CallParty.DRIVER)
    if closed:
        return  # they have heard whom to look after: nobody is to be rung about what is over
    draft.change(on_line=event.operator, on_line_attempt=event.attempt)
    if draft.state.waiting:
        for party in draft.state.waiting:
            connect(draft, party)
    elif draft.state.driver.answered:
        draft.do(ConnectLine(CallParty.DRIVER))
    elif not draft.state.driver.under_way and draft.state.reach is not Reach.TEXT:
        ladder.call(draft, CallParty.DRIVER, at_once=True)


def on_call_driver(draft: Draft, event: CallDriver) -> None:
    """An operator wants to speak with the driver: their own telephone rings first."""
    draft.note("call_driver_wanted", operator=event.operator)
    _take(draft, event.operator)
    if draft.state.on_line is None:
        _ring_one(draft, event.operator)


def on_take(draft: Draft, event: Take) -> None:
    """An operator makes the incident theirs at the console."""
    draft.note("taken", operator=event.operator, before=draft.state.taken_by)
    _take(draft, event.operator)
    if draft.state.waiting and draft.state.on_line is None:
        _ring_one(draft, event.operator)


def on_reminder_due(draft: Draft, event: ReminderDue) -> None:
    """A task still waits: alarm again, and after its take-by time let telephones ring, round by round."""
    draft.change(remind_at=None)
    state = draft.state
    # Whoever took it once may have gone home before it began anew.
    if not state.tasks or (state.taken_by is not None and Task.TAKE not in state.tasks):
        return
    level = state.alarm_level + 1
    draft.change(alarm_level=level)
    urgent = bool(URGENT & set(state.tasks))
    if state.call_back_by is not None and event.at >= state.call_back_by:
        urgent = True
        draft.change(call_back_by=draft.after(draft.plan.desk.call_back_s))
    ladder.alarm(draft, state.tasks[0], reason="still_waiting", level=level)
    if urgent and state.desk_round is None and state.on_line is None:
        # At the console it was seen by whoever is free: now all telephones, then the rounds behind them.
        _ring(draft, min(1, len(draft.plan.desk.rounds) - 1), "still_waiting")


def leave(draft: Draft, event: CallEnded) -> None:
    """An operator's telephone is free again: nobody picked up, or the conversation is over."""
    if draft.state.on_line_attempt == event.attempt:
        draft.change(on_line=None, on_line_attempt=None)


def _take(draft: Draft, operator: str, *, keep: CallParty | None = None) -> None:
    """The incident is theirs. `keep` is whose ringing telephone goes on ringing, to be connected with them."""
    dismiss(draft)
    draft.change(taken_by=operator, alarm_level=0, remind_at=None)
    draft.drop_task(Task.TAKE)
    draft.do(ClearTimers("remind"), CancelCalls(CallParty.OPERATOR))
    if draft.state.phase is Phase.REACHING:
        # The machine stops ringing, but what it would have sent is still sent unless called off.
        draft.change(phase=Phase.HELPING)
        draft.do(
            *(CancelCalls(party) for party in (CallParty.DRIVER, CallParty.CONTACT) if party is not keep)
        )


def _ring_one(draft: Draft, operator: str) -> None:
    draft.change(desk_round=0)
    draft.do(RingDesk(0, operator))


def _ring(draft: Draft, number: int, reason: str) -> None:
    draft.change(desk_round=number)
    draft.note("desk_called", round=draft.plan.desk.rounds[number], reason=reason)
    draft.do(RingDesk(number))


def _next_round(draft: Draft, number: int) -> None:
    state = draft.state
    closed = state.phase is Phase.CLOSED
    claimed = state.taken_by is not None and Task.TAKE not in state.tasks and not closed
    if claimed and not state.waiting and not state.driver.answered:
        # An operator had only their own telephone rung: nobody else is wanted.
        dismiss(draft)
        draft.note("desk_missed", operator=state.taken_by)
        return
    if number + 1 < len(draft.plan.desk.rounds):
        _ring(draft, number + 1, "not_taken")
        return
    # The machine alone goes on speaking; the alarm stands, and its next level rings all of them again.
    dismiss(draft)
    draft.note("desk_overflow")
    if draft.state.waiting:
        ladder.alarm(draft, Task.TAKE, reason="nobody_came")
