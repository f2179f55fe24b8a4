"""The heart: what follows from an event in an incident's life.

Rule 1: everything that changes an incident's state must come from here, and lead where
`incident.escalation.transitions` allows. What each event means stands in the modules named below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from incident.escalation import (
    ambulance,
    answers,
    commands,
    desk,
    events,
    evidence,
    forgotten,
    ladder,
    lines,
    merging,
    orders,
    sending,
    underway,
    undoing,
)
from incident.escalation.commands import Command
from incident.escalation.draft import Draft
from incident.escalation.effects import Decision, ShowLight
from incident.escalation.events import Event, Opened
from incident.escalation.evidence import raises
from incident.escalation.refusal import CommandRefused
from incident.escalation.state import Light, State
from incident.escalation.transitions import TRANSITIONS
from incident.escalation.writing import on_wrote
from incident.plan.plan import Plan
from incident.wording.refusals import Refusal
from schemas.incident import Phase


def open_incident(event: Opened, plan: Plan) -> Decision:
    """Begin an incident: the plan's rule for the occasion starts to run."""
    rule = plan.rule_for(event.trigger, event.severity, late=event.late, road=event.road)
    draft = Draft(
        State(
            phase=Phase.REACHING,
            trigger=event.trigger,
            severity=event.severity,
            rule=rule.name,
            plan_from=event.at,
            road=event.road,
            reach=event.reach,
        ),
        plan,
        event.at,
    )
    draft.note(
        "opened",
        trigger=event.trigger,
        severity=event.severity,
        rule=rule.name,
        late=event.late,
        road=event.road,
        reach=event.reach,
    )
    draft.do(ShowLight(Light.CONNECTED))
    ladder.start(draft)
    return draft.decision()


def decide(state: State, event: Event, plan: Plan) -> Decision:
    """What follows from an event. Raises CommandRefused; anything stale changes nothing."""
    allowed = TRANSITIONS[state.phase].get(type(event))
    if allowed is None:
        if isinstance(event, Command):
            raise CommandRefused(type(event).__name__, state.phase, Refusal.INCIDENT_IS.of(phase=state.phase))
        return Decision(state)
    draft = Draft(state, plan, event.at)
    _HANDLERS[type(event)](draft, event)
    if draft.state.phase not in allowed:
        raise AssertionError(
            f"{type(event).__name__}: {state.phase} -> {draft.state.phase} is not in the table"
        )
    return draft.decision()


_HANDLERS: Final[Mapping[type[Event], Callable[..., None]]] = {
    events.Joined: evidence.on_joined,
    events.DeviceSilent: evidence.on_device_silent,
    events.DroveOn: evidence.on_drove_on,
    events.RoadKnown: evidence.on_road_known,
    events.StepDue: ladder.on_step_due,
    events.CallMoved: lines.on_call_moved,
    events.CallEnded: lines.on_call_ended,
    events.CallSilent: lines.on_call_silent,
    events.CallAgain: lines.on_call_again,
    events.LineWaits: lines.on_line_waits,
    events.RangUs: lines.on_rang_us,
    events.CarrierDown: lines.on_carrier_down,
    events.DeskRung: desk.on_desk_rung,
    events.DeskDue: desk.on_desk_due,
    events.DeskAnswered: desk.on_desk_answered,
    events.ReminderDue: desk.on_reminder_due,
    events.Forgotten: forgotten.on_forgotten,
    commands.Take: desk.on_take,
    commands.Release: undoing.on_release,
    commands.PausePlan: orders.on_pause_plan,
    events.PauseDue: orders.on_pause_due,
    commands.ResumePlan: orders.on_resume_plan,
    commands.StepNow: orders.on_step_now,
    commands.StepOff: orders.on_step_off,
    commands.CallDriver: desk.on_call_driver,
    events.Answered: answers.on_answered,
    commands.AnswerFor: answers.on_answer_for,
    commands.WithdrawAnswer: undoing.on_withdraw_answer,
    events.Wrote: on_wrote,
    commands.Close: answers.on_close,
    commands.Reopen: undoing.on_reopen,
    commands.Merge: merging.on_merge,
    events.GiveWay: merging.on_give_way,
    events.Absorbed: merging.on_absorbed,
    events.DispatchMoved: sending.on_dispatch_moved,
    events.OfferDue: sending.on_offer_due,
    events.NobodyElse: sending.on_nobody_else,
    events.SearchDue: sending.on_search_due,
    events.DepartDue: underway.on_depart_due,
    events.LateDue: underway.on_late_due,
    events.EtaChanged: underway.on_eta_changed,
    events.SafetyDue: underway.on_safety_due,
    events.UnitSafe: underway.on_unit_safe,
    events.Placed: sending.on_placed,
    commands.SendHelp: sending.on_send_help,
    commands.StopHelp: sending.on_stop_help,
    commands.AmbulanceMoved: ambulance.on_ambulance_moved,
}

__all__ = ["CommandRefused", "decide", "open_incident", "raises"]
