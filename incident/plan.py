"""The escalation plan as a value: read from TOML, checked, and asked by `decide`.

A plan is data of the insurer, not code: versions of it are kept in the database, and an
incident keeps the version it opened with.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.impact import Severity
from schemas.incident import DispatchKind, Trigger


class Do(StrEnum):
    """What a step of the plan does."""

    PUSH = "push"
    SMS = "sms"
    CALL_DRIVER = "call_driver"
    CALL_CONTACT = "call_contact"
    ALARM_OPERATOR = "alarm_operator"
    ASK_AMBULANCE = "ask_ambulance"
    LIST_CALL_BACK = "list_call_back"
    OFFER_HELP = "offer_help"
    SEND_HELP = "send_help"


Occasion = Literal["very_severe", "severe", "moderate", "light", "long_press", "short_press", "late"]
Seconds = Annotated[float, Field(ge=0, le=24 * 3600)]


class PlanError(ValueError):
    """A plan that cannot be used; the message names the place, what is wrong and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One line of a rule: do this, so many seconds after the incident opened or was raised."""

    after_s: Seconds
    do: Do
    wait_until_stopped: bool = False


class Rule(_Strict):
    """The steps for some occasions, and what answers lead to."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,30}$")]
    occasions: Annotated[tuple[Occasion, ...], Field(alias="for", min_length=1)]
    help: DispatchKind
    fine: Literal["close", "call_back"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _ends_with_a_person(self) -> Rule:
        if not any(step.do in (Do.ALARM_OPERATOR, Do.LIST_CALL_BACK) for step in self.steps):
            raise ValueError("no step alarms an operator: use alarm_operator or list_call_back")
        return self


class Calls(_Strict):
    """How long a call rings, and when an attempt without news is given up; seconds."""

    ring_s: Annotated[float, Field(ge=5, le=60)]
    give_up_s: Annotated[float, Field(ge=15, le=300)]

    @model_validator(mode="after")
    def _give_up_after_ringing(self) -> Calls:
        if self.give_up_s <= self.ring_s:
            raise ValueError("give_up_s must be longer than ring_s")
        return self


class Help(_Strict):
    """How long a unit may think about an offer, and when operators are reminded; seconds."""

    offer_s: Annotated[float, Field(ge=10, le=600)]
    remind_s: Annotated[float, Field(ge=10, le=600)]


class _Document(_Strict):
    calls: Calls
    help: Help
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_occasion_once(self) -> _Document:
        listed = [occasion for rule in self.rules for occasion in rule.occasions]
        wanted: tuple[str, ...] = Occasion.__args__  # type: ignore[attr-defined]
        if twice := sorted({occasion for occasion in listed if listed.count(occasion) > 1}):
            raise ValueError(f"in more than one rule: {', '.join(twice)}")
        if missing := [occasion for occasion in wanted if occasion not in listed]:
            raise ValueError(f"no rule is for: {', '.join(missing)}")
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same name")
        return self


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. `scale` multiplies every delay: 0.1 runs ten times as fast."""

    calls: Calls
    help: Help
    rules: tuple[Rule, ...]
    scale: float = 1.0

    def rule(self, name: str) -> Rule:
        """The rule of that name; KeyError if the plan has none."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(name)

    def rule_for(self, trigger: Trigger, severity: Severity | None, *, late: bool) -> Rule:
        """The rule for an occasion: lateness first, then the press or the severity."""
        occasion = "late" if late else str(severity if trigger is Trigger.IMPACT else trigger)
        for rule in self.rules:
            if occasion in rule.occasions:
                return rule
        raise KeyError(occasion)

    def outweighs(self, heavier: str, lighter: str) -> bool:
        """Whether the first rule stands above the second."""
        names = [rule.name for rule in self.rules]
        return names.index(heavier) < names.index(lighter)


def read_plan(toml: str, *, scale: float = 1.0) -> Plan:
    """Parse and check a plan. Raises PlanError naming every fault found."""
    try:
        raw: dict[str, Any] = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"not valid TOML: {error}") from error
    try:
        document = _Document.model_validate(raw)
    except ValidationError as error:
        faults = [
            f"{_place(raw, fault['loc'])}: {fault['msg']}"
            + (f" (got {fault['input']!r})" if fault["loc"] else "")
            for fault in error.errors()
        ]
        raise PlanError("\n".join(faults)) from error
    return Plan(document.calls, document.help, document.rules, scale)


def _place(raw: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """Where a fault is, in a reader's terms: `rule "severe", step 3, do`."""
    words: list[str] = []
    for index, part in enumerate(location):
        if part == "rules" and index + 1 < len(location) and isinstance(location[index + 1], int):
            number = int(location[index + 1])
            rule = raw["rules"][number]
            named = isinstance(rule, dict) and "name" in rule
            words.append(f'rule "{rule["name"]}"' if named else f"rule {number + 1}")
        elif part == "steps" and index + 1 < len(location):
            words.append(f"step {int(location[index + 1]) + 1}")
        elif isinstance(part, str) and part != "rules":
            words.append(part)
    return ", ".join(words) or "plan"
