"""What the auditor found: nobody and nothing would have come back to an incident. Pure."""

from __future__ import annotations

from incident.escalation import ladder, underway
from incident.escalation.draft import Draft
from incident.escalation.events import Forgotten
from incident.escalation.state import Task
from schemas.incident import Phase


def on_forgotten(draft: Draft, event: Forgotten) -> None:
    """A person has to look, whoever has it; over a unit that is still on the scene of a closed one is watched again."""
    draft.note("auditor_alarm", reason=event.why)
    if draft.state.phase is Phase.CLOSED:
        underway.keep_watch(draft)
        return
    draft.change(remind_at=None)  # whatever was set is gone
    ladder.alarm(draft, Task.TAKE, reason="forgotten")
