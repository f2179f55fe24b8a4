"""What happens next to an incident by itself, in an operator's terms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from incident.escalation.decide import decide
from incident.escalation.events import OfferDue, ReminderDue, StepDue
from incident.escalation.state import State
from incident.escalation.timers import event_of
from incident.plan.plan import Plan
from schemas.incident import CallParty


@dataclass(frozen=True, slots=True)
class Timer:
    """A row of the table of timers."""

    name: str
    due_at: datetime


def next_step(state: State, plan: Plan, timers: Iterable[Timer]) -> tuple[str, datetime] | None:
    """What comes next and when, as `steps_ahead` tells it; None where nothing will happen by itself."""
    return next(steps_ahead(state, plan, timers), None)


def steps_ahead(state: State, plan: Plan, timers: Iterable[Timer]) -> Iterator[tuple[str, datetime]]:
    """What comes and when, the next first: a step of the plan by its name there, `offer_expires`, or `remind`.

    Each timer is decided upon as if it came due in the present state: one that would do nothing,
    as when an operator has the incident, is passed over.
    """
    for timer in sorted(timers, key=lambda timer: (timer.due_at, timer.name)):
        event = event_of(timer.name, timer.due_at, moving=None, stage=_any_stage)
        decision = decide(state, event, plan)
        # A call that is wanted while another one rings is no effect yet, but a change of the state.
        if not decision.effects and replace(decision.state, steps_done=state.steps_done) == state:
            continue
        match event:
            case StepDue(step=step):
                yield str(plan.rule(state.rule).steps[step].do), timer.due_at
            case OfferDue():
                yield "offer_expires", timer.due_at
            case ReminderDue():
                yield "remind", timer.due_at
            case _:
                pass


def _any_stage(_party: CallParty, _attempt: int) -> str:
    return "placed"  # matters only to timers that are not named here
