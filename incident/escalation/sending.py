"""Dispatches: what follows from offers and reports, and from operators who send or stop units. Pure.

One dispatch has one unit at a time. A unit that is late by far keeps it until somebody else accepts:
whoever of the two arrives or accepts first has it, and the other hears that it is not needed.
"""

from __future__ import annotations

from incident.escalation import ladder, underway
from incident.escalation.commands import SendHelp, StopHelp
from incident.escalation.draft import Draft
from incident.escalation.effects import (
    ClearTimers,
    Message,
    OfferNext,
    SeekAgain,
    SetTimer,
    ShowLight,
    StandDown,
)
from incident.escalation.events import DispatchMoved, NobodyElse, OfferDue, Placed, SearchDue
from incident.escalation.refusal import CommandRefused
from incident.escalation.state import OPEN_DISPATCH, Task, Work
from incident.wording.refusals import Refusal
from schemas.incident import DispatchKind, DispatchState, Phase

_THERE = (DispatchState.ON_SCENE, DispatchState.SECURED)
_NOT_TAKEN = (DispatchState.DECLINED, DispatchState.OFFER_EXPIRED)


def on_dispatch_moved(draft: Draft, event: DispatchMoved) -> None:
    """A dispatch has changed its state, or somebody who was asked has answered."""
    kind, before = event.kind, draft.state.works.get(event.kind)
    draft.note(
        "dispatch_withdrawn" if event.withdrawn else f"dispatch_{event.state}",
        dispatch=kind,
        unit=event.unit_id,
        eta_at=event.eta_at.isoformat() if event.eta_at else None,
    )
    light = draft.state.light
    _remember(draft, event)
    if draft.state.phase is Phase.CLOSED or not draft.state.offers.get(kind):
        draft.do(ClearTimers(f"offer:{kind}:"))
    if before is not None and _holder(draft, kind) != before.unit_id:
        underway.unwatch(draft, kind)
    if draft.state.phase is Phase.CLOSED:
        return
    _follow(draft, event, before)
    if draft.state.light is not light:
        draft.do(ShowLight(draft.state.light))


def on_offer_due(draft: Draft, event: OfferDue) -> None:
    """A unit's time to answer is over."""
    asked = event.unit_id in draft.state.offers.get(event.kind, ())
    if asked or draft.state.dispatches.get(event.kind) is DispatchState.OFFERED:
        draft.do(OfferNext(event.kind, expired_unit=event.unit_id))


def on_search_due(draft: Draft, event: SearchDue) -> None:
    """Nobody was free a while ago; perhaps a unit has become free or come on shift."""
    kind, work = event.kind, draft.state.works.get(event.kind)
    if kind in draft.state.help_refused:
        return
    if draft.state.dispatches.get(kind) is DispatchState.FAILED:
        _search_later(draft, kind)
        draft.do(SeekAgain(kind))
    elif work is not None and work.relieved and not draft.state.offers.get(kind):
        draft.do(OfferNext(kind))


def on_nobody_else(draft: Draft, event: NobodyElse) -> None:
    """Nobody could come in place of a unit that is late."""
    if Task.NO_UNIT not in draft.state.tasks:
        ladder.alarm(draft, Task.NO_UNIT, reason="nobody_else", dispatch=event.kind)
    _search_later(draft, event.kind)


def on_placed(draft: Draft, event: Placed) -> None:
    """It is known where the car is."""
    draft.note("placed")
    # Nobody could be sent to an unknown place: now somebody can.
    for kind, state in draft.state.dispatches.items():
        if state is DispatchState.FAILED and kind not in draft.state.help_refused:
            draft.drop_task(Task.NO_UNIT)
            ladder.request_help(draft, kind)


def on_send_help(draft: Draft, event: SendHelp) -> None:
    """An operator sends a unit."""
    now = draft.state.dispatches.get(event.kind)
    if now in OPEN_DISPATCH:
        raise CommandRefused(
            "SendHelp", draft.state.phase, Refusal.HELP_IS_SOUGHT.of(dispatch=event.kind, state=now)
        )
    permit(draft, event.kind)
    draft.change(before_answer=None)  # an order of its own, which undoing an answer must not undo
    draft.drop_task(Task.NO_UNIT)
    if draft.state.phase is Phase.SETTLING:
        draft.change(phase=Phase.HELPING)
    ladder.request_help(draft, event.kind, operator=event.operator, chosen=event.unit_id)


