"""What a plan says beside its steps: roads, gravity, quiet hours, languages; and plans of earlier days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from incident.plan.file import lines_of
from incident.plan.plan import (
    OCCASIONS,
    Calls,
    Desk,
    Do,
    Help,
    Languages,
    Plan,
    PlanError,
    Quiet,
    Rule,
    read_plan,
)
from incident.wording import JAPAN_TIME
from schemas.impact import Severity
from schemas.incident import DispatchKind, RoadKind, Trigger

DEFAULT = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")

# A plan as the database keeps it from before roads, desks, quiet hours and the phone's own crash event.
EARLIER = """
[calls]
ring_s = 45
give_up_s = 60
[help]
offer_s = 60
remind_s = 60
[[rules]]
name = "severe"
for = ["very_severe", "severe", "long_press"]
help = "guard"
fine = "call_back"
steps = [ { after_s = 0, do = "alarm_operator" }, { after_s = 90, do = "send_help" } ]
[[rules]]
name = "rest"
for = ["late", "moderate", "light", "short_press"]
help = "roadside"
fine = "close"
steps = [ { after_s = 60, do = "list_call_back" } ]
"""


def plan(toml: str = DEFAULT, **changes: str) -> Plan:
    for old, new in changes.items():
        toml = toml.replace(old, new)
    return read_plan(toml)


def quiet(words: str) -> str:
    return DEFAULT.replace("[languages]", f"[quiet]\n{words}\n[languages]")


@pytest.mark.parametrize(
    ("occasion", "road", "rule"),
    [
        ("severe", RoadKind.EXPRESSWAY, "severe_expressway"),
        ("severe", RoadKind.GENERAL, "severe"),
        ("severe", RoadKind.UNKNOWN, "severe"),
        ("late", RoadKind.EXPRESSWAY, "late_expressway"),
        ("phone_crash", RoadKind.EXPRESSWAY, "severe_expressway"),
        ("phone_crash", RoadKind.UNKNOWN, "severe"),
        ("call", RoadKind.EXPRESSWAY, "call"),
        ("short_press", RoadKind.EXPRESSWAY, "trouble_expressway"),
    ],
)
def test_a_rule_for_the_road_is_preferred(occasion: str, road: RoadKind, rule: str) -> None:
    assert plan().rule_of(occasion, road).name == rule


def test_rule_for_knows_the_road() -> None:
    found = plan().rule_for(Trigger.IMPACT, Severity.SEVERE, late=False, road=RoadKind.EXPRESSWAY)
    assert found.name == "severe_expressway"
    assert plan().rule_for(Trigger.LONG_PRESS, None, late=True).name == "late"


def test_nothing_is_sent_to_an_expressway_by_itself() -> None:
    rules = [rule for rule in plan().rules if rule.road == "expressway"]
    assert len(rules) == 5
    assert all(rule.help in (None, DispatchKind.ROADSIDE) for rule in rules)


def test_two_rules_for_the_two_roads_serve_an_unknown_one_as_a_general_one() -> None:
    toml = DEFAULT.replace('name = "late"\n', 'name = "late"\nroad = "general"\n')
    assert plan(toml).rule_of("late").name == "late"


@pytest.mark.parametrize("occasion", ["moderate", "call"])
def test_a_rule_for_one_road_alone_is_a_fault(occasion: str) -> None:
    toml = DEFAULT.replace(f'for = ["{occasion}"]\nhelp', f'for = ["{occasion}"]\nroad = "expressway"\nhelp')
    with pytest.raises(PlanError) as caught:
        plan(toml)
    assert f"no rule is for: {occasion}, except on one kind of road" in str(caught.value)


def test_gravity_says_how_long_an_operator_step_waits_and_whether_one_is_connected() -> None:
    found = plan()
    assert (found.rule("severe_expressway").take_by_s, found.rule("severe_expressway").connect) == (20, True)
    assert (found.rule("moderate").take_by_s, found.rule("moderate").connect) == (60, False)
    assert found.rule("call").take_by_s == 20


def test_words_are_those_named_like_the_rule_unless_it_says_otherwise() -> None:
    assert plan().rule("severe").template == "severe"
    assert plan().rule("severe_expressway").template == "expressway"


def test_a_plan_of_earlier_days_still_reads() -> None:
    found = read_plan(EARLIER, scale=0.1)
    assert found.scale == 0.1
    assert (found.calls.ring_s, found.calls.attempts_pause_s) == (45, 15)
    assert (found.help.parallel, found.help.widen_km) == (1, (30, 80, 150))
    assert found.desk.rounds == ("taker_or_free", "all", "supervisor", "second_site")
    assert found.quiet is None
    assert found.rule("severe").connect
    assert found.rule("severe").contacts_tried == 1
    # Occasions it knows nothing of are served by the nearest it knows.
    assert found.rule_of("phone_crash").name == "severe"
    assert found.rule_of("call", RoadKind.EXPRESSWAY).name == "rest"
    with pytest.raises(KeyError):
        found.rule_of("earthquake")


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("22:00-07:00", "23:30", "07:00 next"),
        ("22:00-07:00", "22:00", "07:00 next"),
        ("22:00-07:00", "06:59", "07:00"),
        ("22:00-07:00", "07:00", None),
        ("22:00-07:00", "21:59", None),
        ("01:00-05:00", "01:00", "05:00"),
        ("01:00-05:00", "05:00", None),
        ("01:00-05:00", "00:59", None),
    ],
)
def test_quiet_hours_are_those_of_japan(hours: str, at: str, until: str | None) -> None:
    begins, _, ends = hours.partition("-")
    found = plan(quiet(f'from = "{begins}"\nto = "{ends}"'))
    day = datetime(2026, 11, 24, tzinfo=JAPAN_TIME)

    def moment(words: str) -> datetime:
        clock, _, later = words.partition(" ")
        hour, _, minute = clock.partition(":")
        return day.replace(hour=int(hour), minute=int(minute)) + timedelta(days=1 if later else 0)

    expected = moment(until) if until else None
    asked = moment(at).astimezone(UTC)
    assert found.quiet_until(found.rule("light"), asked) == expected
    for rule in found.rules:
        if not rule.name.startswith("light"):
            assert found.quiet_until(rule, asked) is None


def test_the_default_plan_knows_no_quiet_hour() -> None:
    found = plan()
    assert all(
        found.quiet_until(rule, datetime(2026, 11, 24, 17, tzinfo=UTC)) is None for rule in found.rules
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ('from = "22:00"\nto = "07:00"\noccasions = ["severe"]', "severe cannot wait for the morning"),
        ('from = "22:00"\nto = "07:00"\noccasions = ["long_press"]', "only 'light' and 'moderate' may"),
        ('from = "22:00"\nto = "07:00"\noccasions = ["lite"]', "lite cannot wait"),
        ('from = "22:00"\nto = "07:00"\noccasions = []', "at least 1"),
        ('from = "22:00"\nto = "25:00"', "quiet, to: Input should be a time of day in Japan"),
        (
            'from = 22\nto = "07:00"',
            'quiet, from: Input should be a time of day in Japan, such as "22:00" (got 22)',
        ),
        ('from = "07:00"\nto = "07:00"', "leave [quiet] out"),
    ],
)
def test_quiet_hours_have_their_faults_too(words: str, fault: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(quiet(words))
    assert fault in str(caught.value)
    assert all(found.line is not None for found in caught.value.faults)


def test_quiet_hours_never_reach_an_occasion_by_sharing_its_rule() -> None:
    toml = quiet('from = "22:00"\nto = "07:00"').replace(
        'for = ["late"]\nhelp', 'for = ["late", "light"]\nhelp'
    )
    toml = toml.replace(
        'name = "light"\nfor = ["light"]', 'name = "light"\nfor = ["light"]\nroad = "general"'
    )
    with pytest.raises(PlanError) as caught:
        plan(toml)
    assert "quiet hours hold for some of its occasions only" in str(caught.value)


def test_a_language_that_is_not_offered_becomes_the_default() -> None:
    languages = plan().languages
    assert [languages.choose(wanted) for wanted in ("en", "ja", "fr", None)] == ["en", "ja", "ja", "ja"]


def test_lines_are_found_through_strings_comments_and_nesting() -> None:
    toml = '''# [no] = "table"
a.b = "x # no comment" # [neither]
c = """
[not]
d = 1"""
"e f" = [ # one
  1, [2,
  3], { g = 4, h = 'i]' },
]
[[j]]
k = 1979-05-27 07:32:00
[j.l]
m = -1.5e3
[[j]]
n = {}
'''
    lines = lines_of(toml)
    assert lines["a", "b"] == 2
    assert lines["c",] == 3
    assert ("d",) not in lines
    assert [lines["e f",], lines["e f", 0], lines["e f", 1], lines["e f", 1, 1], lines["e f", 2, "h"]] == [
        6,
        7,
        7,
        8,
        8,
    ]
    assert [lines["j", 0], lines["j", 0, "k"], lines["j", 0, "l"], lines["j", 0, "l", "m"]] == [
        10,
        11,
        12,
        13,
    ]
    assert [lines["j", 1], lines["j", 1, "n"]] == [14, 15]


def test_every_key_is_explained() -> None:
    page = (Path(__file__).parents[3] / "docs" / "plan.md").read_text(encoding="utf-8")
    tables = {"calls": Calls, "help": Help, "desk": Desk, "languages": Languages, "quiet": Quiet}
    keys = [
        f"{table}.{field.alias or name}"
        for table, model in tables.items()
        for name, field in model.model_fields.items()
    ]
    keys += [field.alias or name for name, field in Rule.model_fields.items()]
    assert [key for key in [*keys, *Do, *OCCASIONS, *DispatchKind] if f"`{key}`" not in page] == []
