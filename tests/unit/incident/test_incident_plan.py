"""Plans are data of the insurer: what is wrong with one is said with its place in it."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from incident.plan.plan import Do, PlanError, read_plan
from schemas.impact import Severity
from schemas.incident import DispatchKind, Trigger

DEFAULT_PLAN_TOML = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")


def faults(old: str = "", new: str = "", *, toml: str = DEFAULT_PLAN_TOML) -> str:
    assert old in toml, "the example must change something"
    with pytest.raises(PlanError) as caught:
        read_plan(toml.replace(old, new, 1))
    return str(caught.value)


def test_the_default_plan_is_usable() -> None:
    plan = read_plan(DEFAULT_PLAN_TOML)
    anywhere = [rule.name for rule in plan.rules if rule.road is None]
    assert anywhere == ["severe", "late", "moderate", "call", "light", "trouble"]
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
            'after_s = 180, do = "offer_help" },\n]\n\n# Somebody rings us',
            'after_s = -1, do = "offer_help" },\n]\n\n# Somebody rings us',
            'rule "moderate", step 6, after_s:',
            "greater than or equal to 0 (got -1)",
        ),
        ('help = "roadside"', 'help = "taxi"', 'rule "trouble_expressway", help:', "or 'none' (got 'taxi')"),
        ('help = "roadside"', 'help = "taxi"', 'rule "trouble_expressway", help:', "'guard', 'roadside'"),
        ('fine = "call_back"', 'fine = "shut"', 'rule "severe_expressway", fine:', "'close' or 'call_back'"),
        ('name = "light"', 'name = "Light rule"', 'rule "Light rule", name:', "match pattern"),
        ('name = "light"\n', "", "rule 9, name:", "Field required"),
        ('for = ["light"]', 'for = ["gentle"]', 'rule "light_expressway", for:', "(got 'gentle')"),
        ('for = ["light"]', "for = []", 'rule "light_expressway", for:', "at least 1"),
        ("ring_s = 14 ", 'ring_s = "long" ', "calls, ring_s:", "(got 'long')"),
        ("ring_s = 14 ", "ring_s = 2 ", "calls, ring_s:", "(got 2)"),
        ("give_up_s = 45 ", "give_up_s = 14.5 ", "calls, give_up_s:", "greater than or equal to 15"),
        ("offer_s = 60 ", "offer_s = 5 ", "help, offer_s:", "(got 5)"),
        ("[help]", "[helpers]", "help:", "Field required"),
        ("connect = true", 'connect = "yes"', 'rule "severe", connect:', "valid boolean (got 'yes')"),
        (
            "contacts = 2",
            "contacts = 4",
            'rule "severe_expressway", contacts:',
            "less than or equal to 3 (got 4)",
        ),
        (
            "take_by_s = 20",
            "take_by_s = 2",
            'rule "severe", take_by_s:',
            "greater than or equal to 5 (got 2)",
        ),
        (
            'road = "expressway"',
            'road = "unknown"',
            'rule "severe_expressway", road:',
            "'general' or 'expressway'",
        ),
        ('silent = "severe"', 'silent = "grave"', 'rule "moderate", silent:', 'there is no rule "grave"'),
        (
            'silent = "severe"',
            'silent = "light"',
            'rule "moderate", silent:',
            '"light" is not a heavier rule',
        ),
        ('drives_on = "light"', 'drives_on = "late"', 'rule "moderate", drives_on:', "not a lighter rule"),
        (
            'drives_on = "light"',
            'drives_on = "moderate"',
            'rule "moderate", drives_on:',
            "not a lighter rule",
        ),
        ("connect = true", 'drives_on = "moderate"', 'rule "severe":', "drives_on is for impacts only"),
        ("parallel = 1 ", "parallel = 6 ", "help, parallel:", "(got 6)"),
        ("[30, 80, 150]", "[30, 30]", "help:", "widen_km must grow"),
        ("[30, 80, 150]", "[30, 0]", "help, widen_km:", "greater than 0 (got 0)"),
        ("redispatch_s = 600", "redispatch_s = 200", "help:", "not be shorter than late_s"),
        (
            '"second_site"]',
            '"night_shift"]',
            "desk, rounds:",
            "'supervisor' or 'second_site' (got 'night_shift')",
        ),
        ('"second_site"]', '"all"]', "desk:", "rounds names one of them twice"),
        ('offered = ["ja", "en"]', 'offered = ["en"]', "languages:", "default is ja, which is not offered"),
        ('offered = ["ja", "en"]', 'offered = ["fr"]', "languages, offered:", "'ja' or 'en' (got 'fr')"),
        ("after_s = 0", "after_s = inf", 'rule "severe_expressway", step 1, after_s:', "finite number"),
    ],
)
def test_a_fault_is_named_with_its_place(old: str, new: str, place: str, words: str) -> None:
    said = faults(old, new)
    assert any(_place_and_words(line).startswith(place) and words in line for line in said.splitlines()), said


def _place_and_words(line: str) -> str:
    """A fault without its line: only what is missing altogether has none."""
    found = re.fullmatch(r"line \d+: (.*)", line)
    if found is None:
        assert line.startswith(("help: Field required", "plan: "))
        return line
    return found[1]


def _line_of(toml: str, words: str) -> int:
    return next(number for number, line in enumerate(toml.splitlines(), 1) if words in line)


def test_a_fault_is_named_with_its_line() -> None:
    for old, new, marker in (
        ('do = "send_help"', 'do = "send_gurad"', "send_gurad"),
        ("offer_s = 60 ", "offer_s = 5 ", "offer_s = 5 "),
        ('name = "light"\n', 'names = "mild"\n', 'names = "mild"'),
        ('silent = "severe"', 'silent = "grave"', 'silent = "grave"'),
        ('for = ["light"]', 'for = [\n  # a remark, "quoted"\n  "gentle",\n]', '"gentle",'),
        ('drives_on = "light"', 'drives_on = 7 # "light"', "drives_on = 7"),
    ):
        toml = DEFAULT_PLAN_TOML.replace(old, new, 1)
        said = faults(toml=toml).splitlines()
        assert any(line.startswith(f"line {_line_of(toml, marker)}: ") for line in said), (marker, said)


def test_giving_up_comes_after_ringing() -> None:
    said = faults("ring_s = 14 ", "ring_s = 45 ")
    assert _place_and_words(said).startswith("calls: give_up_s must be longer")


def _without_expressway() -> str:
    """The default plan without the rules for expressways, as plans looked before they knew roads."""
    parts = re.sub(r"\n(drives_on|silent) = .*", "", DEFAULT_PLAN_TOML).split("[[rules]]\n")
    return "[[rules]]\n".join(part for part in parts if 'road = "expressway"\n' not in part)


def test_an_occasion_belongs_to_exactly_one_rule() -> None:
    assert "in more than one rule: severe" in faults('for = ["moderate"]', 'for = ["moderate", "severe"]')
    assert faults('"very_severe", ', "", toml=_without_expressway()) == "plan: no rule is for: very_severe"


def test_names_are_told_apart() -> None:
    assert "two rules have the same name" in faults('name = "light"', 'name = "moderate"')


def test_a_rule_must_end_with_a_person() -> None:
    said = faults('  { after_s = 180, do = "list_call_back" },\n', "")
    assert _place_and_words(said).startswith('rule "light_expressway": no step alarms an operator')


def test_every_fault_is_told_at_once() -> None:
    broken = DEFAULT_PLAN_TOML.replace('"send_help"', '"send"', 1).replace('"roadside"', '"taxi"', 1)
    assert len(faults(toml=broken).splitlines()) == 2


@pytest.mark.parametrize(
    "toml", ["rules = [1]", 'rules = "x"', "rules = [[]]", "", "calls = 3", "rules = [{steps = [5]}]"]
)
def test_other_shapes_are_refused_too(toml: str) -> None:
    assert faults(toml=toml)


def test_not_toml() -> None:
    assert faults(toml="calls = ").startswith("line 1: not valid TOML: ")
    assert faults(toml="[calls]\nring_s = 14\nring_s = 15\n").startswith("line 3: not valid TOML: ")
