"""Answers from the answer page and the app, also those that come when their incident is over.

Whoever asks for help then was not heard yet: that is a new incident, not a line in the record of an old one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from incident import service
from incident.escalation.events import Answered, Event
from incident.record.links import AFTERLIFE
from incident.service import Incidents, Report, UnknownIncident
from incident.wording.refusals import Refusal, Refused
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import WELL, Answer, CallParty, Phase, Trigger

SQL: Final = Queries("incident.channels", "answering.sql")
MERGED_SQL: Final = Queries("incident.record", "merged.sql")


class Over(Refused):
    """The incident was closed so long ago that nobody can say what the answer is about."""

    def __init__(self) -> None:
        super().__init__(Phase.CLOSED, Refusal.IS_OVER.of())


def take(
    conn: Connection,
    incidents: Incidents,
    incident_id: UUID,
    party: CallParty,
    answer: Answer,
    *,
    via: str,
    counts: Callable[[], bool] = lambda: True,
) -> UUID:
    """Record an answer; the incident it went to, another one where that one is closed and all is not well.

    `via` says how: link or app; `counts`, asked under the lock, whether the answer is no repetition.
    Raises UnknownIncident and Over.
    """
    row = conn.execute(SQL["subject"], {"id": incident_id, "afterlife": AFTERLIFE}).fetchone()
    if row is None:
        raise UnknownIncident(incident_id)
    device_id, holder_id = row["device_id"], row["holder_id"]
    # Before the incident: one lock order, whether a new one is opened or not.
    if device_id is not None:
        conn.execute(service.SQL["lock_device"], {"device_id": device_id})
    else:
        conn.execute(service.SQL["lock_holder"], {"holder_id": holder_id})
    locked = conn.execute(service.SQL["lock_incident"], {"id": incident_id}).fetchone()
    there = conn.execute(MERGED_SQL["goes_on_in"], {"id": incident_id}).fetchone()
    goes_on = there is not None and there["phase"] != Phase.CLOSED
    if locked is not None and not goes_on and answer not in WELL:
        if row["is_over"]:
            raise Over
        flags = ("contact_rang",) if party is CallParty.CONTACT else ()
        at = service.now(conn)
        report = Report(device_id, Trigger.CALL, None, at, late=False, position=None, flags=flags)
        incident_id = incidents.report(conn, replace(report, holder_id=holder_id)).incident_id

    def event_at(at: datetime) -> list[Event]:
        return [Answered(at, answer, party, via)] if counts() else []

    incidents.handle(conn, incident_id, event_at, actor=party)
    return incident_id
