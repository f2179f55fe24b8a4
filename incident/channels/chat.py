"""The conversation in writing with a driver or an emergency contact, for whoever cannot or will not speak.

The words lie in rows that can be erased; the incident's record refers to them by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from incident.escalation.effects import Note
from incident.escalation.events import Event, Wrote
from incident.escalation.refusal import CommandRefused
from incident.record import texts
from incident.record.hands import Hands
from incident.service import Incidents, UnknownIncident
from incident.wording.refusals import Refusal
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import CallParty, Phase

SQL: Final = Queries("incident.channels", "chat.sql")
MERGED_SQL: Final = Queries("incident.record", "merged.sql")
_NEWEST: Final = 200
# Whoever wrote or answered a moment ago has the page open, and needs no SMS to look at it.
_ATTENTIVE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Said:
    """One message; `operator` is who wrote it, None the person themselves."""

    id: UUID
    at: datetime
    operator: str | None
    text: str


def read(conn: Connection, incident_id: UUID, party: CallParty, *, merged: bool = False) -> list[Said]:
    """The conversation, oldest first, its newest 200 messages.

    `merged`: with those of incidents that were merged into it, which are perhaps with another person.
    """
    key = {"incident_id": incident_id, "party": party, "newest": _NEWEST}
    rows = conn.execute(SQL["conversation_of_all" if merged else "conversation"], key).fetchall()
    return [Said(row["id"], row["at"], row["operator"], row["text"]) for row in rows]


def person_writes(
    conn: Connection,
    incidents: Incidents,
    incident_id: UUID,
    party: CallParty,
    *,
    message_id: UUID,
    text: str,
    via: str,
) -> bool:
    """A person writes to the operators; whether it was taken: not twice under one id, not once it is closed.

    `via` says how: link, app or sms. Raises UnknownIncident.
    """
    taken: list[Event] = []

    def event_at(at: datetime) -> list[Event]:
        values = {
            "id": message_id,
            "incident_id": incident_id,
            "party": party,
            "at": at,
            "operator": None,
            "text": text,
        }
        row = conn.execute(MERGED_SQL["goes_on_in"], {"id": incident_id}).fetchone()
        if row is None or row["phase"] == Phase.CLOSED:
            return []
        if conn.execute(SQL["insert_chat"], values).fetchone() is not None:
            taken.append(Wrote(at, party, str(message_id), via))
        return taken

    incidents.handle(conn, incident_id, event_at, actor=party)
    return bool(taken)


def operator_writes(
    conn: Connection,
    incidents: Incidents,
    incident_id: UUID,
    party: CallParty,
    *,
    message_id: UUID,
    operator: str,
    text: str,
) -> None:
    """An operator writes to a person, who is told of it unless they look at the page anyhow.

    Raises UnknownIncident and CommandRefused.
    """
    hands = _open_hands(conn, incidents, incident_id, "Write")
    key = {"incident_id": incident_id, "party": party}
    attentive = conn.execute(SQL["is_attentive"], key | {"while": _ATTENTIVE}).fetchone() is not None
    values = key | {"id": message_id, "at": hands.at, "operator": operator, "text": text}
    if conn.execute(SQL["insert_chat"], values).fetchone() is None:
        return
    note = Note("operator_wrote", {"message_id": str(message_id), "party": party})
    hands.write([note], f"operator:{operator}")
    if party is CallParty.DRIVER:
        texts.write(hands, "push", "operator_wrote")
    if not attentive:
        texts.write(hands, "sms", "operator_wrote", party)


def send_link(
    conn: Connection, incidents: Incidents, incident_id: UUID, party: CallParty, *, operator: str
) -> None:
    """An operator has a link to the answer page sent. Raises UnknownIncident and CommandRefused."""
    hands = _open_hands(conn, incidents, incident_id, "SendLink")
    hands.write([Note("link_sent", {"party": party})], f"operator:{operator}")
    texts.write(hands, "sms", "link", party)


def _open_hands(conn: Connection, incidents: Incidents, incident_id: UUID, command: str) -> Hands:
    """The hands for an incident that is not over: nobody is led to a page that says it is."""
    hands = incidents.hands(conn, incident_id)
    row = conn.execute(SQL["phase"], {"id": incident_id}).fetchone()
    if hands is None or row is None:
        raise UnknownIncident(incident_id)
    if row["phase"] == Phase.CLOSED:
        raise CommandRefused(command, Phase.CLOSED, Refusal.INCIDENT_IS.of(phase=Phase.CLOSED))
    return hands
