"""Units on their way: what follows from their reports, and from operators who send or stop them. Pure."""

from __future__ import annotations

from incident import ladder
from incident.draft import Draft
from incident.effects import ClearTimers, Message, OfferNext, ShowLight, StandDown
from incident.events import DispatchMoved, OfferDue, Placed, SendHelp, StopHelp
from incident.refusal import CommandRefused
from incident.state import OPEN_DISPATCH, Task
from schemas.incident import DispatchKind, DispatchState, Phase

_THERE = (DispatchState.ON_SCENE, DispatchState.SECURED)


def on_dispatch_moved(draft: Draft, event: DispatchMoved) -> None:
    """A dispatch has changed its state."""
    draft.note(
        f"dispatch_{event.state}",
        dispatch=event.kind,
        unit=event.unit_id,
        eta_at=event.eta_at.isoformat() if event.eta_at else None,
    )
    light = draft.state.light
    draft.change(dispatches={**draft.state.dispatches, event.kind: event.state})
    draft.do(ClearTimers(f"offer:{event.kind}:"))
    if draft.state.phase is Phase.CLOSED:
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


def on_offer_due(draft: Draft, event: OfferDue) -> None:
    """A unit's time to answer is over."""
    if draft.state.dispatches.get(event.kind) is DispatchState.OFFERED:
        draft.do(OfferNext(event.kind, expired_unit=event.unit_id))


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
    if draft.state.dispatches.get(event.kind) in OPEN_DISPATCH:
        raise CommandRefused(
            "SendHelp", draft.state.phase, f"a {event.kind} is already {draft.state.dispatches[event.kind]}"
        )
    permit(draft, event.kind)
    draft.drop_task(Task.NO_UNIT)
    if draft.state.phase is Phase.SETTLING:
        draft.change(phase=Phase.HELPING)
    ladder.request_help(draft, event.kind, operator=event.operator)


def on_stop_help(draft: Draft, event: StopHelp) -> None:
    """An operator calls a unit off."""
    draft.note("help_called_off", dispatch=event.kind, operator=event.operator)
    permit(draft, event.kind)
    draft.change(help_refused=(*draft.state.help_refused, event.kind))
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
