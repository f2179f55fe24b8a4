"""Running a rule of the plan: its steps, the calls they place, and the timers they wait on.

Pure, like everything `decide` is made of. Timer names are built here and taken apart in
`incident.timers`: `step:{generation}:{index}`, `giveup:{party}:{attempt}`,
`offer:{kind}:{unit}` and `remind`.
"""

from __future__ import annotations

from dataclasses import replace

from incident.draft import Draft
from incident.effects import ClearTimers, Message, OfferNext, PlaceCall, SetTimer
from incident.events import StepDue
from incident.plan import Do
from incident.state import OPEN_DISPATCH, Line, Task
from schemas.incident import CallParty, DispatchKind, DispatchState, Phase

# How often a step that waits for the car to stop looks again.
_LOOK_AGAIN_S = 5.0

# What still runs once an operator has taken the incident over.
_EVEN_WHEN_TAKEN = frozenset({Do.OFFER_HELP, Do.SEND_HELP, Do.ASK_AMBULANCE})


def start(draft: Draft) -> None:
    """Begin the present rule: what is due at once is done, the rest is put on timers."""
    draft.change(plan_from=draft.at, steps_done=())
    generation = draft.state.generation
    for index, step in enumerate(draft.rule.steps):
        if step.after_s == 0 and step.do is Do.CALL_DRIVER and draft.state.driver.under_way:
            continue  # raised while the phone rings: that call is the first one
        if step.after_s == 0 and not step.wait_until_stopped:
            _do(draft, index)
        else:
            draft.do(SetTimer(f"step:{generation}:{index}", draft.after(step.after_s)))


def stop(draft: Draft) -> None:
    """End the ladder: its timers are cleared, and fenced in case one is firing just now."""
    draft.change(generation=draft.state.generation + 1)
    draft.change(driver=replace(draft.state.driver, wanted=False))
    draft.change(contact=replace(draft.state.contact, wanted=False))
    draft.do(ClearTimers("step:"))


def restart(draft: Draft) -> None:
    """Begin anew with a heavier rule."""
    stop(draft)
    start(draft)


def run_step(draft: Draft, event: StepDue) -> None:
    """Carry out a step that has come due, or hold it while the car still moves."""
    step = draft.rule.steps[event.step]
    if event.step in draft.state.steps_done:
        return
    if draft.state.phase is Phase.HELPING and step.do not in _EVEN_WHEN_TAKEN:
        return
    if step.wait_until_stopped and event.moving:
        name = f"step:{event.generation}:{event.step}"
        draft.do(SetTimer(name, draft.after(_LOOK_AGAIN_S)))
        return
    _do(draft, event.step)


def _do(draft: Draft, index: int) -> None:
    rule = draft.rule
    draft.change(steps_done=(*draft.state.steps_done, index))
    match rule.steps[index].do:
        case Do.PUSH:
            draft.do(Message("push", rule.name))
        case Do.SMS:
            draft.do(Message("sms", rule.name))
        case Do.CALL_DRIVER:
            call(draft, CallParty.DRIVER)
        case Do.CALL_CONTACT:
            call(draft, CallParty.CONTACT)
        case Do.ALARM_OPERATOR:
            alarm(draft, Task.TAKE, reason="plan")
        case Do.LIST_CALL_BACK:
            alarm(draft, Task.CALL_BACK, reason="plan")
        case Do.ASK_AMBULANCE:
            ask_ambulance(draft)
        case Do.OFFER_HELP | Do.SEND_HELP:
            if rule.help not in draft.state.help_refused:
                request_help(draft, rule.help)


def call(draft: Draft, party: CallParty) -> None:
    """Ring somebody; while an earlier attempt is under way, ring again when it has ended."""
    line = draft.state.line(party)
    if line.under_way:
        _set_line(draft, party, replace(line, wanted=True))
        return
    _set_line(draft, party, Line(line.attempts + 1, under_way=True))
    draft.do(PlaceCall(party, line.attempts + 1, draft.plan.calls.ring_s))
    watch_call(draft, party)


def end_call(draft: Draft, party: CallParty, attempt: int) -> None:
    """An attempt is over: the next one, if it was due meanwhile, goes out now."""
    line = draft.state.line(party)
    if line.attempts != attempt or not line.under_way:
        return
    _set_line(draft, party, replace(line, under_way=False, wanted=False))
    draft.do(ClearTimers(f"giveup:{party}:"))
    if line.wanted and draft.state.phase is Phase.REACHING:
        call(draft, party)


def watch_call(draft: Draft, party: CallParty) -> None:
    """Wait for news of the present attempt, but not for ever."""
    attempt = draft.state.line(party).attempts
    draft.do(SetTimer(f"giveup:{party}:{attempt}", draft.after(draft.plan.calls.give_up_s)))


def watch_offer(draft: Draft, kind: DispatchKind, unit_id: str) -> None:
    """Give a unit its time to answer an offer."""
    draft.do(SetTimer(f"offer:{kind}:{unit_id}", draft.after(draft.plan.help.offer_s)))


def alarm(draft: Draft, task: Task, *, reason: str, **data: str | float | bool | None) -> None:
    """Call the operators to a task, and again while nobody takes it."""
    draft.add_task(task)
    draft.note("operator_alarmed", task=task, reason=reason, **data)
    draft.do(SetTimer("remind", draft.after(draft.plan.help.remind_s)))


def ask_ambulance(draft: Draft) -> None:
    """Ask an operator to request an ambulance: the system never dials 119 itself."""
    draft.add_task(Task.REQUEST_AMBULANCE)
    draft.note("ambulance_asked")


def request_help(draft: Draft, kind: DispatchKind, *, operator: str | None = None) -> None:
    """Begin a dispatch unless one of the kind is open."""
    if draft.state.dispatches.get(kind) in OPEN_DISPATCH:
        return
    draft.change(dispatches={**draft.state.dispatches, kind: DispatchState.REQUESTED})
    draft.note("dispatch_requested", dispatch=kind, operator=operator)
    draft.do(OfferNext(kind))


def _set_line(draft: Draft, party: CallParty, line: Line) -> None:
    if party is CallParty.DRIVER:
        draft.change(driver=line)
    else:
        draft.change(contact=line)
