"""What happens next to an incident by itself, in an operator's terms. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from incident.ladder import EVEN_WHEN_TAKEN
from incident.plan import Do, Plan
from incident.state import OPEN_DISPATCH, OfferDue, ReminderDue, State, StepDue
from incident.timers import event_of
from schemas.incident import CallParty, Phase


@dataclass(frozen=True, slots=True)
class Timer:
    """A row of the table of timers."""

    name: str
    generation: int
    due_at: datetime


def next_step(state: State, plan: Plan, timers: Iterable[Timer]) -> tuple[str, datetime] | None:
    """What comes next and when: a step of the plan by its name there, `offer_expires`, or `remind`.

    None where nothing will happen by itself. A step that will be passed over, because an
    operator has taken the incident or help was refused, does not count.
    """
    for timer in sorted(timers, key=lambda timer: timer.due_at):
        event = event_of(timer.name, timer.due_at, moving=None, stage=_any_stage)
        match event:
            case StepDue(generation=generation, step=index) if generation == state.generation:
                do = plan.rule(state.rule).steps[index].do
                if _will_be_done(do, state, plan):
                    return str(do), timer.due_at
            case OfferDue():
                return "offer_expires", timer.due_at
            case ReminderDue() if state.tasks and state.taken_by is None:
                return "remind", timer.due_at
            case _:
                pass
    return None


def _any_stage(_party: CallParty, _attempt: int) -> str:
    return "placed"  # matters only to timers that are not named here


def _will_be_done(do: Do, state: State, plan: Plan) -> bool:
    if state.phase is Phase.HELPING and do not in EVEN_WHEN_TAKEN:
        return False
    if do in (Do.OFFER_HELP, Do.SEND_HELP):
        coming = state.dispatches.get(plan.rule(state.rule).help)
        return not state.help_refused and coming not in OPEN_DISPATCH
    return True
