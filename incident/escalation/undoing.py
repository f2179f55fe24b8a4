"""Taking back what was done by mistake: having taken it, an answer recorded for the driver, having closed it. Pure.

What left is not made unsaid: no call is made twice, and what cannot be taken back is said instead.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from incident.escalation import ladder
from incident.escalation.commands import Release, Reopen, WithdrawAnswer
from incident.escalation.draft import Draft
from incident.escalation.effects import ShowLight, StandDown
from incident.escalation.refusal import CommandRefused
from incident.escalation.state import COMING, OPEN_DISPATCH, THERE, Before, Task
from incident.wording.refusals import Refusal, Why, incident
from schemas.incident import WELL, AmbulanceState, CallParty, DispatchKind, DispatchState, Phase

ANSWER_S: Final = 60.0
CLOSED_S: Final = 600.0


def seen(draft: Draft, operator: str | None) -> Before:
    """How it stands now, to come back to from what an operator, or the machine, is about to do."""
    state = draft.state
    return Before(
        draft.at,
        operator,
        state.phase,
        state.answer,
        state.taken_by,
        state.tasks,
        state.help_refused,
        state.ambulance,
        state.call_back_promised,
        {kind: now for kind, now in state.dispatches.items() if now in OPEN_DISPATCH},
    )


def on_release(draft: Draft, event: Release) -> None:
    """Who has it gives it back; the plan goes on where nobody has answered. Raises CommandRefused."""
    state = draft.state
    if state.taken_by is None:
        return
    if state.taken_by != event.operator:
        raise CommandRefused("Release", state.phase, Refusal.OTHER_HAS_IT.of(who=state.taken_by))
    if state.on_line is not None:
        raise CommandRefused("Release", state.phase, Refusal.ON_THE_LINE.of(who=state.on_line))
    draft.note("released", operator=event.operator)
    draft.change(taken_by=None, before_answer=None)
    if state.phase is Phase.HELPING and state.answer is None:
        draft.change(phase=Phase.REACHING)
        ladder.go_on(draft)
    ladder.alarm(draft, Task.TAKE, reason="released")


def on_withdraw_answer(draft: Draft, event: WithdrawAnswer) -> None:
    """What an operator recorded was not so. Raises CommandRefused where it is late, or something has come of it."""
    state, before = draft.state, draft.state.before_answer
    if before is None or state.answer is not event.answer:
        refusal = Refusal.NO_ANSWER if state.answer is None else Refusal.OTHER_ANSWER
        raise CommandRefused("WithdrawAnswer", state.phase, refusal.of(answer=state.answer))
    age = draft.at - before.at
    if age > draft.span(ANSWER_S):
        raise CommandRefused(
            "WithdrawAnswer", state.phase, Refusal.RECORDED_LONG_AGO.of(seconds=age.total_seconds())
        )
    followed = _followed(draft, before)
    if followed is not None:
        raise CommandRefused("WithdrawAnswer", state.phase, followed)
    draft.note("answer_withdrawn", operator=event.operator, answer=event.answer)
    for kind, now in state.dispatches.items():
        if now in OPEN_DISPATCH and _came_of_it(draft, before, kind):
            # Said at once: what the plan has for this moment is decided upon within this very event.
            draft.change(dispatches={**draft.state.dispatches, kind: DispatchState.STOOD_DOWN})
            draft.do(StandDown(kind))
    # Whoever took it since keeps it; who has it only by that answer does not.
    taken_by = before.taken_by if state.taken_by == before.operator else state.taken_by
    taken_by = state.on_line or taken_by
    taken = taken_by is not None and before.phase is Phase.REACHING
    draft.change(
        phase=Phase.HELPING if taken else before.phase,
        answer=before.answer,
        taken_by=taken_by,
        ambulance=before.ambulance if state.ambulance is AmbulanceState.NEEDED else state.ambulance,
        before_answer=None,
    )
    _restore(draft, before, "answer_withdrawn")


def on_reopen(draft: Draft, event: Reopen) -> None:
    """It was closed by mistake: it goes on as it stood, on a clock that stood still. Raises CommandRefused."""
    state, before = draft.state, draft.state.before_closing
    if state.merged_into is not None:
        raise CommandRefused(
            "Reopen", state.phase, Refusal.GOES_ON_IN.of(incident=incident(state.merged_into))
        )
    if before is None:
        raise CommandRefused("Reopen", state.phase, Refusal.NOT_KNOWN_HOW.of())
    closed: timedelta = draft.at - before.at
    if closed > draft.span(CLOSED_S):
        raise CommandRefused(
            "Reopen", state.phase, Refusal.CLOSED_LONG_AGO.of(minutes=closed.total_seconds() / 60)
        )
    draft.note("reopened", operator=event.operator, note_id=event.note_id)
    well = before.answer in WELL
    phase = Phase.SETTLING if well and before.phase is Phase.REACHING else before.phase
    had = before.taken_by is not None or state.on_line is not None or phase is Phase.SETTLING
    draft.change(
        phase=Phase.HELPING if had and phase is Phase.REACHING else phase,
        outcome=None,
        taken_by=event.operator if had else None,
        plan_from=state.plan_from + closed,
        before_closing=None,
    )
    _restore(draft, before, "reopened")
    draft.do(ShowLight(draft.state.light))


def _restore(draft: Draft, before: Before, reason: str) -> None:
    """Put back what waited for somebody, who was on the way, and what was planned."""
    draft.change(call_back_promised=before.call_back_promised, help_refused=before.help_refused)
    draft.change(tasks=tuple(task for task in draft.state.tasks if task in before.tasks))
    for party in (CallParty.DRIVER, CallParty.CONTACT):
        if draft.state.line(party).under_way:
            ladder.watch_call(draft, party)
    if before.answer is None:
        ladder.go_on(draft)
    for kind, then in before.dispatches.items():
        called_off = then not in THERE and draft.state.dispatches.get(kind) not in OPEN_DISPATCH
        if called_off and kind not in before.help_refused:
            by_hand = kind in draft.state.sent_by_hand
            ladder.request_help(draft, kind, operator=draft.state.taken_by if by_hand else None)
    for task in before.tasks:
        if task is Task.CALL_BACK and before.call_back_promised:
            ladder.promise_call_back(draft, reason=reason)
        elif task is not Task.TAKE:
            ladder.alarm(draft, task, reason=reason)
    if draft.state.taken_by is None or Task.TAKE in before.tasks:
        ladder.alarm(draft, Task.TAKE, reason=reason)


def _followed(draft: Draft, before: Before) -> Why | None:
    """What came of an answer and cannot be taken back; None where nothing did."""
    state = draft.state
    for kind, now in state.dispatches.items():
        if now in COMING and _came_of_it(draft, before, kind):
            return Refusal.HELP_COMES.of(dispatch=kind, state=now)
    if state.ambulance not in (before.ambulance, AmbulanceState.NEEDED):
        return Refusal.AMBULANCE_SINCE.of(ambulance=state.ambulance)
    return None


def _came_of_it(draft: Draft, before: Before, kind: DispatchKind) -> bool:
    return kind not in before.dispatches and kind not in draft.state.sent_by_hand


__all__ = ["on_release", "on_reopen", "on_withdraw_answer", "seen"]
