"""What an operator is told will happen next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.outlook import Timer, next_step
from incident.escalation.commands import Take
from incident.escalation.decide import decide, open_incident
from incident.escalation.effects import SetTimer
from incident.escalation.events import Answered, DispatchMoved, Event, Opened
from incident.escalation.state import State
from incident.plan.in_use import default_plan
from incident.plan.plan import read_plan
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Trigger

T0 = datetime(2026, 10, 1, 3, tzinfo=UTC)
PLAN = read_plan(default_plan())


class Told:
    """An incident to which things happen, with its timers."""

    def __init__(self, severity: Severity | None, trigger: Trigger = Trigger.IMPACT) -> None:
        decision = open_incident(Opened(T0, trigger, severity), PLAN)
        self.state: State = decision.state
        self.timers: dict[str, datetime] = {}
        self._note(decision.effects)

    def happen(self, event: Event) -> None:
        decision = decide(self.state, event, PLAN)
        self.state = decision.state
        self._note(decision.effects)

    def _note(self, effects: Any) -> None:
        # Timers are only added: the outlook must do without their being cleared.
        self.timers |= {effect.name: effect.due_at for effect in effects if isinstance(effect, SetTimer)}

    @property
    def next(self) -> tuple[str, float] | None:
        timers = [Timer(name, due_at) for name, due_at in self.timers.items()]
        coming = next_step(self.state, PLAN, timers)
        return (coming.name, (coming.due_at - T0).total_seconds()) if coming else None


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("severity", "trigger", "coming"),
    [
        (Severity.SEVERE, Trigger.IMPACT, ("remind", 20)),  # an operator's time to take it
        (Severity.MODERATE, Trigger.IMPACT, ("call_driver", 10)),
        (Severity.LIGHT, Trigger.IMPACT, ("push", 0)),
        (None, Trigger.SHORT_PRESS, ("call_driver", 30)),
    ],
)
def test_at_first_it_is_the_plans_next_step(
    severity: Severity | None, trigger: Trigger, coming: tuple[str, float]
) -> None:
    assert Told(severity, trigger).next == coming


def test_once_taken_only_what_still_happens_counts() -> None:
    told = Told(Severity.MODERATE)
    told.happen(Take(after(5), "sato"))
    assert told.next == ("offer_help", 180)


def test_an_offer_runs_out_and_help_under_way_is_not_asked_for_again() -> None:
    told = Told(Severity.MODERATE)
    told.happen(Answered(after(5), Answer.HELP, CallParty.DRIVER, "app"))
    told.happen(DispatchMoved(after(5), DispatchKind.GUARD, DispatchState.OFFERED, "guard-1"))
    told.happen(Take(after(6), "sato"))
    assert told.next == ("offer_expires", 65)
    told.happen(DispatchMoved(after(10), DispatchKind.GUARD, DispatchState.ACCEPTED, "guard-1"))
    assert told.next is None


def test_operators_are_reminded_while_nobody_takes_it() -> None:
    told = Told(Severity.SEVERE)
    told.happen(Answered(after(5), Answer.FINE, CallParty.DRIVER, "app"))
    assert told.next == ("remind", 65)
    told.happen(Take(after(6), "sato"))
    assert told.next is None


def test_what_is_closed_has_no_future() -> None:
    told = Told(Severity.MODERATE)
    told.happen(Answered(after(5), Answer.FINE, CallParty.DRIVER, "app"))
    assert told.state.phase == "closed"
    assert told.next is None
