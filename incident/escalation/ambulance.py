"""The request for an ambulance: made by a person, never dialled by the system. Pure.

Nobody hears that an ambulance is coming before the fire headquarters has accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incident.escalation import ladder
from incident.escalation.commands import AmbulanceMoved
from incident.escalation.draft import Draft
from incident.escalation.effects import Message
from incident.escalation.refusal import CommandRefused
from incident.escalation.state import Task
from incident.wording.refusals import Refusal
from schemas.incident import AmbulanceState

NEEDED, ASKED, ACCEPTED = AmbulanceState.NEEDED, AmbulanceState.ASKED, AmbulanceState.ACCEPTED
ARRIVED, REFUSED, CANCELLED = AmbulanceState.ARRIVED, AmbulanceState.REFUSED, AmbulanceState.CANCELLED

TRANSITIONS: Final[Mapping[AmbulanceState | None, frozenset[AmbulanceState]]] = {
    None: frozenset({ASKED, ACCEPTED}),
    NEEDED: frozenset({ASKED, ACCEPTED, CANCELLED}),
    ASKED: frozenset({ACCEPTED, REFUSED, CANCELLED}),
    ACCEPTED: frozenset({ARRIVED, CANCELLED}),
    REFUSED: frozenset({ASKED, CANCELLED}),
    ARRIVED: frozenset(),
    CANCELLED: frozenset({ASKED}),
}
"""What an operator may report of a request in each state; None is before anybody thought of one."""


def on_ambulance_moved(draft: Draft, event: AmbulanceMoved) -> None:
    """An operator tells how the request stands. Raises CommandRefused."""
    now = draft.state.ambulance
    if event.state is now:
        return
    if event.state not in TRANSITIONS[now]:
        refusal = Refusal.AMBULANCE_UNASKED if now is None else Refusal.AMBULANCE_IS
        raise CommandRefused(
            "AmbulanceMoved", draft.state.phase, refusal.of(ambulance=now, becomes=event.state)
        )
    draft.note(f"ambulance_{event.state}", operator=event.operator)
    draft.change(ambulance=event.state)
    if event.state is REFUSED:
        ladder.alarm(draft, Task.REQUEST_AMBULANCE, reason="ambulance_refused")
        return
    draft.drop_task(Task.REQUEST_AMBULANCE)
    if event.state is ACCEPTED:
        draft.do(Message("push", "ambulance_accepted"), Message("sms", "ambulance_accepted"))
