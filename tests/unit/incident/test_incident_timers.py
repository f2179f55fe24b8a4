"""Names of timers: what the ladder writes is what the engine reads."""

from __future__ import annotations

import pytest
from support.scene import Scene, Unit, at

from incident.escalation import timers
from incident.escalation.effects import ClearTimers, SetTimer
from incident.escalation.events import Answered, CallSilent, DepartDue, Event, OfferDue, ReminderDue, StepDue
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState


def read(name: str) -> Event:
    return timers.event_of(name, at(7), moving=True, stage=lambda party, attempt: f"{party} {attempt} rings")


def test_every_name_the_ladder_makes_is_understood() -> None:
    """Whatever was set in a long scene with everything in it is read back as what it was set for."""
    units = [Unit("g1", says=None), Unit("unit_with-signs", DispatchState.DECLINED), Unit("g3")]
    scene = Scene(units=units).open(severity=Severity.SEVERE).run_to(150)
    scene.tell(lambda now: Answered(now, Answer.FINE, CallParty.DRIVER, "app"))
    names = {effect.name for effect in scene.effects if isinstance(effect, SetTimer)}
    events = {name: read(name) for name in names}
    assert {type(event) for event in events.values()} == {
        StepDue,
        CallSilent,
        OfferDue,
        ReminderDue,
        DepartDue,
    }
    assert events["step:0:7"] == StepDue(at(7), generation=0, step=7, moving=True)
    assert events["giveup:driver:2"] == CallSilent(at(7), CallParty.DRIVER, 2, "driver 2 rings")
    assert events["giveup:contact:1"] == CallSilent(at(7), CallParty.CONTACT, 1, "contact 1 rings")
    assert events["offer:guard:unit_with-signs"] == OfferDue(at(7), DispatchKind.GUARD, "unit_with-signs")
    assert events["remind"] == ReminderDue(at(7))


def test_clearing_a_family_of_timers_meets_only_that_family() -> None:
    units = [Unit("g1", says=None), Unit("g2", says=None)]
    scene = Scene(units=units).open(severity=Severity.SEVERE).run_to(150)
    names = {effect.name for effect in scene.effects if isinstance(effect, SetTimer)}
    families = {effect.prefix for effect in scene.effects if isinstance(effect, ClearTimers)}
    assert {"giveup:driver:", "giveup:contact:", "offer:guard:"} <= families
    for prefix in families:
        met = {name for name in names if name.startswith(prefix)}
        assert len({name.rsplit(":", 1)[0] for name in met}) <= 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nap",
        "step",
        "step:1",
        "step:one:2",
        "step:1:2:3",
        "giveup:driver",
        "giveup:dog:1",
        "offer:taxi:g1",
        "remind:1",
    ],
)
def test_a_name_of_no_kind_is_a_fault(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(name)
