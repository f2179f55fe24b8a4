"""A plan that is to be activated is judged more strictly than one that was, and what is unwise is said."""

from __future__ import annotations

from importlib import resources

import pytest

from incident.plan.check import judge
from incident.plan.plan import PlanError, read_plan

DEFAULT = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")


def changed(*pairs: tuple[str, str]) -> str:
    toml = DEFAULT
    for old, new in pairs:
        assert old in toml, old
        toml = toml.replace(old, new)
    return toml


def test_nothing_is_unwise_in_the_default_plan() -> None:
    assert judge(DEFAULT).warnings == ()


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("ring_s = 14 ", "ring_s = 31 ")], "calls, ring_s: must be 30 or less: voicemail"),
        (
            [('help = "none"', 'help = "guard"'), ('do = "call_contact"', 'do = "send_help"')],
            "nobody may walk there",
        ),
        (
            [
                ('for = ["very_severe", "severe", ', 'for = ["moderate", '),
                ('for = ["moderate"]', 'for = ["very_severe", "severe"]'),
            ],
            "a severe impact would never raise a moderate one",
        ),
    ],
)
def test_a_new_plan_is_refused_where_a_stored_one_still_reads(
    pairs: list[tuple[str, str]], words: str
) -> None:
    toml = changed(*pairs)
    assert read_plan(toml)
    with pytest.raises(PlanError) as caught:
        judge(toml)
    assert words in str(caught.value)
    assert all(fault.line for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("pairs", "place", "words"),
    [
        ([("ring_s = 14 ", "ring_s = 20 ")], "calls, ring_s", "14 is safer"),
        ([("attempts_pause_s = 15", "attempts_pause_s = 5")], "calls, attempts_pause_s", "fire station"),
        (
            [('"all", "supervisor", "second_site"]', '"all"]')],
            "desk, rounds",
            "add supervisor or second_site",
        ),
        ([(', "phone_crash"', "")], "plan", 'no rule is for phone_crash: "severe" serves it'),
        (
            [('{ after_s = 0, do = "call_driver" }', '{ after_s = 11, do = "call_driver" }')],
            'rule "severe", steps',
            "within 10 s",
        ),
        (
            [('{ after_s = 0, do = "alarm_operator" }', '{ after_s = 61, do = "alarm_operator" }')],
            'rule "severe", steps',
            "no operator within 60 s",
        ),
        ([('  { after_s = 90, do = "send_help" },\n', "")], 'rule "severe", steps', "help is never sent"),
        (
            [('  { after_s = 30, do = "ask_ambulance" },\n', "")],
            'rule "severe", steps',
            "request an ambulance",
        ),
        ([("connect = true", "connect = false")], 'rule "severe", connect', "talks to a machine"),
        (
            [("take_by_s = 20\nconnect", "take_by_s = 90\nconnect")],
            'rule "severe", take_by_s',
            "more than a minute",
        ),
        (
            [('  { after_s = 180, do = "offer_help" },\n]\n\n# Somebody', "]\n\n# Somebody")],
            'rule "moderate", steps',
            "neither offered nor sent",
        ),
        (
            [('{ after_s = 30, do = "call_driver" }', '{ after_s = 20, do = "call_driver" }')],
            'rule "severe", step 4, after_s',
            "will wait: the call at 0 s may ring for 14 s",
        ),
        (
            [('{ after_s = 60, do = "call_contact" }', '{ after_s = 25, do = "call_contact" }')],
            'rule "severe", step 7, after_s',
            "comes before the step above",
        ),
        (
            [('words = "light"', 'words = "lite"')],
            'rule "light_expressway", words',
            'no sms is worded for "lite"',
        ),
        ([('name = "trouble"', 'name = "bother"')], 'rule "bother", name', 'no push is worded for "bother"'),
        ([('help = "roadside"', 'help = "none"')], 'rule "trouble", help', "do nothing"),
        (
            [('  { after_s = 60, do = "call_contact" },\n', "")],
            'rule "severe", contacts',
            "no step calls a contact",
        ),
        (
            [
                (
                    'for = ["very_severe", "severe", "long_press", "phone_crash"]\nroad',
                    'for = ["very_severe", "severe", "phone_crash"]\nroad',
                )
            ],
            'rule "severe", for',
            "long_press on an expressway has no rule of its own",
        ),
    ],
)
def test_what_is_unwise_is_said_with_its_place(pairs: list[tuple[str, str]], place: str, words: str) -> None:
    warnings = judge(changed(*pairs)).warnings
    assert [warning for warning in warnings if warning.place == place and words in warning.words], warnings
    assert all(warning.line for warning in warnings if warning.place != "plan")
