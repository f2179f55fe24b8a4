"""What an operator orders of the plan: to wait, to go on, one step at once, one step not at all. Pure."""

from __future__ import annotations

from incident.escalation import ladder, pausing
from incident.escalation.commands import PausePlan, ResumePlan, StepNow, StepOff
from incident.escalation.draft import Draft
from incident.escalation.effects import SetTimer
from incident.escalation.events import PauseDue
from incident.escalation.refusal import CommandRefused
from incident.escalation.state import Pause, Task
from incident.plan import words
from incident.plan.plan import Do
from incident.wording.refusals import Called, Refusal
from schemas.incident import Language, Phase


def on_pause_plan(draft: Draft, event: PausePlan) -> None:
    """The plan waits. Who paused it may set another end, never later than the longest pause. Raises CommandRefused."""
    before = draft.state.pause
    if before is not None and before.operator != event.operator:
        raise CommandRefused(
            "PausePlan", draft.state.phase, Refusal.PAUSED_BY.of(who=before.operator, until=before.until)
        )
    since = before.since if before is not None else draft.at
    longest = since + draft.span(pausing.LONGEST_S)
    until = min(draft.after(event.for_s), longest)
    if until <= draft.at:
        raise CommandRefused("PausePlan", draft.state.phase, Refusal.PAUSED_LONGEST.of())
    held, owed = (before.held, before.owed) if before is not None else ((), ())
    draft.change(pause=Pause(since, until, event.operator, event.note_id, held, owed))
    draft.note("plan_paused", operator=event.operator, until=until.isoformat(), note_id=event.note_id)
    draft.do(SetTimer("pause", until))


def on_resume_plan(draft: Draft, event: ResumePlan) -> None:
    """The plan goes on; where it does already, that is as it was wanted."""
    ladder.resume(draft, "operator", operator=event.operator)


def on_pause_due(draft: Draft, event: PauseDue) -> None:
    """The time of the pause is over, unless it was given another end."""
    pause = draft.state.pause
    if pause is not None and event.at >= pause.until:
        ladder.resume(draft, "time")


def on_step_now(draft: Draft, event: StepNow) -> None:
    """One planned step is done at once. Raises CommandRefused where it is not planned any more."""
    do = _planned(draft, event)
    kind = draft.rule.help
    if ladder.is_help(do) and kind in draft.state.help_refused:
        raise CommandRefused("StepNow", draft.state.phase, Refusal.HELP_CALLED_OFF.of(dispatch=kind))
    draft.note("step_now", operator=event.operator, step=do)
    ladder.do_now(draft, event.step, event.operator)


def on_step_off(draft: Draft, event: StepOff) -> None:
    """One planned step is not done. Where nothing else is to come, a person has to look. Raises CommandRefused."""
    do = _planned(draft, event)
    draft.note("step_off", operator=event.operator, step=do, note_id=event.note_id)
    draft.change(steps_done=(*draft.state.steps_done, event.step))
    state = draft.state
    more = any(ladder.is_planned(draft, index) for index in range(len(draft.rule.steps)))
    if state.taken_by is None and not more and not state.tasks:
        ladder.alarm(draft, Task.TAKE, reason="plan_over")


def _planned(draft: Draft, event: StepNow | StepOff) -> Do:
    """What the step does. Raises CommandRefused: it was done, called off, or belongs to a plan that no longer runs."""
    state, command = draft.state, type(event).__name__
    if event.generation != state.generation:
        rule = Called(state.rule, *(words.title(draft.rule, language) for language in Language))
        raise CommandRefused(command, state.phase, Refusal.PLAN_CHANGED.of(rule=rule))
    if not 0 <= event.step < len(draft.rule.steps):
        raise CommandRefused(command, state.phase, Refusal.NO_SUCH_STEP.of())
    do = draft.rule.steps[event.step].do
    if event.step in state.steps_done:
        raise CommandRefused(command, state.phase, Refusal.STEP_IS_OVER.of(step=do))
    if not ladder.is_planned(draft, event.step):
        if state.phase is Phase.HELPING and state.taken_by is not None:
            raise CommandRefused(command, state.phase, Refusal.STEP_IS_THEIRS.of(step=do, who=state.taken_by))
        refusal = Refusal.STEP_IS_OFF if state.answer is None else Refusal.STEP_IS_ANSWERED
        raise CommandRefused(command, state.phase, refusal.of(step=do, answer=state.answer))
    return do
