"""Running a rule of the plan: its steps, the calls they place, and the timers they wait on.

Pure, like everything `decide` is made of. Timers are named by whoever sets them, and their names are taken
apart in `incident.escalation.timers`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from incident.escalation import missed, pausing
from incident.escalation.draft import Draft
from incident.escalation.effects import ClearTimers, Message, OfferNext, PlaceCall, RankCall, SetTimer
from incident.escalation.events import StepDue
from incident.escalation.state import OPEN_DISPATCH, URGENT, Line, Task
from incident.escalation.urgency import of_call
from incident.plan.plan import Do, Rule
from schemas.incident import AmbulanceState, CallParty, DispatchKind, DispatchState, Phase, Reach

# How often a step that waits for the car to stop looks again.
_LOOK_AGAIN_S = 5.0
# A device's first positions come within some seconds: until then the car counts as driving. One that has lost its GPS
# must not silence us for longer.
_SPEED_COMES_WITHIN_S = 20.0

# Who rang us usually knows by then that a person is coming: whether they are still there is asked so often.
_SPEAKS_LONG_S = 60.0

# The contact hears that we cannot reach the driver, so who may be speaking to us just now is given this long.
# Voicemail picks up too, and must not silence the plan.
_MAY_SPEAK_S = 30.0

# What still runs once an operator has taken the incident over.
_EVEN_WHEN_TAKEN = frozenset({Do.OFFER_HELP, Do.SEND_HELP, Do.ASK_AMBULANCE})

# What would wake somebody, and is left for the morning in quiet hours.
_WAKES = frozenset({Do.PUSH, Do.SMS, Do.CALL_DRIVER, Do.CALL_CONTACT})


def start(draft: Draft) -> None:
    """Begin the present rule: what is due at once is done, the rest is put on timers."""
    draft.change(plan_from=draft.at, steps_done=())
    pausing.let_go(draft)
    generation = draft.state.generation
    for index, step in enumerate(draft.rule.steps):
        if step.after_s == 0 and step.do is Do.CALL_DRIVER and draft.state.driver.under_way:
            # Raised while the phone rings: that call is the first one.
            draft.change(steps_done=(*draft.state.steps_done, index))
            continue
        if step.after_s == 0 and not step.wait_until_stopped:
            _come_due(draft, index)
        else:
            draft.do(SetTimer(f"step:{generation}:{index}", draft.after(step.after_s)))


def stop(draft: Draft) -> None:
    """End the ladder: its timers are cleared, and fenced in case one is firing just now."""
    draft.change(generation=draft.state.generation + 1)
    # A new ladder rings at once: its first call is about something that has just happened.
    draft.change(driver=replace(draft.state.driver, wanted=False, ended_at=None))
    draft.change(contact=replace(draft.state.contact, wanted=False))
    draft.do(ClearTimers("step:"), ClearTimers("again:"))


def restart(draft: Draft) -> None:
    """Begin anew with the rule now in force."""
    stop(draft)
    start(draft)


def change_rule(draft: Draft, name: str) -> None:
    """Begin anew with another rule, whatever was answered before."""
    draft.note("raised", rule=name, before=draft.state.rule)
    pausing.end(draft, "raised")
    draft.change(phase=Phase.REACHING, rule=name, answer=None, help_refused=(), before_answer=None)
    for party in (CallParty.DRIVER, CallParty.CONTACT):
        line = draft.state.line(party)
        if line.under_way:
            # It may still wait behind calls that are less urgent than it has become.
            draft.do(RankCall(party, line.attempts, of_call(draft.rule.occasions, party, line.attempts)))
    restart(draft)


def go_by(draft: Draft, name: str) -> None:
    """Go on by the rule for another road: nothing new has happened, so its clock runs on and what was done is done."""
    draft.note("rule_for_road", rule=name, before=draft.state.rule)
    done = Counter(_what(draft.rule, index) for index in draft.state.steps_done)
    draft.change(rule=name)
    _plan_anew(draft, done)


def go_on(draft: Draft) -> None:
    """Take the rule in force up again where it was left: what was done is done, what is overdue is made up for."""
    done = Counter(_what(draft.rule, index) for index in draft.state.steps_done)
    _plan_anew(draft, done)
    for party in (CallParty.DRIVER, CallParty.CONTACT):
        line = draft.state.line(party)
        if line.wanted and draft.state.phase is Phase.REACHING and not pausing.hold_call(draft, party):
            call(draft, party, line.rank)


def resume(draft: Draft, why: str, *, operator: str | None = None) -> None:
    """End the pause, if there is one: what became due meanwhile is done now, in its order."""
    pause = pausing.end(draft, why, operator=operator)
    if pause is None:
        return
    if draft.state.phase is Phase.REACHING:
        for party in pause.owed:
            line = draft.state.line(party)
            if line.wanted:
                call(draft, party, line.rank)
    for index in pause.held:
        if index not in draft.state.steps_done:
            _come_due(draft, index)


def _plan_anew(draft: Draft, done: Counter[tuple[str, ...]]) -> None:
    """Set the steps of the rule in force that are not among those done, on the clock that runs."""
    draft.change(generation=draft.state.generation + 1, steps_done=())
    draft.do(ClearTimers("step:"))
    pausing.let_go(draft, calls=False)
    overdue: list[int] = []
    for index, step in enumerate(draft.rule.steps):
        due_at = draft.state.plan_from + timedelta(seconds=step.after_s * draft.plan.scale)
        if done[_what(draft.rule, index)] > 0:
            done[_what(draft.rule, index)] -= 1
            draft.change(steps_done=(*draft.state.steps_done, index))
        elif due_at <= draft.at and not step.wait_until_stopped:
            overdue.append(index)
        else:
            draft.do(SetTimer(f"step:{draft.state.generation}:{index}", max(due_at, draft.at)))
    for index in overdue:
        _come_due(draft, index)


def _what(rule: Rule, index: int) -> tuple[str, ...]:
    """What a step does, so far as one of another rule may stand for it: other words or other help are another step."""
    match rule.steps[index].do:
        case Do.PUSH | Do.SMS as do:
            return do, rule.template
        case Do.OFFER_HELP | Do.SEND_HELP as do:
            return do, rule.help or "none"
        case do:
            return (do,)


def on_step_due(draft: Draft, event: StepDue) -> None:
    """Carry out a step that has come due, or hold it while the car still moves or the night is quiet."""
    if event.generation != draft.state.generation or event.step in draft.state.steps_done:
        return
    step = draft.rule.steps[event.step]
    if draft.state.phase is Phase.HELPING and step.do not in _EVEN_WHEN_TAKEN:
        return
    look_at = _held_until(draft, event) if step.wait_until_stopped else None
    if look_at is not None:
        draft.do(SetTimer(f"step:{event.generation}:{event.step}", look_at))
        return
    if pausing.holds(draft, step.do) or not missed.put_off(draft, event):
        _come_due(draft, event.step)


def _come_due(draft: Draft, index: int) -> None:
    """Carry out a step whose time has come, unless something speaks against it now."""
    step = draft.rule.steps[index]
    if draft.state.phase is Phase.HELPING and step.do not in _EVEN_WHEN_TAKEN:
        return
    if pausing.holds(draft, step.do):
        pausing.hold_step(draft, index)
        return
    look_at = _driver_speaks_until(draft, step.after_s) if step.do is Do.CALL_CONTACT else None
    if look_at is not None:
        draft.do(SetTimer(f"step:{draft.state.generation}:{index}", look_at))
        return
    _do(draft, index)


def _held_until(draft: Draft, event: StepDue) -> datetime | None:
    """When to look again whether the car stands; None if it does, or if its speed stays unknown."""
    look_at = draft.after(_LOOK_AGAIN_S)
    if event.moving is not None:
        return look_at if event.moving else None
    known_by = draft.state.plan_from + timedelta(seconds=_SPEED_COMES_WITHIN_S * draft.plan.scale)
    return min(look_at, known_by) if draft.at < known_by else None


def speaks_with_us(draft: Draft) -> bool:
    """Whether the driver, or their voicemail, is on a line of ours or theirs."""
    return draft.state.driver.answered or CallParty.DRIVER in draft.state.callers.values()


def _driver_speaks_until(draft: Draft, after_s: float) -> datetime | None:
    """When to look again whether the driver still speaks with us; None if not, or if it has been for long."""
    if not speaks_with_us(draft):
        return None
    planned_at = draft.state.plan_from + timedelta(seconds=after_s * draft.plan.scale)
    since = max(planned_at, draft.state.driver.began_at or planned_at)
    until = since + timedelta(seconds=_MAY_SPEAK_S * draft.plan.scale)
    return min(draft.after(_LOOK_AGAIN_S), until) if draft.at < until else None


def is_planned(draft: Draft, index: int) -> bool:
    """Whether a step of the rule in force is still to come as things stand."""
    steps = draft.rule.steps
    if not 0 <= index < len(steps) or index in draft.state.steps_done or draft.state.answer is not None:
        return False
    return draft.state.phase is Phase.REACHING or steps[index].do in _EVEN_WHEN_TAKEN


def is_help(do: Do) -> bool:
    """Whether a step sends somebody."""
    return do in (Do.OFFER_HELP, Do.SEND_HELP)


def do_now(draft: Draft, index: int, operator: str) -> None:
    """Carry a step out by an operator's order: neither the night nor a pause keeps it."""
    _do(draft, index, operator=operator)


