"""What a new plan may not do although it could be read, and what is unwise in it. Pure.

A plan that is stored was once accepted and is only read; one that is to be activated is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from incident.plan.file import Fault, Path, fault_at, lines_of, parse
from incident.plan.plan import GRAVE, OCCASIONS, Do, Plan, PlanError, Rule, read_plan
from incident.plan.tables import Round
from incident.wording import Facts, text
from schemas.incident import DispatchKind, Language, RoadKind

_VOICEMAIL: Final = "voicemail answers after 15 to 20 s, and a call it took tells us nothing"
_BY_WEIGHT: Final = ("very_severe", "severe", "moderate", "light")
_FIRST_CALL_WITHIN_S: Final = 10.0
_OPERATOR_WITHIN_S: Final = 60.0

Finding = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A plan that may be activated, and what is unwise in it."""

    plan: Plan
    warnings: tuple[Fault, ...]


def judge(toml: str) -> Judged:
    """Read a plan that is new. Raises PlanError naming every fault, with its line."""
    plan = read_plan(toml)
    raw, lines = parse(toml), lines_of(toml)
    if found := [fault_at(path, words, lines, raw) for path, words in _refused(plan)]:
        raise PlanError(found)
    warnings = [fault_at(path, words, lines, raw) for path, words in _unwise(plan)]
    return Judged(plan, tuple(sorted(warnings, key=lambda fault: fault.line or 0)))


def _refused(plan: Plan) -> Iterator[Finding]:
    if plan.calls.ring_s > 30:
        yield ("calls", "ring_s"), f"must be 30 or less: {_VOICEMAIL} (got {plan.calls.ring_s:g})"
    for road in (RoadKind.UNKNOWN, RoadKind.EXPRESSWAY):
        ranks = [plan.rules.index(plan.rule_of(severity, road)) for severity in _BY_WEIGHT]
        for heavier, lighter, above, below in zip(_BY_WEIGHT, _BY_WEIGHT[1:], ranks, ranks[1:], strict=False):
            if above > below:
                words = f"stands below the rule for {lighter}: a {heavier} impact would never raise a {lighter} one"
                yield ("rules", above), words
    for number, rule in enumerate(plan.rules):
        if (
            rule.road == RoadKind.EXPRESSWAY
            and rule.help is DispatchKind.GUARD
            and _first(rule, Do.SEND_HELP) is not None
        ):
            yield ("rules", number), "sends a guard to an expressway by itself: nobody may walk there"


def _unwise(plan: Plan) -> Iterator[Finding]:
    if 14 < plan.calls.ring_s <= 30:
        yield ("calls", "ring_s"), f"14 is safer: {_VOICEMAIL}"
    if plan.calls.attempts_pause_s < 10:
        yield (
            ("calls", "attempts_pause_s"),
            "leaves the fire station hardly any time to reach the phone between two calls",
        )
    if not {Round.SUPERVISOR, Round.SECOND_SITE} & set(plan.desk.rounds):
        yield (
            ("desk", "rounds"),
            "when no operator picks up, nobody else is rung: add supervisor or second_site",
        )
    for occasion in OCCASIONS:
        if not any(occasion in rule.occasions for rule in plan.rules):
            yield (), f'no rule is for {occasion}: "{plan.rule_of(occasion).name}" serves it'
    for occasion in GRAVE:
        rule = plan.rule_of(occasion, RoadKind.EXPRESSWAY)
        if rule.road is None and rule.help is DispatchKind.GUARD:
            place = ("rules", plan.rules.index(rule), "for")
            yield (
                place,
                f"{occasion} on an expressway has no rule of its own: a guard would be sent to walk there",
            )
    for number, rule in enumerate(plan.rules):
        for path, words in (*_slow(rule), *_odd(rule, plan)):
            yield ("rules", number, *path), words


def _slow(rule: Rule) -> Iterable[Finding]:
    """What comes too late, or never."""
    alarmed = _first(rule, Do.ALARM_OPERATOR)
    if not rule.is_grave:
        if rule.help is not None and "moderate" in rule.occasions and not _sends(rule):
            yield ("steps",), "help is neither offered nor sent by itself"
        return
    called = _first(rule, Do.CALL_DRIVER)
    if called is None or called > _FIRST_CALL_WITHIN_S:
        yield ("steps",), f"no call to the driver within {_FIRST_CALL_WITHIN_S:g} s"
    if alarmed is None or alarmed > _OPERATOR_WITHIN_S:
        yield ("steps",), f"no operator within {_OPERATOR_WITHIN_S:g} s"
    if rule.help is not None and _first(rule, Do.SEND_HELP) is None:
        yield (
            ("steps",),
            'help is never sent by itself: use send_help, or help = "none" where a person must decide',
        )
    if _first(rule, Do.ASK_AMBULANCE) is None:
        yield ("steps",), "nobody is asked to request an ambulance"
    if not rule.connect:
        yield ("connect",), "whoever answers talks to a machine: no operator is rung for them"
    if rule.take_by_s > _OPERATOR_WITHIN_S:
        yield ("take_by_s",), "an operator may leave it lying for more than a minute"


def _odd(rule: Rule, plan: Plan) -> Iterable[Finding]:
    """What is likely not meant."""
    called: float | None = None
    free_again_s = plan.calls.ring_s + plan.calls.attempts_pause_s
    for number, step in enumerate(rule.steps):
        if number and step.after_s < rule.steps[number - 1].after_s:
            yield ("steps", number, "after_s"), "comes before the step above it"
        if step.do is not Do.CALL_DRIVER:
            continue
        if called is not None and step.after_s - called < free_again_s:
            ringing = f"the call at {called:g} s may ring for {plan.calls.ring_s:g} s"
            pause = f"the line is then left free for {plan.calls.attempts_pause_s:g} s"
            yield ("steps", number, "after_s"), f"will wait: {ringing}, and {pause}"
        called = step.after_s
    for channel in ("push", "sms"):
        if any(step.do == channel for step in rule.steps) and not _has_words(channel, rule.template):
            key = "words" if rule.words else "name"
            yield (key,), f'no {channel} is worded for "{rule.template}": a general question is sent'
    if rule.help is None and _sends(rule):
        yield ("help",), 'nothing is sent with "none": the steps that offer or send help do nothing'
    if rule.contacts_tried > 1 and _first(rule, Do.CALL_CONTACT) is None:
        yield ("contacts",), "no step calls a contact"


def _has_words(channel: str, template: str) -> bool:
    nobody = Facts(insurer_ja="", insurer_en="")
    return text(channel, template, nobody, Language.JA) != text(channel, "", nobody, Language.JA)


def _first(rule: Rule, do: Do) -> float | None:
    return min((step.after_s for step in rule.steps if step.do is do), default=None)


def _sends(rule: Rule) -> bool:
    return any(step.do in (Do.OFFER_HELP, Do.SEND_HELP) for step in rule.steps)
