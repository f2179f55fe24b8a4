"""What differs between two plans is said in words, rule by rule."""

from __future__ import annotations

from importlib import resources

import pytest

from incident.plan.diff import differences
from incident.plan.plan import read_plan

DEFAULT = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")


def lines(*pairs: tuple[str, str]) -> list[str]:
    toml = DEFAULT
    for old, new in pairs:
        assert old in toml, old
        toml = toml.replace(old, new, 1)
    return differences(read_plan(DEFAULT), read_plan(toml))


def test_a_plan_does_not_differ_from_itself() -> None:
    assert lines() == []
    assert lines(("# The escalation plan", "# Our escalation plan")) == []


def test_steps_of_a_rule() -> None:
    general = DEFAULT.index('name = "severe"\n')
    toml = DEFAULT[:general] + DEFAULT[general:].replace(
        '{ after_s = 60, do = "call_contact" },\n  { after_s = 90, do = "send_help" }',
        '{ after_s = 45, do = "call_contact" },\n  { after_s = 45, do = "sms", wait_until_stopped = true }',
        1,
    )
    assert differences(read_plan(DEFAULT), read_plan(toml)) == [
        "severe: + sms at 45 s once stopped; call_contact 60 s → 45 s; − send_help at 90 s"
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("ring_s = 14 ", "ring_s = 12 ", "calls: ring_s 14 → 12"),
        ("[30, 80, 150]", "[20, 80]", "help: widen_km [30, 80, 150] → [20, 80]"),
        (
            '"supervisor", "second_site"]',
            '"supervisor"]',
            "desk: rounds [taker_or_free, all, supervisor, second_site] → [taker_or_free, all, supervisor]",
        ),
        ("connect = true", "connect = false", "severe: connect yes → no"),
        ("contacts = 2", "contacts = 3", "severe_expressway: contacts 2 → 3"),
        ('drives_on = "light"\n', "", "moderate: drives_on light → none"),
        ("take_by_s = 20\nconnect", "connect", ""),
        (
            "[languages]",
            '[quiet]\nfrom = "22:00"\nto = "07:00"\n[languages]',
            "quiet: + from 22:00, to 07:00, occasions [light]",
        ),
    ],
)
def test_what_else_a_plan_says(old: str, new: str, line: str) -> None:
    assert lines((old, new)) == ([line] if line else [])


def test_rules_that_come_go_and_change_places() -> None:
    renamed = lines(('name = "call"', 'name = "inbound"'))
    assert renamed == [
        "− rule call",
        "+ rule inbound: for call; alarm_operator at 0 s; list_call_back at 60 s",
        "occasion call: rule call → inbound",
    ]
    plan = read_plan(DEFAULT)
    head, *rules = DEFAULT.split("[[rules]]\n")
    swapped = "[[rules]]\n".join([head, *rules[:-2], rules[-1] + "\n", rules[-2]])
    assert differences(plan, read_plan(swapped))[0].startswith("weight: severe_expressway > severe > ")


def test_an_occasion_on_an_expressway_that_goes_elsewhere() -> None:
    without = DEFAULT.replace('for = ["late"]\nroad = "expressway"', 'for = ["call"]\nroad = "expressway"')
    said = differences(read_plan(DEFAULT), read_plan(without))
    assert "occasion late on an expressway: rule late_expressway → late" in said
    assert "occasion call on an expressway: rule call → late_expressway" in said
