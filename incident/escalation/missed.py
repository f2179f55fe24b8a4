"""What becomes of a step that nobody was there to carry out in time: the engine or the database was away. Pure.

Calls, alarms and help are never too late: they happen at once, in the plan's order. Two calls to one person that
were missed together become one now and one at the plan's distance after it. Words about a moment that is long past
are not sent any more; the record says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from incident.escalation.draft import Draft
from incident.escalation.effects import SetTimer
from incident.escalation.events import StepDue
from incident.plan.plan import Do
from schemas.incident import CallParty, Reach

# Words are not sent any more when their moment has passed by so much, on the plan's clock.
TEXT_LATE_S = 120.0

# Later than any busy hour makes it: it was missed.
_MISSED_S = 5.0

_PARTIES = {Do.CALL_DRIVER: CallParty.DRIVER, Do.CALL_CONTACT: CallParty.CONTACT}


def put_off(draft: Draft, event: StepDue) -> bool:
    """Whether a step that has come due too late is dropped, or set to a later moment, instead of happening now."""
    late_s = (event.at - (event.due_at or event.at)).total_seconds() / draft.plan.scale
    step = draft.rule.steps[event.step]
    if late_s > TEXT_LATE_S and _only_writes(draft, step.do):
        draft.change(steps_done=(*draft.state.steps_done, event.step))
        draft.note("skipped_late", step=step.do, late_s=round(late_s))
        return True
    turn_at = _turn_at(draft, event.step) if late_s > _MISSED_S else None
    if turn_at is None:
        return False
    draft.do(SetTimer(f"step:{event.generation}:{event.step}", turn_at))
    return True


def _only_writes(draft: Draft, do: Do) -> bool:
    """Whether a step would send words that nobody needs any more."""
    if do is Do.CALL_DRIVER and draft.state.reach is Reach.TEXT:
        return bool(_done(draft, do))  # they were written to, and are not to be told the same twice
    return do in (Do.PUSH, Do.SMS)


def _turn_at(draft: Draft, index: int) -> datetime | None:
    """When a missed call is made instead of now, if the one before it was made too shortly ago."""
    step = draft.rule.steps[index]
    party = _PARTIES.get(step.do)
    began_at = draft.state.line(party).began_at if party else None
    before = _done(draft, step.do)
    if began_at is None or not before:
        return None
    turn_at = began_at + timedelta(seconds=(step.after_s - max(before)) * draft.plan.scale)
    return turn_at if turn_at > draft.at else None


def _done(draft: Draft, do: Do) -> list[float]:
    """When, by the plan, those steps of a kind were due that were carried out."""
    steps = draft.rule.steps
    return [steps[index].after_s for index in draft.state.steps_done if steps[index].do is do]
