"""How far each text has come: SMS, push and e-mail alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from incident.channels.outbox import Outbox
from incident.escalation.effects import Note
from incident.service import Incidents, hint
from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("incident.channels", "deliveries.sql")
# Texts speak of now: one that could not leave for so long, or that is true no longer, is not sent.
LIFETIME: Final = timedelta(minutes=10)


class Deliveries:
    """The messages behind outbox rows, on connections in autocommit mode."""

    def __init__(self, incidents: Incidents, outbox: Outbox) -> None:
        self._incidents = incidents
        self._outbox = outbox

    def message(
        self, conn: Connection, effect: dict[str, Any], lifetime: timedelta = LIFETIME
    ) -> dict[str, Any] | None:
        """The message of an effect; None if it has gone out already, and then the effect is done."""
        key = {"id": effect["id"], "lifetime": lifetime}
        message = conn.execute(SQL["message"], key).fetchone()
        if message is None or message["state"] != "waiting":
            self._outbox.finish(conn, effect["id"], "done")
            return None
        return message

    def sent(self, conn: Connection, message_id: UUID, sid: str | None) -> None:
        """It was handed over; `sid` is what the other side knows it by."""
        with conn.transaction():
            # In the order in which the carrier's news take the same two rows.
            self._outbox.finish(conn, message_id, "done")
            conn.execute(SQL["message_sent"], {"id": message_id, "sid": sid})

    def failed(
        self, conn: Connection, effect: dict[str, Any], code: str, error: Exception | None = None
    ) -> None:
        """It will not be sent, and the incident's record says so."""
        with conn.transaction():
            incident = self._incidents.hands(conn, effect["incident_id"])
            state = "expired" if code == "outdated" else "failed"
            self._outbox.finish(conn, effect["id"], state, error)
            conn.execute(SQL["message_failed"], {"id": effect["id"], "code": code})
            if incident is not None:
                incident.write([Note("effect_failed", {"what": effect["kind"], "reason": code})], "system")
        hint(conn)


def wait_s(waits_s: tuple[float, ...], effect: dict[str, Any]) -> float:
    """How long to wait before an effect is tried again, by how often it was."""
    return waits_s[min(int(effect["attempts"]), len(waits_s)) - 1]
