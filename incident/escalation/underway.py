"""The watch over a unit that has accepted: that it sets off, arrives, and is well on the scene. Pure.

Each timer is fenced by the unit it names and by the moment it was set for, so one that is late or
doubled says nothing of a unit that has acted, told a new time, or taken over meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from incident.dispatch.states import centre_of
from incident.escalation import desk, ladder
from incident.escalation.draft import Draft
from incident.escalation.effects import ClearTimers, Message, OfferNext, RemindUnit, SetTimer, WithdrawOffers
from incident.escalation.events import DepartDue, EtaChanged, LateDue, SafetyDue, UnitSafe
from incident.escalation.state import Task, Work
from schemas.incident import DispatchKind, DispatchState, Phase

# How long a unit has to say that it is well, once it was asked.
SAY_SAFE_S: Final = 120.0

_COMING = (DispatchState.ACCEPTED, DispatchState.EN_ROUTE)
_THERE = (DispatchState.ON_SCENE, DispatchState.SECURED)


def watch(draft: Draft, kind: DispatchKind) -> None:
    """A unit has accepted: it must set off, and arrive about when it said."""
    work = draft.state.works.get(kind)
    if work is None:
        return
    depart_by = draft.after(draft.plan.help.depart_s)
    _change(draft, kind, depart_by=depart_by)
    draft.do(SetTimer(f"depart:{kind}:{work.unit_id}", depart_by))
    _expect(draft, kind)


def watch_again(draft: Draft, kind: DispatchKind) -> None:
    """A unit was handed over with its dispatch: what is watched of it goes on, by the times it has."""
    work, state = draft.state.works[kind], draft.state.dispatches[kind]
    if state is DispatchState.ACCEPTED:
        depart_by = max(work.depart_by or draft.at, draft.after(1))
        _change(draft, kind, depart_by=depart_by)
        draft.do(SetTimer(f"depart:{kind}:{work.unit_id}", depart_by))
    if state in _COMING:
        _expect(draft, kind)
    elif work.safe_by is not None:
        draft.do(SetTimer(f"safe:{kind}:{work.unit_id}", max(work.safe_by, draft.after(1))))


def unwatch(draft: Draft, kind: DispatchKind) -> None:
    """The unit has nothing to do with it any more."""
    draft.do(*(ClearTimers(f"{name}:{kind}:") for name in ("depart", "late", "safe")))
    desk.let_be(draft)


def arrive(draft: Draft, kind: DispatchKind) -> None:
    """The unit is there: from now on it is its own safety that is watched."""
    withdraw_offers(draft, kind)
    draft.do(ClearTimers(f"depart:{kind}:"), ClearTimers(f"late:{kind}:"))
    _ask_later(draft, kind)


def keep_watch(draft: Draft) -> None:
    """After closing: who is still on the scene is still looked after."""
    for kind, work in draft.state.works.items():
        if draft.state.dispatches.get(kind) in _THERE and work.safe_by is not None:
            draft.do(SetTimer(f"safe:{kind}:{work.unit_id}", max(work.safe_by, draft.after(1))))


def withdraw_offers(draft: Draft, kind: DispatchKind) -> None:
    """Whoever was asked beside the dispatch's unit is not needed any more."""
    if draft.state.offers.get(kind):
        draft.change(offers={**draft.state.offers, kind: ()})
        draft.do(WithdrawOffers(kind), ClearTimers(f"offer:{kind}:"))


def on_depart_due(draft: Draft, event: DepartDue) -> None:
    """A unit that accepted is not on its way: it is reminded once, and then replaced."""
    work = _of(draft, event)
    if work is None or draft.state.dispatches.get(event.kind) is not DispatchState.ACCEPTED:
        return
    if work.depart_by is None or event.at < work.depart_by:
        return
    if work.reminded:
        draft.note("unit_did_not_depart", dispatch=event.kind, unit=event.unit_id)
        draft.do(OfferNext(event.kind, expired_unit=event.unit_id))
        return
    depart_by = draft.after(draft.plan.help.depart_s)
    _change(draft, event.kind, reminded=True, depart_by=depart_by)
    draft.do(RemindUnit(event.kind, event.unit_id, "depart"))
    draft.do(SetTimer(f"depart:{event.kind}:{event.unit_id}", depart_by))
    ladder.alarm(draft, Task.TAKE, reason="not_departed", dispatch=event.kind, unit=event.unit_id)


def on_late_due(draft: Draft, event: LateDue) -> None:
    """A unit is later than it said: the driver is told, and after a while somebody else is sought."""
    work = _of(draft, event)
    if work is None or work.eta_at is None or draft.state.dispatches.get(event.kind) not in _COMING:
        return
    late_by = event.at - work.eta_at
    if not work.late and late_by >= _span(draft, draft.plan.help.late_s):
        draft.note("unit_late", dispatch=event.kind, unit=event.unit_id)
        _change(draft, event.kind, late=True)
        draft.do(*(Message(channel, "help_late", event.kind) for channel in ("push", "sms")))
        replace_at = work.eta_at + _span(draft, draft.plan.help.redispatch_s)
        draft.do(SetTimer(f"late:{event.kind}:{event.unit_id}", max(replace_at, draft.after(1))))
        ladder.alarm(draft, Task.TAKE, reason="unit_late", dispatch=event.kind, unit=event.unit_id)
    elif work.late and not work.relieved and late_by >= _span(draft, draft.plan.help.redispatch_s):
        draft.note("relief_sought", dispatch=event.kind, unit=event.unit_id)
        _change(draft, event.kind, relieved=True)
        draft.do(OfferNext(event.kind))


