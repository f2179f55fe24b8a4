"""What joins an open incident: further impacts and presses, better knowledge, silence, driving on. Pure."""

from __future__ import annotations

from incident.escalation import ladder, sending
from incident.escalation.draft import Draft
from incident.escalation.events import DeviceSilent, DroveOn, Joined, RoadKnown
from incident.escalation.state import State, Task
from incident.plan.plan import Plan
from schemas.impact import Severity
from schemas.incident import Phase, RoadKind, Trigger


def raises(state: State, event: Joined, plan: Plan) -> bool:
    """Whether what joins begins a ladder anew.

    It does where it outweighs the one that runs, comes after "I am fine", or is a further grave
    impact while people are busy with the first: whoever answered then may not be able to now.
    """
    if event.late or (event.revises and state.phase is Phase.SETTLING):
        return False
    rule = plan.rule_for(event.trigger, event.severity, late=False, road=state.road)
    if state.on_line is not None:
        return False  # somebody is with them on the line and hears it: no call may come in between
    if state.phase is Phase.HELPING:
        return not event.revises and _is_grave(event)
    return state.phase is not Phase.REACHING or plan.outweighs(rule.name, state.rule)


def on_joined(draft: Draft, event: Joined) -> None:
    """A further press or impact of the same car; it may raise the incident, and opens no second one."""
    state = draft.state
    draft.note(
        "impact_revised" if event.revises else _KINDS[event.trigger],
        trigger=event.trigger,
        severity=event.severity,
        late=event.late,
    )
    if event.severity is not None and (state.severity is None or event.severity.rank > state.severity.rank):
        draft.change(severity=event.severity)
    if event.severity is not None and not event.revises:
        draft.change(silent=False, drove_on=False)  # a new shock: what the car did after the last one is past
    if event.trigger is Trigger.CALL:
        return  # whoever rings us is put through; nobody has to be rung for that
    graver = draft.state.severity is not state.severity
    if not raises(state, event, draft.plan):
        if not event.late and (graver or not event.revises):
            ladder.resume(draft, "joined")  # it was paused by what was known before
        if event.late or state.phase is not Phase.REACHING:
            ladder.alarm(draft, Task.TAKE, reason="joined")
        return
    rule = draft.plan.rule_for(event.trigger, event.severity, late=False, road=state.road)
    name = rule.name if draft.plan.outweighs(rule.name, state.rule) else state.rule
    if state.phase is Phase.SETTLING:
        name = rule.name
    ladder.change_rule(draft, name)


def on_device_silent(draft: Draft, event: DeviceSilent) -> None:
    """Nothing is heard of the device since the shock, while other devices are heard."""
    if draft.state.silent:
        return
    draft.change(silent=True)
    draft.note("device_silent", since=event.since.isoformat())
    heavier = draft.rule.silent
    if (
        heavier is not None
        and draft.state.phase is Phase.REACHING
        and draft.plan.outweighs(heavier, draft.state.rule)
    ):
        ladder.change_rule(draft, heavier)
    else:
        ladder.alarm(draft, Task.TAKE, reason="device_silent")


def on_drove_on(draft: Draft, event: DroveOn) -> None:
    """The car drives on as usual. Nobody has answered, so that only makes it lighter, and never ends it."""
    if draft.state.drove_on:
        return
    draft.change(drove_on=True)
    draft.note("drove_on", speed_kmh=round(event.speed_kmh))
    lighter = draft.rule.drives_on
    if lighter is not None and draft.state.phase is Phase.REACHING:
        draft.note("lowered", rule=lighter, before=draft.state.rule)
        draft.change(rule=lighter)
        ladder.restart(draft)


def on_road_known(draft: Draft, event: RoadKnown) -> None:
    """The kind of road is known better than before; the rule in force is the one for that road."""
    state = draft.state
    if event.road is state.road:
        return
    draft.note("road_known", road=event.road)
    draft.change(road=event.road)
    rule = draft.plan.rule_of(draft.rule.occasions[0], event.road)
    if rule.name != state.rule and state.phase is Phase.REACHING:
        ladder.go_by(draft, rule.name)
    if event.road is RoadKind.EXPRESSWAY:
        sending.keep_off_expressway(draft)


def _is_grave(event: Joined) -> bool:
    return event.severity is not None and event.severity.rank >= Severity.SEVERE.rank


_KINDS = {
    Trigger.IMPACT: "impact_joined",
    Trigger.LONG_PRESS: "press_joined",
    Trigger.SHORT_PRESS: "press_joined",
    Trigger.PHONE_CRASH: "phone_crash_joined",
    Trigger.CALL: "rang_us",
}
