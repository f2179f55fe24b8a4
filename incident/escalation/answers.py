"""What people told us: by key, by voice, in the app, or through an operator. Pure."""

from __future__ import annotations

from incident.escalation import desk, ladder, pausing, sending, underway
from incident.escalation.commands import AnswerFor, Close
from incident.escalation.draft import Draft
from incident.escalation.effects import CancelCalls, ClearTimers, Message, ShowLight
from incident.escalation.events import Answered
from incident.escalation.state import OPEN_DISPATCH, Light, State, Task
from incident.escalation.undoing import seen
from schemas.incident import WELL, Answer, CallParty, DispatchKind, Outcome, Phase


def on_answered(draft: Draft, event: Answered) -> None:
    """A person on a line, at the answer page or in the app has told us something."""
    draft.note("answered", answer=event.answer, by=event.by, via=event.via)
    if draft.state.phase is Phase.CLOSED:
        return
    if event.by is CallParty.CONTACT:
        # A relative knows something: that is for a person to hear, not for the machine to act upon.
        if event.answer in WELL:
            ladder.promise_call_back(draft, reason="contact")
        else:
            ladder.alarm(draft, Task.TAKE, reason="contact")
        return
    _take_answer(draft, event.answer, heard_by_operator=False)


def on_answer_for(draft: Draft, event: AnswerFor) -> None:
    """An operator passes on what they heard."""
    if event.answer is not draft.state.answer:
        draft.change(before_answer=seen(draft, event.operator))
    draft.note("answered", answer=event.answer, by=CallParty.DRIVER, via="operator", operator=event.operator)
    draft.drop_task(Task.CALL_BACK)
    draft.change(call_back_promised=False)
    if event.answer in WELL and draft.state.taken_by is None:
        # Nothing happens by itself any more: whoever heard it is the one to close it.
        draft.change(taken_by=event.operator)
    _take_answer(draft, event.answer, heard_by_operator=True)


def on_close(draft: Draft, event: Close) -> None:
    """An operator ends the incident."""
    sending.stand_down_all(draft)
    close(draft, event.outcome, operator=event.operator)


def close(draft: Draft, outcome: Outcome, *, operator: str | None = None) -> None:
    """End it: nothing rings, nothing is due, and the device says so."""
    pausing.end(draft, "closed")
    ladder.stop(draft)
    draft.change(before_closing=seen(draft, operator), before_answer=None)
    draft.change(phase=Phase.CLOSED, outcome=outcome, tasks=(), waiting=(), desk_round=None)
    draft.change(remind_at=None, call_back_by=None)
    draft.do(CancelCalls(), ClearTimers(""))
    if outcome is not Outcome.MERGED:
        draft.do(ShowLight(Light.ENDED))
        if outcome is not Outcome.TEST:
            draft.do(Message("mail", "report"))
    underway.keep_watch(draft)
    draft.note("closed", outcome=outcome, operator=operator)


def _take_answer(draft: Draft, answer: Answer, *, heard_by_operator: bool) -> None:
    state = draft.state
    rule = draft.rule
    draft.change(answer=answer)
    if not heard_by_operator:
        draft.change(before_answer=None)  # it is theirs now, and no operator's to withdraw
    pausing.end(draft, "answered")
    if answer is state.answer and _still_holds(state, answer, rule.help):
        return
    ladder.stop(draft)
    # Whoever still waits on a line goes on waiting for the operator whose telephone rings.
    draft.do(CancelCalls(CallParty.DRIVER), CancelCalls(CallParty.CONTACT))
    if answer in WELL:
        desk.dismiss(draft)
        draft.do(CancelCalls(CallParty.OPERATOR))
        draft.change(help_refused=tuple(DispatchKind), waiting=())
        draft.drop_task(Task.TAKE, Task.REQUEST_AMBULANCE, Task.NO_UNIT)
        sending.stand_down_all(draft)
        if rule.fine == "close" and state.phase is Phase.REACHING and not state.call_back_promised:
            close(draft, Outcome.MISTAKE if answer is Answer.MISTAKE else Outcome.DRIVER_FINE)
            return
        draft.change(phase=Phase.SETTLING)
        if not heard_by_operator:
            draft.change(call_back_promised=True)
            ladder.promise_call_back(draft, reason="fine_after_impact")
        return
    draft.change(phase=Phase.HELPING)
    if not heard_by_operator or state.taken_by is None:
        ladder.alarm(draft, Task.TAKE, reason=answer)
    if answer is Answer.ACCIDENT and not heard_by_operator:
        desk.summon(draft, reason=answer)
    if answer is Answer.AMBULANCE:
        ladder.ask_ambulance(draft)
    if answer in (Answer.HELP, Answer.AMBULANCE):
        if rule.help is not None:
            sending.permit(draft, rule.help)
        ladder.request_help(draft, rule.help)


def _still_holds(state: State, answer: Answer, kind: DispatchKind | None) -> bool:
    """Whether what an answer led to is still so: then hearing it again changes nothing."""
    if answer in WELL:
        return state.phase is Phase.SETTLING
    if answer in (Answer.OPERATOR, Answer.ACCIDENT):
        # Whoever was put through once and asks again is waiting for a person again.
        return state.phase is Phase.HELPING and Task.TAKE in state.tasks
    # Where none is sent by itself, a person has to see to it.
    sent = Task.TAKE in state.tasks if kind is None else state.dispatches.get(kind) in OPEN_DISPATCH
    sought = sent or Task.NO_UNIT in state.tasks
    return state.phase is Phase.HELPING and sought