def _do(draft: Draft, index: int, *, operator: str | None = None) -> None:
    rule, do = draft.rule, draft.rule.steps[index].do
    wakes = do in _WAKES and operator is None
    morning = draft.plan.quiet_until(rule, draft.at) if wakes else None
    if morning is not None:
        draft.note("left_for_morning", step=do, until=morning.isoformat())
        draft.do(SetTimer(f"step:{draft.state.generation}:{index}", morning))
        return
    draft.change(steps_done=(*draft.state.steps_done, index))
    match do:
        case Do.PUSH:
            draft.do(Message("push", rule.template))
        case Do.SMS:
            draft.do(Message("sms", rule.template))
        case Do.CALL_DRIVER:
            reach_driver(draft)
        case Do.CALL_CONTACT:
            if draft.state.reach is not Reach.TEXT or not draft.state.contact.attempts:
                call(draft, CallParty.CONTACT)
        case Do.ALARM_OPERATOR:
            alarm(draft, Task.TAKE, reason="plan")
        case Do.LIST_CALL_BACK:
            alarm(draft, Task.CALL_BACK, reason="plan")
        case Do.ASK_AMBULANCE:
            ask_ambulance(draft)
        case Do.OFFER_HELP | Do.SEND_HELP:
            if rule.help is not None and rule.help not in draft.state.help_refused:
                request_help(draft, rule.help, operator=operator)


