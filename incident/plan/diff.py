"""What differs between two plans, in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel

from incident.plan import words
from incident.plan.plan import OCCASIONS, Do, Plan, Rule, Step
from schemas.incident import Language, RoadKind

JA: Final = Language.JA


def differences(before: Plan, after: Plan, language: Language) -> list[str]:
    """One line for each table and rule that differs, in the order of the plan; none where both do the same."""
    lines = [
        _line(words.TABLES[table][language], changes, language)
        for table in words.TABLES
        if (changes := _fields(getattr(before, table), getattr(after, table), language))
    ]
    old = {rule.name: rule for rule in before.rules}
    new = {rule.name: rule for rule in after.rules}
    lines += [f"− {_called(rule, language)}" for name, rule in old.items() if name not in new]
    for name, rule in new.items():
        if name not in old:
            steps = [_step(step, language) for step in rule.steps]
            lines.append(_line(f"+ {_called(rule, language)}", steps, language))
        elif changes := [
            *_fields(old[name], rule, language),
            *_steps(old[name], rule, language),
        ]:
            lines.append(_line(_called(rule, language), changes, language))
    return [*lines, *_served(before, after, language), *_order(before, after, language)]


def _line(what: str, changes: Iterable[str], language: Language) -> str:
    return f"{what} — {(' / ' if language is JA else '; ').join(changes)}"


def _called(rule: Rule, language: Language) -> str:
    return f"{words.title(rule, language)} [{rule.name}]"


def _fields(before: BaseModel | None, after: BaseModel | None, language: Language) -> list[str]:
    if before is None or after is None:
        there = before or after
        if there is None:
            return []
        said = [
            f"{words.KEYS[key][language]} {words.value(key, found, language)}"
            for key, found in _keys(there).items()
        ]
        return [f"{'+' if after else '−'} {words.listed(said, language)}"]
    old = _keys(before)
    return [
        f"{words.KEYS[key][language]}: {words.value(key, old[key], language)} → {words.value(key, found, language)}"
        for key, found in _keys(after).items()
        if found != old[key]
    ]


def _keys(table: BaseModel) -> dict[str, object]:
    """What a table says, by its keys in the file; of a rule without its name and its steps."""
    return {
        field.alias or name: getattr(table, name)
        for name, field in type(table).model_fields.items()
        if name not in ("name", "steps")
    }


def _steps(before: Rule, after: Rule, language: Language) -> Iterator[str]:
    for do in Do:
        gone = Counter(step for step in before.steps if step.do is do)
        come = Counter(step for step in after.steps if step.do is do)
        lost = sorted((gone - come).elements(), key=_when)
        won = sorted((come - gone).elements(), key=_when)
        for old, new in zip(lost, won, strict=False):
            yield f"{_step(old, language)} → {_moment(new, language)}"
        for step in lost[len(won) :]:
            yield f"− {_step(step, language)}"
        for step in won[len(lost) :]:
            yield f"+ {_step(step, language)}"


def _served(before: Plan, after: Plan, language: Language) -> Iterator[str]:
    """Occasions that go to a rule of another name."""
    for name in OCCASIONS:
        usual = before.rule_of(name).name, after.rule_of(name).name
        fast = (
            before.rule_of(name, RoadKind.EXPRESSWAY).name,
            after.rule_of(name, RoadKind.EXPRESSWAY).name,
        )
        said = words.occasion(name, language)
        if usual[0] != usual[1]:
            yield f"{said}: {_by(*usual, language)}"
        if fast[0] != fast[1] and fast != usual:
            yield f"{said} ({words.ROADS['expressway'][language]}): {_by(*fast, language)}"


def _by(before: str, after: str, language: Language) -> str:
    return f"規則 {before} → {after}" if language is JA else f"rule {before} → {after}"


def _order(before: Plan, after: Plan, language: Language) -> Iterator[str]:
    old = [rule.name for rule in before.rules if any(rule.name == other.name for other in after.rules)]
    new = [rule.name for rule in after.rules if rule.name in old]
    if old != new:
        yield f"{'重い順' if language is JA else 'weight'}: {' > '.join(old)} → {' > '.join(new)}"


def _when(step: Step) -> tuple[float, bool]:
    return step.after_s, step.wait_until_stopped


def _step(step: Step, language: Language) -> str:
    return f"{words.step(step.do, language)} {_moment(step, language)}"


def _moment(step: Step, language: Language) -> str:
    stopped = ("(停車後)" if language is JA else " once stopped") if step.wait_until_stopped else ""
    return words.moment(step.after_s, language) + stopped
