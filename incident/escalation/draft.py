"""A decision while it is being made: the state so far, and what was collected on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from incident.escalation.effects import Decision, Effect, Note
from incident.escalation.state import URGENT, State, Task
from incident.plan.plan import Plan, Rule


class Draft:
    """Collects effects and notes; lives only within one call of `decide`."""

    def __init__(self, state: State, plan: Plan, at: datetime) -> None:
        self.state, self.plan, self.at = state, plan, at
        self._effects: list[Effect] = []
        self._notes: list[Note] = []

    @property
    def rule(self) -> Rule:
        """The plan's rule in force."""
        return self.plan.rule(self.state.rule)

    def after(self, seconds: float) -> datetime:
        """So many seconds from now, by the plan's clock."""
        return self.at + self.span(seconds)

    def span(self, seconds: float) -> timedelta:
        """So many seconds of the plan's clock."""
        return timedelta(seconds=seconds * self.plan.scale)

    def change(self, **fields: Any) -> None:
        """Replace fields of the state."""
        self.state = replace(self.state, **fields)

    def do(self, *effects: Effect) -> None:
        """Ask for effects, in order."""
        self._effects.extend(effects)

    def note(self, kind: str, **data: str | float | bool | None) -> None:
        """Write a line into the record."""
        self._notes.append(Note(kind, {key: value for key, value in data.items() if value is not None}))

    def add_task(self, task: Task) -> None:
        """Leave something to an operator, once."""
        if task not in self.state.tasks:
            self.change(tasks=(*self.state.tasks, task))

    def drop_task(self, *tasks: Task) -> None:
        """Something no longer waits for an operator."""
        self.change(tasks=tuple(task for task in self.state.tasks if task not in tasks))
        if Task.CALL_BACK in tasks:
            self.change(call_back_by=None)
        if not URGENT & set(self.state.tasks):
            self.change(alarm_level=0, remind_at=None)

    def decision(self) -> Decision:
        """What was decided."""
        return Decision(self.state, tuple(self._effects), tuple(self._notes))
