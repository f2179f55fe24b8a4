"""A pause of the plan: what would happen by itself meanwhile is kept, in its order. Pure.

Whoever is called to a task, the desk's telephones, and the watch over units are no part of it: they go on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from incident.escalation.draft import Draft
from incident.escalation.effects import ClearTimers
from incident.escalation.state import Pause
from incident.plan.plan import Do
from schemas.incident import CallParty

LONGEST_S: Final = 30 * 60
USUAL_S: Final = 5 * 60

# What only tells operators of something goes on: a pause must not hide it from them.
_EVEN_IN_A_PAUSE: Final = frozenset({Do.ALARM_OPERATOR, Do.LIST_CALL_BACK, Do.ASK_AMBULANCE})


def holds(draft: Draft, do: Do) -> bool:
    """Whether a step of this kind has to wait."""
    return draft.state.pause is not None and do not in _EVEN_IN_A_PAUSE


def hold_step(draft: Draft, index: int) -> None:
    """Keep a step that has come due."""
    pause = draft.state.pause
    if pause is not None and index not in pause.held:
        draft.change(pause=replace(pause, held=(*pause.held, index)))


def hold_call(draft: Draft, party: CallParty) -> bool:
    """Keep a further call that has come due; False where nothing is paused."""
    pause = draft.state.pause
    if pause is None:
        return False
    if party not in pause.owed:
        draft.change(pause=replace(pause, owed=(*pause.owed, party)))
    return True


def let_go(draft: Draft, *, calls: bool = True) -> None:
    """The steps that wait belong to a ladder that no longer runs; its calls are no longer owed either."""
    pause = draft.state.pause
    if pause is not None:
        draft.change(pause=replace(pause, held=(), owed=() if calls else pause.owed))


def end(draft: Draft, why: str, *, operator: str | None = None) -> Pause | None:
    """End the pause and say so; what it kept, None where there was none."""
    pause = draft.state.pause
    if pause is None:
        return None
    draft.change(pause=None)
    draft.do(ClearTimers("pause"))
    draft.note("plan_resumed", resumed=why, operator=operator)
    return pause