def on_stop_help(draft: Draft, event: StopHelp) -> None:
    """An operator calls a unit off."""
    draft.note("help_called_off", dispatch=event.kind, operator=event.operator)
    permit(draft, event.kind)
    draft.change(help_refused=(*draft.state.help_refused, event.kind), before_answer=None)
    if draft.state.dispatches.get(event.kind) in OPEN_DISPATCH:
        draft.do(StandDown(event.kind))


def permit(draft: Draft, kind: DispatchKind) -> None:
    """This kind may be sent again."""
    draft.change(help_refused=tuple(refused for refused in draft.state.help_refused if refused is not kind))


def stand_down_all(draft: Draft) -> None:
    """Call off whoever is not there yet; who is on the scene finishes, and reports."""
    for kind, state in draft.state.dispatches.items():
        if state in OPEN_DISPATCH and state not in _THERE:
            draft.do(StandDown(kind))


def keep_off_expressway(draft: Draft) -> None:
    """Nobody is to walk there by a machine's word: a guard whom no operator sent is called off, or a person judges."""
    kind, state = DispatchKind.GUARD, draft.state.dispatches.get(DispatchKind.GUARD)
    if state not in OPEN_DISPATCH or kind in draft.state.sent_by_hand:
        return
    if _holder(draft, kind) is None:
        draft.do(StandDown(kind))
        ladder.alarm(draft, Task.NO_UNIT, reason="expressway", dispatch=kind)
        return
    # Who has accepted may be nearly there, and turning back has its own danger.
    underway.withdraw_offers(draft, kind)
    ladder.alarm(draft, Task.TAKE, reason="guard_to_expressway", dispatch=kind, unit=_holder(draft, kind))


def _follow(draft: Draft, event: DispatchMoved, before: Work | None) -> None:
    """What a dispatch's new state asks for."""
    kind = event.kind
    match event.state:
        case DispatchState.OFFERED if event.unit_id is not None:
            ladder.watch_offer(draft, kind, event.unit_id)
        case DispatchState.ACCEPTED:
            if before is not None and event.unit_id != before.unit_id:
                draft.note("unit_replaced", dispatch=kind, unit=event.unit_id, before=before.unit_id)
            draft.drop_task(Task.NO_UNIT)
            underway.watch(draft, kind)
            draft.do(*(Message(channel, "help_accepted", kind) for channel in ("push", "sms")))
        case DispatchState.EN_ROUTE:
            draft.do(ClearTimers(f"depart:{kind}:"))
        case DispatchState.ON_SCENE:
            draft.drop_task(Task.NO_UNIT)
            underway.arrive(draft, kind)
        case DispatchState.REQUESTED | DispatchState.DECLINED | DispatchState.OFFER_EXPIRED:
            if kind not in draft.state.help_refused:
                draft.do(OfferNext(kind))
        case DispatchState.FAILED:
            ladder.alarm(draft, Task.NO_UNIT, reason="no_unit", dispatch=kind)
            _search_later(draft, kind)
        case _:
            pass


def _remember(draft: Draft, event: DispatchMoved) -> None:
    """Who may still answer, who has the dispatch, and what that makes of it."""
    kind, unit, now = event.kind, event.unit_id, event.state
    works = dict(draft.state.works)
    asked = tuple(other for other in draft.state.offers.get(kind, ()) if other != unit)
    if now in _NOT_TAKEN:
        if _holder(draft, kind) == unit:
            works.pop(kind, None)
        if kind in works:
            now = draft.state.dispatches[kind]
        elif draft.state.phase is not Phase.CLOSED and kind not in draft.state.help_refused:
            now = DispatchState.OFFERED if asked else DispatchState.REQUESTED
    elif now is DispatchState.OFFERED and unit is not None:
        asked = (*asked, unit)
        now = draft.state.dispatches[kind] if kind in works else now
    elif now is DispatchState.ACCEPTED and unit is not None:
        asked, works[kind] = (), Work(unit, promised_at=event.eta_at, eta_at=event.eta_at)
    elif now not in OPEN_DISPATCH:
        asked = ()
        works.pop(kind, None)
    draft.change(
        dispatches={**draft.state.dispatches, kind: now},
        offers={**draft.state.offers, kind: asked},
        works=works,
    )


def _holder(draft: Draft, kind: DispatchKind) -> str | None:
    work = draft.state.works.get(kind)
    return work.unit_id if work is not None else None


def _search_later(draft: Draft, kind: DispatchKind) -> None:
    draft.do(SetTimer(f"search:{kind}", draft.after(draft.plan.help.remind_s)))