def reach_driver(draft: Draft) -> None:
    """Ring the driver, or write to one who cannot hear or speak, and tell somebody near them early."""
    if draft.state.reach is not Reach.TEXT:
        call(draft, CallParty.DRIVER)
        return
    draft.do(Message("sms", "reach_text"))
    if not draft.state.contact.attempts:
        call(draft, CallParty.CONTACT)


def call(draft: Draft, party: CallParty, rank: int = 1, *, at_once: bool = False) -> None:
    """Ring somebody; while an earlier attempt is under way, or just over, ring again a while after it has ended.

    Who is on the line by a call of their own is rung when that has ended. `rank` says which of the emergency
    contacts, from 1. `at_once`: a person at our end waits for it, or they have just hung up.
    """
    line = draft.state.line(party)
    on_line = party in draft.state.callers.values() and not at_once
    if on_line:
        draft.do(SetTimer(f"again:{party}", draft.after(_SPEAKS_LONG_S)))
    if line.under_way or on_line:
        _set_line(draft, party, replace(line, wanted=True))
        return
    # The line is left free in between, so that the fire station reaches it too.
    pause = timedelta(seconds=draft.plan.calls.attempts_pause_s * draft.plan.scale)
    paused = line.ended_at is not None and draft.at < line.ended_at + pause
    if party is CallParty.DRIVER and line.ended_at is not None and paused and not at_once:
        _set_line(draft, party, replace(line, wanted=True))
        draft.do(SetTimer(f"again:{party}", line.ended_at + pause))
        return
    attempt = line.attempts + 1
    _set_line(draft, party, Line(attempt, under_way=True, rank=rank, began_at=draft.at))
    priority = of_call(draft.rule.occasions, party, attempt)
    draft.do(PlaceCall(party, attempt, draft.plan.calls.ring_s, priority, rank))
    watch_call(draft, party)


