"""The escalation plan as a value: read from TOML, checked, and asked by `decide`.

A plan is data of the insurer, not code: versions of it are kept in the database for ever, and
an incident keeps the version it opened with. So whatever is added here has a default, and what
was allowed once can still be read; `incident.plan.check` is stricter with a plan that is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from incident.plan.file import Path, PlanError, fault_at, faults_of, lines_of, parse
from incident.plan.tables import Calls, Desk, Help, Languages, Quiet, Round, Strict, seconds
from schemas.impact import Severity
from schemas.incident import DispatchKind, RoadKind, Trigger

__all__ = [
    "Calls",
    "Desk",
    "Do",
    "Help",
    "Languages",
    "Plan",
    "PlanError",
    "Quiet",
    "Round",
    "Rule",
    "Step",
    "read_plan",
]


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


Occasion = Literal[
    "very_severe", "severe", "moderate", "light", "long_press", "short_press", "phone_crash", "call", "late"
]
OCCASIONS: Final[tuple[str, ...]] = Occasion.__args__  # type: ignore[attr-defined]
# Somebody may be dying: an operator step waits less, and no night is quiet.
GRAVE: Final = ("very_severe", "severe", "long_press", "phone_crash")
_IMPACTS: Final = ("very_severe", "severe", "moderate", "light")
# Plans older than these occasions say nothing about them.
_SERVED_BY: Final = {"phone_crash": "severe", "call": "short_press"}


Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,30}$")]
Flag = Annotated[bool, Field(strict=True)]


class Step(Strict):
    """One line of a rule: do this, so many seconds after the incident opened or was raised."""

    after_s: Annotated[float, seconds(0, 24 * 3600)]
    do: Do
    wait_until_stopped: bool = False


def _kind_of_help(value: object) -> object:
    allowed = [*DispatchKind, "none"]
    if value not in allowed:
        raise ValueError(f"Input should be {', '.join(map(repr, map(str, allowed[:-1])))} or 'none'")
    return None if value == "none" else value


class Rule(Strict):
    """The steps for some occasions, and what answers lead to.

    `help` None means that only an operator sends any. `connect`: an operator is rung as soon as
    the driver answers. `drives_on` and `silent` name the rule to go to when the car drives on
    normally, or its device falls silent after a shock.
    """

    name: Name
    occasions: Annotated[tuple[Occasion, ...], Field(alias="for", min_length=1)]
    road: Literal["general", "expressway"] | None = None
    help: Annotated[DispatchKind | None, BeforeValidator(_kind_of_help)]
    fine: Literal["close", "call_back"]
    words: Name | None = None
    take_by_s: Annotated[float, seconds(5, 600)]
    connect: Flag
    contacts_tried: Annotated[int, Field(alias="contacts", ge=1, le=3, strict=True)] = 1
    drives_on: Name | None = None
    silent: Name | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]

    @property
    def template(self) -> str:
        """The name of the words that push and SMS carry."""
        return self.words or self.name

    @property
    def is_grave(self) -> bool:
        """Whether one of its occasions may cost a life."""
        return any(occasion in GRAVE for occasion in self.occasions)

    @model_validator(mode="before")
    @classmethod
    def _by_gravity(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        fields = cast("dict[str, Any]", raw)
        listed: Any = fields.get("for")
        grave = isinstance(listed, list) and any(occasion in GRAVE for occasion in cast("list[Any]", listed))
        return {"take_by_s": 20.0 if grave else 60.0, "connect": grave} | fields

    @model_validator(mode="after")
    def _ends_with_a_person(self) -> Rule:
        if not any(step.do in (Do.ALARM_OPERATOR, Do.LIST_CALL_BACK) for step in self.steps):
            raise ValueError("no step alarms an operator: use alarm_operator or list_call_back")
        return self

    @model_validator(mode="after")
    def _lowers_impacts_only(self) -> Rule:
        if self.drives_on and any(occasion not in _IMPACTS for occasion in self.occasions):
            raise ValueError(
                "drives_on is for impacts only: who asked for help is not passed over because the car moves; "
                f"a rule with it may be for {', '.join(_IMPACTS)}"
            )
        return self


class _Document(Strict):
    calls: Calls
    help: Help
    desk: Desk = Desk()
    languages: Languages = Languages()
    quiet: Quiet | None = None
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. `scale` multiplies every delay: 0.1 runs ten times as fast."""

    calls: Calls
    help: Help
    desk: Desk
    languages: Languages
    quiet: Quiet | None
    rules: tuple[Rule, ...]
    scale: float = 1.0

    def rule(self, name: str) -> Rule:
        """The rule of that name; KeyError if the plan has none."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(name)

    def rule_for(
        self,
        trigger: Trigger,
        severity: Severity | None,
        *,
        late: bool,
        road: RoadKind = RoadKind.UNKNOWN,
    ) -> Rule:
        """The rule for an occasion: lateness first, then the press or the severity; one for its road is preferred."""
        occasion = "late" if late else str(severity if trigger is Trigger.IMPACT else trigger)
        return self.rule_of(occasion, road)

    def rule_of(self, occasion: str, road: RoadKind = RoadKind.UNKNOWN) -> Rule:
        """The same, for an occasion by its name in the plan; KeyError for one no plan knows."""
        found = {rule.road: rule for rule in self.rules if occasion in rule.occasions}
        # Where nobody knows the road, help by itself is better than none.
        for wanted in (road, None, RoadKind.GENERAL):
            if wanted in found:
                return found[wanted]
        if occasion in _SERVED_BY:
            return self.rule_of(_SERVED_BY[occasion], road)
        raise KeyError(occasion)

    def outweighs(self, heavier: str, lighter: str) -> bool:
        """Whether the first rule stands above the second."""
        names = [rule.name for rule in self.rules]
        return names.index(heavier) < names.index(lighter)

    def quiet_until(self, rule: Rule, at: datetime) -> datetime | None:
        """Until when a rule sends and rings nothing, if `at` lies in quiet hours that hold for it."""
        if self.quiet is None or not set(rule.occasions) <= set(self.quiet.occasions):
            return None
        return self.quiet.until(at)


def read_plan(toml: str, *, scale: float = 1.0) -> Plan:
    """Parse and check a plan. Raises PlanError naming every fault found, with its line."""
    raw = parse(toml)
    try:
        document = _Document.model_validate(raw)
    except ValidationError as error:
        raise PlanError(faults_of(error, toml, raw)) from error
    if found := list(_across(document)):
        lines = lines_of(toml)
        raise PlanError(fault_at(path, words, lines, raw) for path, words in found)
    return Plan(
        document.calls,
        document.help,
        document.desk,
        document.languages,
        document.quiet,
        document.rules,
        scale,
    )


def _across(document: _Document) -> Iterable[tuple[Path, str]]:
    """What is wrong between the rules, and where."""
    names = [rule.name for rule in document.rules]
    served: dict[tuple[str, str | None], str] = {}
    for number, rule in enumerate(document.rules):
        if rule.name in names[:number]:
            yield ("rules", number, "name"), "two rules have the same name"
        for occasion in rule.occasions:
            if (occasion, rule.road) in served:
                roads = f" on the road {rule.road}" if rule.road else ""
                before = served[occasion, rule.road]
                yield (
                    ("rules", number, "for"),
                    f'in more than one rule: {occasion}{roads}, also in "{before}"',
                )
            served[occasion, rule.road] = rule.name
        for key, target, heavier in (("drives_on", rule.drives_on, False), ("silent", rule.silent, True)):
            if target is None:
                continue
            if target not in names:
                yield ("rules", number, key), f'there is no rule "{target}"; there are {", ".join(names)}'
            elif (names.index(target) < number) != heavier or target == rule.name:
                way = "a heavier rule, one above this" if heavier else "a lighter rule, one below this"
                yield ("rules", number, key), f'"{target}" is not {way}'
        if document.quiet and 0 < len(set(rule.occasions) & set(document.quiet.occasions)) < len(
            rule.occasions
        ):
            words = "quiet hours hold for some of its occasions only: give the others a rule of their own"
            yield ("rules", number, "for"), words
    for occasion in OCCASIONS:
        everywhere = (occasion, None) in served or all(
            (occasion, road) in served for road in (RoadKind.GENERAL, RoadKind.EXPRESSWAY)
        )
        anywhere = any(listed == occasion for listed, _ in served)
        if not everywhere and (anywhere or occasion not in _SERVED_BY):
            only = ", except on one kind of road" if anywhere else ""
            yield (), f"no rule is for: {occasion}{only}"
