"""Plans are data of the insurer: what is wrong with one is said with its place in it."""

from __future__ import annotations

import pytest
from support.scene import DEFAULT_PLAN_TOML

from incident.plan import Do, PlanError, read_plan
from schemas.impact import Severity
from schemas.incident import DispatchKind, Trigger


def faults(old: str = "", new: str = "", *, toml: str = DEFAULT_PLAN_TOML) -> str:
    assert old in toml, "the example must change something"
    with pytest.raises(PlanError) as caught:
        read_plan(toml.replace(old, new, 1))
    return str(caught.value)


def test_the_default_plan_is_usable() -> None:
    plan = read_plan(DEFAULT_PLAN_TOML)
    assert [rule.name for rule in plan.rules] == ["severe", "late", "moderate", "light", "trouble"]
    assert plan.rule("trouble").help is DispatchKind.ROADSIDE
    assert plan.rule("light").steps[0].wait_until_stopped
    assert [step.do for step in plan.rule("severe").steps if step.after_s == 90] == [Do.SEND_HELP]
    with pytest.raises(KeyError):
        plan.rule("mild")


@pytest.mark.parametrize(
    ("trigger", "severity", "late", "rule"),
    [
        (Trigger.IMPACT, Severity.VERY_SEVERE, False, "severe"),
        (Trigger.IMPACT, Severity.SEVERE, False, "severe"),
        (Trigger.LONG_PRESS, None, False, "severe"),
        (Trigger.IMPACT, Severity.MODERATE, False, "moderate"),
        (Trigger.IMPACT, Severity.LIGHT, False, "light"),
        (Trigger.SHORT_PRESS, None, False, "trouble"),
        (Trigger.SHORT_PRESS, None, True, "late"),
        (Trigger.IMPACT, Severity.VERY_SEVERE, True, "late"),
    ],
)
def test_every_occasion_has_its_rule(
    trigger: Trigger, severity: Severity | None, late: bool, rule: str
) -> None:
    assert read_plan(DEFAULT_PLAN_TOML).rule_for(trigger, severity, late=late).name == rule


def test_a_knock_has_no_rule() -> None:
    with pytest.raises(KeyError, match="knock"):
        read_plan(DEFAULT_PLAN_TOML).rule_for(Trigger.IMPACT, Severity.KNOCK, late=False)


def test_weight_is_the_order_of_the_rules() -> None:
    plan = read_plan(DEFAULT_PLAN_TOML)
    assert plan.outweighs("severe", "moderate")
    assert plan.outweighs("moderate", "trouble")
    assert not plan.outweighs("light", "moderate")
    assert not plan.outweighs("light", "light")


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('do = "send_help"', 'do = "send_gurad"', 'rule "severe", step 8, do:', "(got 'send_gurad')"),
        ('do = "send_help"', 'did = "send_help"', 'rule "severe", step 8, do:', "Field required"),
        ('do = "send_help"', 'do = "send_help", at = 3', 'rule "severe", step 8, at:', "not permitted"),
        (
            'after_s = 180, do = "offer_help" },\n]\n\n[[rules]]\nname = "light"',
            'after_s = -1, do = "offer_help" },\n]\n\n[[rules]]\nname = "light"',
            'rule "moderate", step 6, after_s:',
            "greater than or equal to 0 (got -1)",
        ),
        ('help = "roadside"', 'help = "taxi"', 'rule "trouble", help:', "'guard' or 'roadside' (got 'taxi')"),
        ('fine = "call_back"', 'fine = "shut"', 'rule "severe", fine:', "'close' or 'call_back'"),
        ('name = "light"', 'name = "Light rule"', 'rule "Light rule", name:', "match pattern"),
        ('name = "light"\n', "", "rule 4, name:", "Field required"),
        ('for = ["light"]', 'for = ["gentle"]', 'rule "light", for:', "(got 'gentle')"),
        ('for = ["light"]', "for = []", 'rule "light", for:', "at least 1"),
        ("ring_s = 14 ", 'ring_s = "long" ', "calls, ring_s:", "(got 'long')"),
        ("ring_s = 14 ", "ring_s = 2 ", "calls, ring_s:", "(got 2)"),
        ("give_up_s = 45 ", "give_up_s = 14.5 ", "calls, give_up_s:", "greater than or equal to 15"),
        ("offer_s = 60 ", "offer_s = 5 ", "help, offer_s:", "(got 5)"),
        ("[help]", "[helpers]", "help:", "Field required"),
    ],
)
def test_a_fault_is_named_with_its_place(old: str, new: str, place: str, words: str) -> None:
    said = faults(old, new)
    assert any(line.startswith(place) and words in line for line in said.splitlines()), said


def test_giving_up_comes_after_ringing() -> None:
    assert faults("ring_s = 14 ", "ring_s = 45 ").startswith("calls: Value error, give_up_s must be longer")


def test_an_occasion_belongs_to_exactly_one_rule() -> None:
    assert "in more than one rule: severe" in faults('for = ["light"]', 'for = ["light", "severe"]')
    assert faults('"very_severe", ', "") == "plan: Value error, no rule is for: very_severe"


def test_names_are_told_apart() -> None:
    assert "two rules have the same name" in faults('name = "light"', 'name = "moderate"')


def test_a_rule_must_end_with_a_person() -> None:
    said = faults('  { after_s = 180, do = "list_call_back" },\n', "")
    assert said.startswith('rule "light": Value error, no step alarms an operator')


def test_every_fault_is_told_at_once() -> None:
    broken = DEFAULT_PLAN_TOML.replace('"send_help"', '"send"', 1).replace('"roadside"', '"taxi"')
    assert len(faults(toml=broken).splitlines()) == 2


@pytest.mark.parametrize(
    "toml", ["rules = [1]", 'rules = "x"', "rules = [[]]", "", "calls = 3", "rules = [{steps = [5]}]"]
)
def test_other_shapes_are_refused_too(toml: str) -> None:
    assert faults(toml=toml)


def test_not_toml() -> None:
    assert faults(toml="calls = ").startswith("not valid TOML: ")
