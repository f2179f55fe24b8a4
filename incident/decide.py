"""The heart: what follows from an event in an incident's life.

Rule 1: everything that changes an incident's state must live here, and lead where
`incident.transitions` allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from incident import ladder
from incident.draft import Draft
from incident.effects import (
    CancelCalls,
    CheckCall,
    ClearTimers,
    Decision,
    Message,
    OfferNext,
    ShowLight,
    StandDown,
)
from incident.events import (
    Answered,
    AnswerFor,
    CallEnded,
    CallMoved,
    CallSilent,
    Close,
    Command,
    DispatchMoved,
    Event,
    HeldLine,
    Joined,
    OfferDue,
    Opened,
    Placed,
    ReminderDue,
    SendHelp,
    StepDue,
    StopHelp,
    Take,
)
from incident.plan import Plan
from incident.state import OPEN_DISPATCH, Light, State, Task
from incident.transitions import TRANSITIONS
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase

REACHING, HELPING, SETTLING, CLOSED = Phase.REACHING, Phase.HELPING, Phase.SETTLING, Phase.CLOSED


class CommandRefused(Exception):
    """An operator's command that makes no sense in the present state; nothing was changed."""

    def __init__(self, command: str, phase: Phase, reason: str) -> None:
        self.command, self.phase, self.reason = command, phase, reason
        super().__init__(f"{command} is refused: {reason}")


def open_incident(event: Opened, plan: Plan) -> Decision:
    """Begin an incident: the plan's rule for the occasion starts to run."""
    rule = plan.rule_for(event.trigger, event.severity, late=event.late)
    draft = Draft(
        State(
            phase=REACHING,
            trigger=event.trigger,
            severity=event.severity,
            rule=rule.name,
            plan_from=event.at,
        ),
        plan,
        event.at,
    )
    draft.note("opened", trigger=event.trigger, severity=event.severity, rule=rule.name, late=event.late)
    draft.do(ShowLight(Light.CONNECTED))
    ladder.start(draft)
    return draft.decision()


def decide(state: State, event: Event, plan: Plan) -> Decision:
    """What follows from an event. Raises CommandRefused; anything stale changes nothing."""
    allowed = TRANSITIONS[state.phase].get(type(event))
    if allowed is None:
        if isinstance(event, Command):
            raise CommandRefused(type(event).__name__, state.phase, f"the incident is {state.phase}")
        return Decision(state)
    draft = Draft(state, plan, event.at)
    _HANDLERS[type(event)](draft, event)
    if draft.state.phase not in allowed:
        raise AssertionError(
            f"{type(event).__name__}: {state.phase} -> {draft.state.phase} is not in the table"
        )
    return draft.decision()


def raises(state: State, event: Joined, plan: Plan) -> bool:
    """Whether what joins begins a ladder anew: it outweighs the one that runs, or comes after "I am fine"."""
    if event.late or state.phase is HELPING or (event.revises and state.phase is SETTLING):
        return False
    rule = plan.rule_for(event.trigger, event.severity, late=False)
    return state.phase is not REACHING or plan.outweighs(rule.name, state.rule)


def _on_joined(draft: Draft, event: Joined) -> None:
    state = draft.state
    joined = "press_joined" if event.severity is None else "impact_joined"
    draft.note(
        "impact_revised" if event.revises else joined,
        trigger=event.trigger,
        severity=event.severity,
        late=event.late,
    )
    if event.severity is not None and (state.severity is None or event.severity.rank > state.severity.rank):
        draft.change(severity=event.severity)
    if not raises(state, event, draft.plan):
        if event.late or state.phase is not REACHING:
            ladder.alarm(draft, Task.TAKE, reason="joined")
        return
    rule = draft.plan.rule_for(event.trigger, event.severity, late=False)
    draft.note("raised", rule=rule.name, before=state.rule)
    draft.change(phase=REACHING, rule=rule.name, answer=None, help_refused=())
    ladder.restart(draft)


def _on_step_due(draft: Draft, event: StepDue) -> None:
    if event.generation == draft.state.generation:
        ladder.run_step(draft, event)


def _on_call_moved(draft: Draft, event: CallMoved) -> None:
    # Somebody picking up is not an answer: voicemail picks up too.
    draft.note(f"call_{event.stage}", party=event.party, attempt=event.attempt)


