"""Which call leaves first, and how long each class waits."""

from __future__ import annotations

import pytest
from support.scene import Phone, Scene, Unit, default_plan

from incident.escalation.urgency import LEAST_GRAVE, Urgency, of_call, predicted_waits
from schemas.impact import Severity
from schemas.incident import CallParty, RoadKind, Trigger

DRIVER, CONTACT, OPERATOR = CallParty.DRIVER, CallParty.CONTACT, CallParty.OPERATOR


@pytest.mark.parametrize(
    ("occasion", "party", "attempt", "urgency"),
    [
        ("severe", DRIVER, 1, Urgency.SEVERE_FIRST),
        ("very_severe", DRIVER, 1, Urgency.SEVERE_FIRST),
        ("long_press", DRIVER, 1, Urgency.SEVERE_FIRST),
        ("phone_crash", DRIVER, 1, Urgency.SEVERE_FIRST),
        ("severe", DRIVER, 2, Urgency.SEVERE_AGAIN),
        ("severe", CONTACT, 1, Urgency.SEVERE_CONTACT),
        ("moderate", DRIVER, 1, Urgency.MODERATE_FIRST),
        ("late", DRIVER, 1, Urgency.MODERATE_FIRST),
        ("moderate", DRIVER, 3, Urgency.MODERATE_AGAIN),
        ("moderate", CONTACT, 2, Urgency.MODERATE_CONTACT),
        ("light", DRIVER, 1, Urgency.MINOR),
        ("short_press", DRIVER, 1, Urgency.MINOR),
        ("short_press", CONTACT, 1, Urgency.MINOR),
        ("light", OPERATOR, 1, Urgency.OPERATOR),
    ],
)
def test_the_class_of_a_call(occasion: str, party: CallParty, attempt: int, urgency: Urgency) -> None:
    assert of_call([occasion], party, attempt) is urgency


def test_a_rule_for_several_occasions_is_as_urgent_as_the_gravest() -> None:
    assert of_call(["light", "moderate", "severe"], DRIVER, 1) is Urgency.SEVERE_FIRST


def test_whoever_waits_on_a_line_comes_first_and_minor_ones_last() -> None:
    assert min(Urgency) is Urgency.OPERATOR
    assert max(Urgency) is Urgency.MINOR
    assert [urgency for urgency in Urgency if urgency <= LEAST_GRAVE] == [
        Urgency.OPERATOR,
        Urgency.SEVERE_FIRST,
        Urgency.SEVERE_AGAIN,
        Urgency.SEVERE_CONTACT,
    ]


def test_a_wait_is_all_that_is_as_urgent_or_more() -> None:
    waiting = {Urgency.SEVERE_FIRST: 10, Urgency.MODERATE_FIRST: 100, Urgency.MINOR: 190}
    waits = predicted_waits(waiting, 2.0)
    assert waits[Urgency.OPERATOR] == 0.0
    assert waits[Urgency.SEVERE_FIRST] == waits[Urgency.SEVERE_CONTACT] == 5.0
    assert waits[Urgency.MODERATE_FIRST] == 55.0
    assert waits[Urgency.MINOR] == 150.0


def test_nobody_waits_in_an_empty_queue() -> None:
    assert set(predicted_waits({}, 1.0).values()) == {0.0}
    assert set(predicted_waits({}, 1.0)) == set(Urgency)


@pytest.mark.parametrize(
    ("trigger", "severity", "road"),
    [
        (trigger, severity, road)
        for trigger, severity in ((Trigger.SHORT_PRESS, None), (Trigger.IMPACT, Severity.MODERATE))
        for road in (RoadKind.GENERAL, RoadKind.EXPRESSWAY)
    ],
)
def test_whose_call_never_leaves_is_written_to_at_once_and_an_operators_after_90_s(
    trigger: Trigger, severity: Severity | None, road: RoadKind
) -> None:
    scene = Scene(driver=Phone(mute="waiting"), units=[Unit("u1", says=None)])
    scene.open(trigger, severity, road=road).run_to(600)
    assert scene.times("push")[0] == 0
    assert scene.times("operator_alarmed take plan")[0] <= 90
    assert scene.state.driver.under_way  # it still waits, and is not given up
    assert of_call([], OPERATOR, 1) < Urgency.SEVERE_FIRST  # who takes it is connected before any other call


def test_the_built_in_plan_writes_before_it_rings_after_a_light_impact() -> None:
    rule = default_plan().rule_for(Trigger.IMPACT, Severity.LIGHT, late=False)
    steps = [str(step.do) for step in sorted(rule.steps, key=lambda step: step.after_s)]
    assert "sms" in steps
    assert not [step for step in steps if step.startswith("call_")]
