"""A record lived through again: under its own plan nothing differs, under another exactly what the plan changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from support.scene import (
    DEFAULT_PLAN_TOML,
    NEVER_ANSWERS,
    SILENT,
    VOICEMAIL,
    Call,
    Phone,
    Scene,
    Unit,
    at,
    presses,
)

from incident.backtest.facts import Change, changes, recorded_facts
from incident.backtest.record import Record, Row, read_record
from incident.backtest.replay import replay
from incident.escalation.commands import (
    AnswerFor,
    Close,
    PausePlan,
    Release,
    Reopen,
    ResumePlan,
    SendHelp,
    StopHelp,
    Take,
    WithdrawAnswer,
)
from incident.escalation.effects import (
    Effect,
    Message,
    Note,
    PlaceCall,
    RemindUnit,
    SeekAgain,
    WithdrawOffers,
)
from incident.escalation.events import (
    Answered,
    CallEnded,
    DroveOn,
    Event,
    Joined,
    LineWaits,
    RangUs,
    RoadKnown,
)
from incident.plan.plan import Plan, read_plan
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, RoadKind, Trigger

OWN = read_plan(DEFAULT_PLAN_TOML)


class Watched(list[Any]):
    """A list of a scene that also writes what is added into a record, with the scene's time."""

    def __init__(self, scene: Scene, rows: list[Row]) -> None:
        super().__init__()
        self._scene, self._rows = scene, rows

    def append(self, note: Note) -> None:
        self._rows.append(Row(self._scene.at, note.kind, note.data))

    def __iadd__(self, effects: Iterable[Effect]) -> Self:  # type: ignore[override]
        for effect in effects:
            match effect:
                case PlaceCall(party, attempt, rank=1):
                    has_number = (
                        self._scene.driver if party is CallParty.DRIVER else self._scene.contact
                    ).has_number
                    if has_number:
                        self._rows.append(
                            Row(self._scene.at, "call_queued", {"party": party, "attempt": attempt})
                        )
                case Message(channel, template):
                    self._rows.append(Row(self._scene.at, f"{channel}_queued", {"template": template}))
                case _:
                    pass
        return self


class World(Scene):
    """A scene in which nobody becomes free later, and units hear no reminders."""

    def _apply(self, effect: Effect) -> Sequence[Event]:
        return [] if isinstance(effect, SeekAgain | RemindUnit | WithdrawOffers) else super()._apply(effect)


@dataclass
class Recorded:
    """A scene and the record it left."""

    scene: Scene
    rows: list[Row] = field(default_factory=list[Row])

    def __post_init__(self) -> None:
        self.scene.notes = Watched(self.scene, self.rows)
        self.scene.effects = Watched(self.scene, self.rows)

    @property
    def record(self) -> Record:
        def waits(rule: str, channel: str) -> float | None:
            steps = [step for step in OWN.rule(rule).steps if step.do == channel and step.wait_until_stopped]
            return min((step.after_s for step in steps), default=None)

        return read_record(self.rows, waits_for_stop=waits)

    def under(self, plan: Plan) -> tuple[Change, ...]:
        """What differs between the record and its life under a plan."""
        return changes(recorded_facts(self.rows), replay(self.record, plan, OWN.calls.ring_s))


def severe(until_s: float = 300.0, **world: Any) -> Recorded:
    recorded = Recorded(World(OWN, **world))
    recorded.scene.open(severity=Severity.SEVERE).run_to(until_s)
    return recorded


def plan(*pairs: tuple[str, str]) -> Plan:
    toml = DEFAULT_PLAN_TOML
    for old, new in pairs:
        assert old in toml, old
        toml = toml.replace(old, new)
    return read_plan(toml)