def call_later(draft: Draft, party: CallParty, rank: int) -> None:
    """Ring somebody once the driver has had time to speak with us."""
    _set_line(draft, party, replace(draft.state.line(party), wanted=True, rank=rank))
    draft.do(SetTimer(f"again:{party}", draft.after(_MAY_SPEAK_S)))


def end_call(draft: Draft, party: CallParty, attempt: int) -> None:
    """An attempt is over: the next one, if it was due meanwhile, follows after the pause."""
    line = draft.state.line(party)
    if line.attempts != attempt or not line.under_way:
        return
    reaching = draft.state.phase is Phase.REACHING
    owed = line.wanted and not (reaching and draft.state.pause is None)
    _set_line(
        draft, party, Line(attempt, wanted=owed, rank=line.rank, began_at=line.began_at, ended_at=draft.at)
    )
    draft.do(ClearTimers(f"giveup:{party}:"))
    if line.wanted and reaching and not pausing.hold_call(draft, party):
        call(draft, party)


def nobody_there(draft: Draft, party: CallParty) -> None:
    """The policyholder named fewer contacts than the plan would try: this was no attempt."""
    line = draft.state.line(party)
    there = line.rank - 1
    _set_line(draft, party, Line(line.attempts - 1, rank=there, began_at=line.began_at, ended_at=draft.at))
    draft.do(ClearTimers(f"giveup:{party}:"))
    draft.note("no_further_contact", contacts=there)


def pick_up(draft: Draft, party: CallParty, attempt: int) -> None:
    """Somebody or something has picked up."""
    line = draft.state.line(party)
    if line.attempts == attempt and line.under_way:
        _set_line(draft, party, replace(line, answered=True))


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
    watch_tasks(draft)


def watch_tasks(draft: Draft) -> None:
    """Come back to the tasks that wait: within the take-by time until every round of the desk was rung."""
    climbs = bool(URGENT & set(draft.state.tasks)) and draft.state.alarm_level < len(draft.plan.desk.rounds)
    due_at = draft.after(draft.rule.take_by_s if climbs else draft.plan.help.remind_s)
    if draft.state.call_back_by is not None:
        due_at = min(due_at, max(draft.state.call_back_by, draft.after(1)))
    if draft.state.remind_at is None or due_at < draft.state.remind_at:
        draft.change(remind_at=due_at)
        draft.do(SetTimer("remind", due_at))


def promise_call_back(draft: Draft, *, reason: str) -> None:
    """Somebody was told that a person will call them: a task whose telephones ring too, though not at once."""
    if draft.state.call_back_by is None:
        draft.change(call_back_by=draft.after(draft.plan.desk.call_back_s))
    alarm(draft, Task.CALL_BACK, reason=reason)


def ask_ambulance(draft: Draft) -> None:
    """Ask an operator to request an ambulance: the system never dials 119 itself."""
    if draft.state.ambulance in (None, AmbulanceState.CANCELLED):
        draft.change(ambulance=AmbulanceState.NEEDED)
    if draft.state.ambulance in (AmbulanceState.NEEDED, AmbulanceState.REFUSED):
        draft.add_task(Task.REQUEST_AMBULANCE)
    draft.note("ambulance_needed")


def request_help(
    draft: Draft, kind: DispatchKind | None, *, operator: str | None = None, chosen: str | None = None
) -> None:
    """Begin a dispatch unless one of the kind is open; where none is sent by itself, an operator decides."""
    if kind is None or draft.state.dispatches.get(kind) in OPEN_DISPATCH:
        return
    draft.change(dispatches={**draft.state.dispatches, kind: DispatchState.REQUESTED})
    others = tuple(other for other in draft.state.sent_by_hand if other is not kind)
    draft.change(sent_by_hand=others if operator is None else (*others, kind))
    draft.note("dispatch_requested", dispatch=kind, operator=operator, chosen=chosen)
    draft.do(OfferNext(kind, operator=operator, chosen=chosen))


def _set_line(draft: Draft, party: CallParty, line: Line) -> None:
    if party is CallParty.DRIVER:
        draft.change(driver=line)
    else:
        draft.change(contact=line)
