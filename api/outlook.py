"""What happens next to an incident by itself, in an operator's terms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from incident.escalation.decide import decide
from incident.escalation.events import OfferDue, PauseDue, ReminderDue, StepDue
from incident.escalation.state import State
from incident.escalation.timers import event_of
from incident.plan.plan import Plan
from schemas.incident import CallParty


@dataclass(frozen=True, slots=True)
class Timer:
    """A row of the table of timers."""

    name: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes, and when. `id` names a step of the plan, and no other; it changes when the plan changes."""

    name: str
    due_at: datetime
    id: str | None = None


def next_step(state: State, plan: Plan, timers: Iterable[Timer]) -> Ahead | None:
    """What comes next, as `steps_ahead` tells it; None where nothing will happen by itself."""
    return next(steps_ahead(state, plan, timers), None)


def steps_ahead(state: State, plan: Plan, timers: Iterable[Timer]) -> Iterator[Ahead]:
    """What comes, the next first: a step of the plan by its name there, `offer_expires`, `remind`, or `resume`.

    Each timer is decided upon as if it came due in the present state: one that would do nothing,
    as when an operator has the incident, is passed over. What a pause keeps comes when that ends.
    """
    coming = _coming(state, plan, timers)
    # Each costs a decision, and most who ask want the first only: they are in order but for a pause.
    yield from (
        coming if state.pause is None else sorted(coming, key=lambda one: (one.due_at, one.id is not None))
    )


def _coming(state: State, plan: Plan, timers: Iterable[Timer]) -> Iterator[Ahead]:
    for timer in sorted(timers, key=lambda timer: (timer.due_at, timer.name)):
        event = event_of(timer.name, timer.due_at, moving=None, stage=_any_stage)
        decision = decide(state, event, plan)
        # A call that is wanted while another one rings is no effect yet, but a change of the state.
        if not decision.effects and replace(decision.state, steps_done=state.steps_done) == state:
            continue
        match event:
            case StepDue(step=step):
                held = state.pause is not None and step in _held(decision.state)
                due_at = max(timer.due_at, state.pause.until) if state.pause and held else timer.due_at
                yield Ahead(str(plan.rule(state.rule).steps[step].do), due_at, timer.name)
            case OfferDue():
                yield Ahead("offer_expires", timer.due_at)
            case ReminderDue():
                yield Ahead("remind", timer.due_at)
            case PauseDue() if state.pause is not None:
                yield Ahead("resume", timer.due_at)
                for step in state.pause.held:
                    name = str(plan.rule(state.rule).steps[step].do)
                    yield Ahead(name, timer.due_at, f"step:{state.generation}:{step}")
            case _:
                pass


def _held(state: State) -> tuple[int, ...]:
    return state.pause.held if state.pause is not None else ()


def _any_stage(_party: CallParty, _attempt: int) -> str:
    return "placed"  # matters only to timers that are not named here
