"""What the carrier tells us about SMS. In any order, twice, and before the answer to our own request."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from api.context import SQL
from incident.escalation.effects import Note
from incident.service import SQL as INCIDENT_SQL
from incident.service import Incidents
from runtime.database import Connection

# Twilio's MessageStatus values (its documentation of outbound message statuses) and the state each means.
STATES: Final = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


def report(
    conn: Connection, incidents: Incidents, message_id: UUID, *, sid: str, status: str, code: str
) -> None:
    """Move a message forward, never back; what is not known here is ignored.

    A failure goes into the incident's record, with the carrier's error code.
    """
    state = STATES.get(status)
    row = conn.execute(SQL["message_incident"], {"id": message_id}).fetchone()
    if state is None or row is None:
        return
    incident = incidents.hands(conn, row["incident_id"])
    # Any report proves that the message exists: the request needs no answer any more.
    conn.execute(INCIDENT_SQL["settle_outbox"], {"id": message_id})
    values = {"id": message_id, "state": state, "sid": sid or None}
    reason = f"{status} {code}".strip()
    moved = conn.execute(
        SQL["message_progress"], values | {"code": reason if state == "failed" else None}
    ).fetchone()
    if moved is not None and state == "failed" and incident is not None:
        incident.write([Note("effect_failed", {"what": "sms", "reason": reason})], "carrier")
