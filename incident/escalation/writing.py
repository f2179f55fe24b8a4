"""What people write to us instead of speaking. Pure."""

from __future__ import annotations

from incident.escalation import ladder
from incident.escalation.draft import Draft
from incident.escalation.events import Wrote
from incident.escalation.state import Task


def on_wrote(draft: Draft, event: Wrote) -> None:
    """Somebody wrote: for a person to read, soon; no answer that a machine may act upon, so the plan goes on."""
    draft.note(f"{event.by}_wrote", message_id=event.message_id, via=event.via)
    if draft.state.taken_by is None:
        ladder.alarm(draft, Task.TAKE, reason="wrote", party=event.by)