UNITS = (Unit("guard-1", DispatchState.DECLINED), Unit("guard-2", None), Unit("guard-3"))
WORLDS: dict[str, dict[str, Any]] = {
    "nobody answers, nobody is free": {},
    "units decline, are silent, accept": {"units": UNITS},
    "fine": {"driver": presses("1"), "units": UNITS},
    "help": {"driver": presses("2"), "units": UNITS},
    "ambulance": {"driver": presses("3"), "units": UNITS},
    "operator": {"driver": presses("0"), "units": UNITS},
    "voicemail": {"driver": VOICEMAIL},
    "silent on the line": {"driver": SILENT},
    "busy": {"driver": Phone(busy=True), "contact": Phone(busy=True)},
    "no numbers": {"driver": Phone(has_number=False), "contact": Phone(has_number=False)},
    "the contact knows": {"contact": presses("1"), "units": UNITS},
    "the contact wants somebody": {"contact": presses("0"), "units": UNITS},
    "the carrier falls mute": {"driver": Phone(mute="ringing"), "contact": Phone(mute="placed")},
    "a late key": {"driver": Phone(picks_up_s=12.0, key="1", presses_s=25.0)},
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_under_its_own_plan_a_record_goes_as_it_went(world: dict[str, Any]) -> None:
    recorded = severe(**world)
    assert len(recorded_facts(recorded.rows)) >= 4
    assert recorded.under(OWN) == ()


def test_an_older_record_tells_by_another_name_that_an_ambulance_was_needed() -> None:
    new = severe()
    old = [
        Row(row.at, "ambulance_asked", row.data) if row.kind == "ambulance_needed" else row
        for row in new.rows
    ]
    assert old != new.rows
    assert recorded_facts(old) == recorded_facts(new.rows)
    assert recorded_facts(old)["ambulance asked for"] == 30.0
    assert Recorded(new.scene, old).under(OWN) == ()


@pytest.mark.parametrize("hangs_up_s", [20.0, 40.0, 500.0])
def test_a_driver_who_rang_us_is_not_rung_meanwhile_either(hangs_up_s: float) -> None:
    recorded = severe(5.0)
    recorded.rows.append(Row(at(5.0), "caller", {"who": "driver", "number_withheld": False}))
    recorded.scene.tell(lambda now: RangUs(now, CallParty.DRIVER, 1))
    recorded.scene.tell(lambda now: LineWaits(now, CallParty.CALLER, "rang_us")).run_to(hangs_up_s)
    recorded.scene.tell(lambda now: CallEnded(now, CallParty.CALLER, 1, "completed")).run_to(600.0)
    rung = {at for what, at in recorded_facts(recorded.rows).items() if what.startswith("call driver")}
    assert len(rung) == (3 if hangs_up_s == 20.0 else 2)
    assert recorded.under(OWN) == ()


@pytest.mark.parametrize("severity", [Severity.MODERATE, Severity.LIGHT])
@pytest.mark.parametrize("stops_at_s", [0.0, 47.0, 500.0])
def test_so_does_a_lighter_one_of_a_car_that_drives_on_for_a_while(
    severity: Severity, stops_at_s: float
) -> None:
    recorded = Recorded(World(OWN, moving=lambda now_s: now_s < stops_at_s))
    recorded.scene.open(severity=severity).run_to(400.0)
    assert recorded.under(OWN) == ()


def test_so_does_all_that_people_and_further_evidence_do() -> None:
    recorded = Recorded(World(OWN, units=UNITS))
    scene = recorded.scene.open(severity=Severity.MODERATE).run_to(5.0)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(8.0)
    scene.tell(lambda now: Joined(now, Trigger.IMPACT, Severity.SEVERE)).run_to(31.0)
    scene.tell(lambda now: Joined(now, Trigger.IMPACT, Severity.VERY_SEVERE, revises=True)).run_to(40.0)
    scene.tell(lambda now: Take(now, "sato")).run_to(50.0)
    scene.tell(lambda now: SendHelp(now, "sato", DispatchKind.GUARD)).run_to(60.0)
    scene.tell(lambda now: StopHelp(now, "sato", DispatchKind.GUARD)).run_to(70.0)
    scene.tell(lambda now: Answered(now, Answer.HELP, CallParty.DRIVER, "app")).run_to(80.0)
    scene.tell(lambda now: AnswerFor(now, "sato", Answer.FINE)).run_to(90.0)
    scene.tell(lambda now: Close(now, "sato", Outcome.ACCIDENT)).run_to(100.0)
    assert "closed" in recorded_facts(recorded.rows)
    assert recorded.under(OWN) == ()


def test_so_do_a_pause_and_what_was_taken_back() -> None:
    recorded = Recorded(World(OWN, units=UNITS))
    scene = recorded.scene.open(severity=Severity.SEVERE).run_to(5.0)
    scene.tell(lambda now: PausePlan(now, "sato", 60.0, "n1")).run_to(70.0)
    scene.tell(lambda now: PausePlan(now, "sato", 300.0, "n2")).run_to(80.0)
    scene.tell(lambda now: ResumePlan(now, "sato")).run_to(95.0)
    scene.tell(lambda now: AnswerFor(now, "sato", Answer.FINE)).run_to(100.0)
    scene.tell(lambda now: WithdrawAnswer(now, "sato", Answer.FINE)).run_to(105.0)
    scene.tell(lambda now: Take(now, "sato")).run_to(120.0)
    scene.tell(lambda now: Release(now, "sato")).run_to(130.0)
    scene.tell(lambda now: Close(now, "sato", Outcome.ACCIDENT)).run_to(140.0)
    scene.tell(lambda now: Reopen(now, "sato", "n3")).run_to(400.0)
    assert recorded.under(OWN) == ()


def test_a_car_that_drives_on_goes_by_its_lighter_rule_again() -> None:
    recorded = Recorded(World(OWN))
    recorded.scene.open(severity=Severity.MODERATE).run_to(20.0).tell(lambda now: DroveOn(now, 42.0)).run_to(
        400.0
    )
    assert recorded.under(OWN) == ()
    never_lower = plan(('drives_on = "light"\n', ""))
    assert Change("call driver 2", None, 60.0) in recorded.under(never_lower)


def test_another_plan_calls_earlier_later_or_not_at_all() -> None:
    other = plan(
        ('{ after_s = 60, do = "call_contact" }', '{ after_s = 45, do = "call_contact" }'),
        ('{ after_s = 30, do = "offer_help" }', '{ after_s = 50, do = "offer_help" }'),
        ('  { after_s = 30, do = "ask_ambulance" },\n', ""),
    )
    assert {str(change) for change in severe(units=(Unit("guard-1"),)).under(other)} == {
        "ambulance asked for: 30 s → never",
        "guard requested: 30 s → 50 s, later",
        "guard accepted: 40 s → 60 s, later",
        "call contact 1: 60 s → 45 s, earlier",
    }


def test_who_answered_then_answers_as_fast_now() -> None:
    """Nobody at the first call, key 2 at the second: a second call 40 s later means help 40 s later."""
    calls = iter([NEVER_ANSWERS, presses("2")])

    class TwoCalls(World):
        def _ring(self, call: Call, ring_s: float, rank: int) -> Sequence[Event]:
            if call.party is CallParty.DRIVER:
                self.driver = next(calls)
            return super()._ring(call, ring_s, rank)

    recorded = Recorded(TwoCalls(OWN, units=(Unit("guard-1"),)))
    recorded.scene.open(severity=Severity.MODERATE).run_to(200.0)
    assert recorded.under(OWN) == ()
    later = plan(('{ after_s = 60, do = "call_driver" }', '{ after_s = 80, do = "call_driver" }'))
    assert set(recorded.under(later)) == {
        Change("call driver 2", 60.0, 80.0),
        Change("guard requested", 69.0, 89.0),
        Change("guard accepted", 79.0, 99.0),
        Change("operator alarmed", 69.0, 89.0),
        Change("operator's telephone", 129.0, 149.0),
    }


def test_a_call_that_would_stop_ringing_too_soon_is_not_answered() -> None:
    recorded = severe(driver=Phone(picks_up_s=13.0, key="1", presses_s=5.0))
    found = recorded.under(plan(("ring_s = 14 ", "ring_s = 8 ")))
    assert Change("call driver 2", None, 30.0) in found
    assert Change("call contact 1", None, 60.0) in found


def test_calls_that_never_happened_are_answered_by_who_answered_another() -> None:
    recorded = severe(contact=presses("1"))
    again = plan(('{ after_s = 90, do = "send_help" }', '{ after_s = 100, do = "call_contact" }'))
    facts = replay(recorded.record, again, OWN.calls.ring_s)
    # Unanswered, it would have gone on to the next contact.
    assert (facts["call contact 2"], "call contact 3" in facts) == (100.0, False)


def test_calls_that_never_happened_are_not_answered_by_who_never_did() -> None:
    again = plan(('{ after_s = 90, do = "send_help" }', '{ after_s = 100, do = "call_contact" }'))
    facts = replay(severe(contact=Phone(mute="ringing")).record, again, OWN.calls.ring_s)
    assert "call contact 2" in facts


def test_a_call_that_rings_when_an_operator_takes_over_is_withdrawn() -> None:
    """Key 2 at the second call, an operator at 100 s. A second call at 97 s would be picked up at 101 s: too late."""
    recorded = Recorded(World(OWN, driver=presses("2"), units=(Unit("guard-1"),)))
    recorded.scene.open(severity=Severity.MODERATE).run_to(100.0)
    recorded.scene.tell(lambda now: Take(now, "sato")).run_to(200.0)
    late = plan(
        ('  { after_s = 10, do = "call_driver" },\n', ""),
        ('{ after_s = 60, do = "call_driver" }', '{ after_s = 97, do = "call_driver" }'),
    )
    assert Change("guard requested", 19.0, 180.0) in recorded.under(late)


def test_help_that_was_never_sought_is_thought_to_be_found() -> None:
    recorded = severe(driver=presses("0"))
    earlier = plan(('{ after_s = 30, do = "offer_help" }', '{ after_s = 1, do = "offer_help" }'))
    other = read_record([row for row in recorded.rows if not row.kind.startswith("dispatch_")])
    facts = replay(other, earlier, OWN.calls.ring_s)
    assert facts["guard accepted"] == pytest.approx(facts["guard requested"] + 30.0)


def test_another_detectors_severity_opens_with_another_rule() -> None:
    recorded = severe()
    before = replay(recorded.record, OWN, OWN.calls.ring_s)
    after = replay(recorded.record.revalued(["light"]), OWN, OWN.calls.ring_s)
    assert before["call driver 1"] == 0
    assert "call driver 1" not in after
    assert after["sms"] == 60


def test_an_impact_another_detector_would_not_see_opens_nothing() -> None:
    assert replay(severe().record.revalued(["none"]), OWN, OWN.calls.ring_s) == {}
    assert replay(severe().record.revalued([None]), OWN, OWN.calls.ring_s) != {}


def test_what_is_left_to_open_it_does_so_at_its_own_time() -> None:
    recorded = Recorded(World(OWN))
    scene = recorded.scene.open(severity=Severity.MODERATE).run_to(20.0)
    scene.tell(lambda now: Joined(now, Trigger.LONG_PRESS, None)).run_to(200.0)
    facts = replay(recorded.record.revalued(["knock"]), OWN, OWN.calls.ring_s)
    assert facts["push"] == facts["call driver 1"] == 20.0


def test_a_revision_falls_with_the_impact_it_revises() -> None:
    recorded = Recorded(World(OWN))
    scene = recorded.scene.open(severity=Severity.LIGHT).run_to(2.0)
    scene.tell(lambda now: Joined(now, Trigger.IMPACT, Severity.SEVERE, revises=True)).run_to(200.0)
    reports = recorded.record.revalued(["moderate"]).reports
    assert [report.severity for report in reports] == [Severity.MODERATE]
    assert [report.severity for report in recorded.record.revalued([]).reports] == [
        Severity.LIGHT,
        Severity.SEVERE,
    ]


def test_a_record_of_earlier_days_reads() -> None:
    """Without road, reach, actors of today's telephones, and with kinds of lines nobody knows any more."""
    rows = [
        Row(at(0), "opened", {"trigger": "long_press", "rule": "severe", "late": False}),
        Row(at(0), "something_of_old", {}),
        Row(at(1), "taken", {"operator": "sato"}),
    ]
    assert replay(read_record(rows), OWN, 14.0)["call driver 1"] == 0
    with pytest.raises(ValueError, match="does not begin with an opening"):
        read_record(rows[1:])