def on_eta_changed(draft: Draft, event: EtaChanged) -> None:
    """A unit tells a new time: the driver hears of it where it matters, and nobody else is sought."""
    work = _of(draft, event)
    if work is None or draft.state.dispatches.get(event.kind) not in _COMING or event.eta_at == work.eta_at:
        return
    draft.note(
        "dispatch_eta",
        dispatch=event.kind,
        unit=event.unit_id,
        eta_at=event.eta_at.isoformat(),
        late=work.late,
    )
    margin = _span(draft, draft.plan.help.late_s)
    told = work.late or work.eta_at is None or event.eta_at > work.eta_at + margin
    promised_at = work.promised_at or event.eta_at
    _change(draft, event.kind, eta_at=event.eta_at, promised_at=promised_at, late=False, relieved=False)
    withdraw_offers(draft, event.kind)
    _expect(draft, event.kind)
    if told:
        draft.do(*(Message(channel, "help_late", event.kind) for channel in ("push", "sms")))
    if event.eta_at >= promised_at + _span(draft, draft.plan.help.redispatch_s):
        # It has news, so nothing is done by itself; whether to wait for it is for a person to judge.
        ladder.alarm(draft, Task.TAKE, reason="unit_much_later", dispatch=event.kind, unit=event.unit_id)


def on_safety_due(draft: Draft, event: SafetyDue) -> None:
    """Nothing was heard of who works on the scene: they are asked, and then a person must look after them."""
    work = _of(draft, event)
    if work is None or work.safe_by is None or event.at < work.safe_by:
        return
    if draft.state.dispatches.get(event.kind) not in _THERE:
        return
    if not work.safe_asked:
        draft.do(RemindUnit(event.kind, event.unit_id, "confirm_safe"))
        _ask_again(draft, event.kind, SAY_SAFE_S)
        return
    _ask_again(draft, event.kind, draft.plan.help.lone_worker_s)
    if draft.state.phase is Phase.CLOSED:
        # Nobody has it any more, and no task is kept: telephones ring for it at once, and each time again.
        draft.note(
            "operator_alarmed", task=Task.TAKE, reason="lone_worker", dispatch=event.kind, unit=event.unit_id
        )
        desk.look_after(draft)
        return
    ladder.alarm(draft, Task.TAKE, reason="lone_worker", dispatch=event.kind, unit=event.unit_id)


def on_unit_safe(draft: Draft, event: UnitSafe) -> None:
    """Who works on the scene says that they are well."""
    if _of(draft, event) is None or draft.state.dispatches.get(event.kind) not in _THERE:
        return
    draft.note("unit_safe", dispatch=event.kind, unit=event.unit_id)
    desk.let_be(draft)
    _ask_later(draft, event.kind)


def _expect(draft: Draft, kind: DispatchKind) -> None:
    work = draft.state.works[kind]
    if work.eta_at is not None:
        late_at = work.eta_at + _span(draft, draft.plan.help.late_s)
        draft.do(SetTimer(f"late:{kind}:{work.unit_id}", max(late_at, draft.after(1))))


def _ask_later(draft: Draft, kind: DispatchKind) -> None:
    work = draft.state.works.get(kind)
    # A control centre looks after its own people.
    if work is not None and centre_of(work.unit_id) is None:
        _change(draft, kind, safe_asked=False)
        _set_safe(draft, kind, draft.plan.help.lone_worker_s)


def _ask_again(draft: Draft, kind: DispatchKind, seconds: float) -> None:
    _change(draft, kind, safe_asked=True)
    _set_safe(draft, kind, seconds)


def _set_safe(draft: Draft, kind: DispatchKind, seconds: float) -> None:
    safe_by = draft.after(seconds)
    _change(draft, kind, safe_by=safe_by)
    draft.do(SetTimer(f"safe:{kind}:{draft.state.works[kind].unit_id}", safe_by))


def _of(draft: Draft, event: DepartDue | LateDue | EtaChanged | SafetyDue | UnitSafe) -> Work | None:
    work = draft.state.works.get(event.kind)
    return work if work is not None and work.unit_id == event.unit_id else None


def _change(draft: Draft, kind: DispatchKind, **fields: Any) -> None:
    works = draft.state.works
    draft.change(works={**works, kind: replace(works[kind], **fields)})


def _span(draft: Draft, seconds: float) -> timedelta:
    return timedelta(seconds=seconds * draft.plan.scale)