def _on_call_ended(draft: Draft, event: CallEnded) -> None:
    draft.note("call_ended", party=event.party, attempt=event.attempt, status=event.status)
    if event.status == "no_number" and draft.state.phase is not CLOSED:
        ladder.alarm(draft, Task.TAKE, reason="no_number", party=event.party)
    ladder.end_call(draft, event.party, event.attempt)


def _on_call_silent(draft: Draft, event: CallSilent) -> None:
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


def _on_held_line(draft: Draft, event: HeldLine) -> None:
    ladder.alarm(draft, Task.TAKE, reason="silent_on_line", party=event.party)


def _on_answered(draft: Draft, event: Answered) -> None:
    draft.note("answered", answer=event.answer, by=event.by, via=event.via)
    if draft.state.phase is CLOSED:
        return
    if event.by is CallParty.CONTACT:
        # A relative knows something: that is for a person to hear, not for the machine to act upon.
        task = Task.CALL_BACK if event.answer is Answer.FINE else Task.TAKE
        ladder.alarm(draft, task, reason="contact")
        return
    _take_answer(draft, event.answer, heard_by_operator=False)


def _on_answer_for(draft: Draft, event: AnswerFor) -> None:
    draft.note("answered", answer=event.answer, by=CallParty.DRIVER, via="operator", operator=event.operator)
    draft.drop_task(Task.CALL_BACK)
    draft.change(call_back_promised=False)
    if event.answer is Answer.FINE and draft.state.taken_by is None:
        # Nothing happens by itself any more: whoever heard it is the one to close it.
        draft.change(taken_by=event.operator)
    _take_answer(draft, event.answer, heard_by_operator=True)


def _take_answer(draft: Draft, answer: Answer, *, heard_by_operator: bool) -> None:
    state = draft.state
    rule = draft.rule
    draft.change(answer=answer)
    if answer is state.answer and _still_holds(state, answer, rule.help):
        return
    ladder.stop(draft)
    draft.do(CancelCalls())
    if answer is Answer.FINE:
        draft.change(help_refused=tuple(DispatchKind))
        draft.drop_task(Task.TAKE, Task.REQUEST_AMBULANCE, Task.NO_UNIT)
        _stand_down_all(draft)
        if rule.fine == "close" and state.phase is REACHING and not state.call_back_promised:
            _close(draft, Outcome.DRIVER_FINE)
            return
        draft.change(phase=SETTLING)
        if not heard_by_operator:
            draft.change(call_back_promised=True)
            ladder.alarm(draft, Task.CALL_BACK, reason="fine_after_impact")
        return
    draft.change(phase=HELPING)
    if not heard_by_operator or state.taken_by is None:
        ladder.alarm(draft, Task.TAKE, reason=answer)
    if answer is Answer.AMBULANCE:
        ladder.ask_ambulance(draft)
    if answer in (Answer.HELP, Answer.AMBULANCE):
        _permit(draft, rule.help)
        ladder.request_help(draft, rule.help)


def _still_holds(state: State, answer: Answer, kind: DispatchKind) -> bool:
    """Whether what an answer led to is still so: then hearing it again changes nothing."""
    if answer is Answer.FINE:
        return state.phase is SETTLING
    if answer is Answer.OPERATOR:
        # Whoever was put through once and asks again is waiting for a person again.
        return state.phase is HELPING and Task.TAKE in state.tasks
    sought = state.dispatches.get(kind) in OPEN_DISPATCH or Task.NO_UNIT in state.tasks
    return state.phase is HELPING and sought


def _on_dispatch_moved(draft: Draft, event: DispatchMoved) -> None:
    draft.note(
        f"dispatch_{event.state}",
        dispatch=event.kind,
        unit=event.unit_id,
        eta_at=event.eta_at.isoformat() if event.eta_at else None,
    )
    light = draft.state.light
    draft.change(dispatches={**draft.state.dispatches, event.kind: event.state})
    draft.do(ClearTimers(f"offer:{event.kind}:"))
    if draft.state.phase is CLOSED:
        return
    match event.state:
        case DispatchState.OFFERED if event.unit_id is not None:
            ladder.watch_offer(draft, event.kind, event.unit_id)
        case DispatchState.ACCEPTED:
            draft.drop_task(Task.NO_UNIT)
            draft.do(Message("push", "help_accepted"), Message("sms", "help_accepted"))
        case DispatchState.DECLINED | DispatchState.OFFER_EXPIRED if (
            event.kind not in draft.state.help_refused
        ):
            draft.change(dispatches={**draft.state.dispatches, event.kind: DispatchState.REQUESTED})
            draft.do(OfferNext(event.kind))
        case DispatchState.FAILED:
            ladder.alarm(draft, Task.NO_UNIT, reason="no_unit", dispatch=event.kind)
        case _:
            pass
    if draft.state.light is not light:
        draft.do(ShowLight(draft.state.light))


