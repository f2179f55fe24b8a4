"""What differs between two plans, in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import time
from typing import cast

from pydantic import BaseModel

from incident.plan.plan import OCCASIONS, Do, Plan, Rule, Step
from schemas.incident import RoadKind

_TABLES = ("calls", "help", "desk", "languages", "quiet")


def differences(before: Plan, after: Plan) -> list[str]:
    """One line for each table and rule that differs, in the order of the plan; none where both do the same."""
    lines = [
        f"{table}: {'; '.join(changes)}"
        for table in _TABLES
        if (changes := _fields(getattr(before, table), getattr(after, table)))
    ]
    old = {rule.name: rule for rule in before.rules}
    new = {rule.name: rule for rule in after.rules}
    lines += [f"− rule {name}" for name in old if name not in new]
    for name, rule in new.items():
        if name not in old:
            lines.append(f"+ rule {name}: for {', '.join(rule.occasions)}; {_all_steps(rule)}")
        elif changes := [*_fields(old[name], rule), *_steps(old[name], rule)]:
            lines.append(f"{name}: {'; '.join(changes)}")
    return [*lines, *_served(before, after), *_order(before, after)]


def _fields(before: BaseModel | None, after: BaseModel | None) -> list[str]:
    if before is None or after is None:
        if before is after:
            return []
        there = before or after
        return [f"{'+' if after else '−'} {_words(there.model_dump(by_alias=True) if there else {})}"]
    changes: list[str] = []
    for name, field in type(after).model_fields.items():
        if name not in ("name", "steps") and getattr(before, name) != getattr(after, name):
            changes.append(
                f"{field.alias or name} {_words(getattr(before, name))} → {_words(getattr(after, name))}"
            )
    return changes


def _words(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case time():
            return f"{value:%H:%M}"
        case tuple():
            return f"[{', '.join(map(_words, cast('tuple[object, ...]', value)))}]"
        case dict():
            fields = cast("dict[str, object]", value)
            return ", ".join(f"{key} {_words(item)}" for key, item in fields.items())
        case _:
            return str(value)


def _steps(before: Rule, after: Rule) -> Iterator[str]:
    for do in Do:
        gone = Counter(step for step in before.steps if step.do is do)
        come = Counter(step for step in after.steps if step.do is do)
        lost = sorted((gone - come).elements(), key=_when)
        won = sorted((come - gone).elements(), key=_when)
        for old, new in zip(lost, won, strict=False):
            yield f"{do} {_moment(old)} → {_moment(new)}"
        for step in lost[len(won) :]:
            yield f"− {do} at {_moment(step)}"
        for step in won[len(lost) :]:
            yield f"+ {do} at {_moment(step)}"


def _served(before: Plan, after: Plan) -> Iterator[str]:
    """Occasions that go to a rule of another name."""
    for occasion in OCCASIONS:
        usual = before.rule_of(occasion).name, after.rule_of(occasion).name
        fast = (
            before.rule_of(occasion, RoadKind.EXPRESSWAY).name,
            after.rule_of(occasion, RoadKind.EXPRESSWAY).name,
        )
        if usual[0] != usual[1]:
            yield f"occasion {occasion}: rule {usual[0]} → {usual[1]}"
        if fast[0] != fast[1] and fast != usual:
            yield f"occasion {occasion} on an expressway: rule {fast[0]} → {fast[1]}"


def _order(before: Plan, after: Plan) -> Iterator[str]:
    old = [rule.name for rule in before.rules if any(rule.name == other.name for other in after.rules)]
    new = [rule.name for rule in after.rules if rule.name in old]
    if old != new:
        yield f"weight: {' > '.join(old)} → {' > '.join(new)}"


def _all_steps(rule: Rule) -> str:
    return "; ".join(f"{step.do} at {_moment(step)}" for step in rule.steps)


def _when(step: Step) -> tuple[float, bool]:
    return step.after_s, step.wait_until_stopped


def _moment(step: Step) -> str:
    return f"{step.after_s:g} s{' once stopped' if step.wait_until_stopped else ''}"
