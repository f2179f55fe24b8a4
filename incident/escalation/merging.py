"""Two incidents about the same event: one ends, and what belongs to it goes on in the other. Pure.

Whoever is on the way comes all the same: their dispatch is handed over, unless one of that kind is on its way there
already. What is only sought is sought there. docs/adr/0014 says why.
"""

from __future__ import annotations

from typing import TypeVar

from incident.escalation import answers, ladder, sending, underway
from incident.escalation.commands import AnswerFor, Merge, Take
from incident.escalation.draft import Draft
from incident.escalation.effects import ShowLight, StandDown, TakeOver, WithdrawOffers
from incident.escalation.events import Absorbed, Event, GiveWay, Handed
from incident.escalation.state import COMING, OPEN_DISPATCH, THERE, State, Task
from incident.plan.plan import Plan
from incident.wording.refusals import Refusal, Why
from schemas.incident import WELL, AmbulanceState, DispatchKind, Outcome, Phase

_Of = TypeVar("_Of")
_UNASKED = (None, AmbulanceState.NEEDED, AmbulanceState.CANCELLED)


def obstacle(one: State, other: State, plan: Plan) -> Why | None:
    """Why `one` cannot be merged into `other`; None if it can. `plan` is the other's."""
    if other.phase is Phase.CLOSED:
        return Refusal.OTHER_IS_CLOSED.of()
    if one.waiting or (one.on_line is None and (one.driver.answered or one.contact.answered or one.callers)):
        return Refusal.SOMEBODY_ON_THE_LINE.of()
    if other.phase is Phase.REACHING and one.phase is Phase.REACHING:
        rule = plan.rule_for(one.trigger, one.severity, late=False, road=other.road)
        if plan.outweighs(rule.name, other.rule):
            return Refusal.GRAVER_OF_TWO.of()
    return None


def goes_over(one: State, other: State) -> tuple[DispatchKind, ...]:
    """The dispatches of `one` that are handed over: who comes or is there, where none of the kind comes there."""
    return tuple(
        kind
        for kind, state in one.dispatches.items()
        if state in COMING and kind in one.works and other.dispatches.get(kind) not in COMING
    )


def makes_room(other: State, event: Merge) -> list[Event]:
    """What happens to the other before what is handed over gets there."""
    return [GiveWay(event.at, kind) for kind in event.handed if other.dispatches.get(kind) in OPEN_DISPATCH]


def absorbed(event: Merge, one_id: str, one: State) -> Absorbed:
    """What the other is told of the one that is merged into it."""
    sought = tuple(
        kind
        for kind, state in one.dispatches.items()
        if state in OPEN_DISPATCH and state not in COMING and kind not in one.help_refused
    )
    handed = tuple(
        Handed(kind, one.dispatches[kind], one.works[kind], kind in one.sent_by_hand) for kind in event.handed
    )
    return Absorbed(
        event.at,
        event.operator,
        one_id,
        handed,
        sought,
        one.tasks,
        one.ambulance,
        one.severity,
        one.call_back_promised,
    )


def after(one: State, other: State, absorbed: Absorbed) -> list[Event]:
    """What happens to the other: it has a person where the one had, and the answer the one had."""
    events: list[Event] = [absorbed]
    if other.taken_by is None and one.taken_by is not None:
        events.append(Take(absorbed.at, one.taken_by))
    if other.answer is None and one.answer is not None and one.answer not in WELL:
        events.append(AnswerFor(absorbed.at, absorbed.operator, one.answer))
    return events


def on_merge(draft: Draft, event: Merge) -> None:
    """It ends here and goes on there; nobody hears that it is over, and who is on the way is not turned back."""
    state = draft.state
    for kind, now in state.dispatches.items():
        if kind in event.handed:
            if state.offers.get(kind):
                draft.do(WithdrawOffers(kind))
        elif now in OPEN_DISPATCH and now not in THERE:
            draft.do(StandDown(kind))
    draft.note("merged", operator=event.operator, into=event.into, note_id=event.note_id)
    draft.change(
        dispatches=_without(state.dispatches, event.handed),
        works=_without(state.works, event.handed),
        offers=_without(state.offers, event.handed),
        merged_into=event.into,
    )
    answers.close(draft, Outcome.MERGED, operator=event.operator)


def on_give_way(draft: Draft, event: GiveWay) -> None:
    """A search is called off because somebody comes anyhow."""
    if draft.state.dispatches.get(event.kind) in OPEN_DISPATCH - COMING:
        draft.do(StandDown(event.kind))


def on_absorbed(draft: Draft, event: Absorbed) -> None:
    """Another incident goes on in this one."""
    draft.note("merged_from", operator=event.operator, incident=event.incident)
    state = draft.state
    if event.severity is not None and (state.severity is None or event.severity.rank > state.severity.rank):
        draft.change(severity=event.severity)
    light = state.light
    for handed in event.handed:
        _take_over(draft, handed, event.incident)
    for kind in event.sought:
        if kind not in state.help_refused:
            ladder.request_help(draft, kind)
    if event.ambulance is not None and state.ambulance in _UNASKED and event.ambulance not in _UNASKED:
        draft.note(f"ambulance_{event.ambulance}", operator=event.operator)
        draft.change(ambulance=event.ambulance)
        draft.drop_task(Task.REQUEST_AMBULANCE)
    for task in event.tasks:
        if task is Task.REQUEST_AMBULANCE and draft.state.ambulance not in _UNASKED:
            continue
        if task is Task.CALL_BACK and event.call_back_promised:
            draft.change(call_back_promised=True)
            ladder.promise_call_back(draft, reason="merged")
        elif task is not Task.TAKE or state.taken_by is None:
            ladder.alarm(draft, task, reason="merged")
    if draft.state.light is not light:
        draft.do(ShowLight(draft.state.light))


def _take_over(draft: Draft, handed: Handed, incident: str) -> None:
    kind, state = handed.kind, draft.state
    others = tuple(other for other in state.sent_by_hand if other is not kind)
    draft.change(
        dispatches={**state.dispatches, kind: handed.state},
        works={**state.works, kind: handed.work},
        sent_by_hand=(*others, kind) if handed.by_hand else others,
    )
    sending.permit(draft, kind)  # they come: where they cannot after all, another one is looked for
    draft.do(TakeOver(kind, incident))
    draft.note("dispatch_taken_over", dispatch=kind, unit=handed.work.unit_id, incident=incident)
    draft.drop_task(Task.NO_UNIT)
    underway.watch_again(draft, kind)


def _without(found: dict[DispatchKind, _Of], kinds: tuple[DispatchKind, ...]) -> dict[DispatchKind, _Of]:
    return {kind: value for kind, value in found.items() if kind not in kinds}