def _on_offer_due(draft: Draft, event: OfferDue) -> None:
    if draft.state.dispatches.get(event.kind) is DispatchState.OFFERED:
        draft.do(OfferNext(event.kind, expired_unit=event.unit_id))


def _on_placed(draft: Draft, event: Placed) -> None:
    draft.note("placed")
    # Nobody could be sent to an unknown place: now somebody can.
    for kind, state in draft.state.dispatches.items():
        if state is DispatchState.FAILED and kind not in draft.state.help_refused:
            draft.drop_task(Task.NO_UNIT)
            ladder.request_help(draft, kind)


def _on_reminder_due(draft: Draft, event: ReminderDue) -> None:
    # Whoever took it once may have gone home before it began anew.
    if draft.state.tasks and (draft.state.taken_by is None or Task.TAKE in draft.state.tasks):
        ladder.alarm(draft, draft.state.tasks[0], reason="still_waiting")


def _on_take(draft: Draft, event: Take) -> None:
    draft.note("taken", operator=event.operator, before=draft.state.taken_by)
    draft.change(taken_by=event.operator)
    draft.drop_task(Task.TAKE)
    draft.do(ClearTimers("remind"))
    if draft.state.phase is REACHING:
        # The machine stops ringing, but what it would have sent is still sent unless called off.
        draft.change(phase=HELPING)
        draft.do(CancelCalls())


def _on_send_help(draft: Draft, event: SendHelp) -> None:
    if draft.state.dispatches.get(event.kind) in OPEN_DISPATCH:
        raise CommandRefused(
            "SendHelp", draft.state.phase, f"a {event.kind} is already {draft.state.dispatches[event.kind]}"
        )
    _permit(draft, event.kind)
    draft.drop_task(Task.NO_UNIT)
    if draft.state.phase is SETTLING:
        draft.change(phase=HELPING)
    ladder.request_help(draft, event.kind, operator=event.operator)


def _on_stop_help(draft: Draft, event: StopHelp) -> None:
    draft.note("help_called_off", dispatch=event.kind, operator=event.operator)
    _permit(draft, event.kind)
    draft.change(help_refused=(*draft.state.help_refused, event.kind))
    if draft.state.dispatches.get(event.kind) in OPEN_DISPATCH:
        draft.do(StandDown(event.kind))


def _permit(draft: Draft, kind: DispatchKind) -> None:
    draft.change(help_refused=tuple(refused for refused in draft.state.help_refused if refused is not kind))


def _on_close(draft: Draft, event: Close) -> None:
    _stand_down_all(draft)
    _close(draft, event.outcome, operator=event.operator)


def _stand_down_all(draft: Draft) -> None:
    for kind, state in draft.state.dispatches.items():
        if state in OPEN_DISPATCH:
            draft.do(StandDown(kind))


def _close(draft: Draft, outcome: Outcome, *, operator: str | None = None) -> None:
    ladder.stop(draft)
    draft.change(phase=CLOSED, outcome=outcome, tasks=())
    draft.do(CancelCalls(), ClearTimers(""), ShowLight(Light.ENDED))
    draft.note("closed", outcome=outcome, operator=operator)


_HANDLERS: Final[Mapping[type[Event], Callable[..., None]]] = {
    Joined: _on_joined,
    StepDue: _on_step_due,
    CallMoved: _on_call_moved,
    CallEnded: _on_call_ended,
    CallSilent: _on_call_silent,
    HeldLine: _on_held_line,
    Answered: _on_answered,
    AnswerFor: _on_answer_for,
    DispatchMoved: _on_dispatch_moved,
    OfferDue: _on_offer_due,
    Placed: _on_placed,
    ReminderDue: _on_reminder_due,
    Take: _on_take,
    SendHelp: _on_send_help,
    StopHelp: _on_stop_help,
    Close: _on_close,
}
