"""What the carrier tells us about calls: how each stands.

Webhooks carry our attempt id, come in any order, twice, late, and before the answer to our
own request. Each moves its call forward or changes nothing; any of them proves that the
call exists and settles a request whose answer was never heard. Where a request was made twice, the
carrier has two calls for one of ours, by two ids: what becomes of the other one does not end this
one, but whoever picks the other one up is the one on the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incident.escalation.events import CallEnded, CallMoved, Event
from incident.escalation.state import State
from incident.record.hands import SQL
from incident.service import Incidents
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import CallParty, Language

CALLS: Final = Queries("incident.voice", "calls.sql")

# Twilio's CallStatus values (its documentation of StatusCallback) and the stage each means.
STAGES: Final = {
    "queued": "placed",
    "initiated": "placed",
    "ringing": "ringing",
    "in-progress": "answered",
    "completed": "ended",
    "busy": "ended",
    "no-answer": "ended",
    "failed": "ended",
    "canceled": "ended",
}
# The first word of Twilio's AnsweredBy; anything else, such as `unknown`, says nothing.
_MACHINE: Final = {"human": False, "machine": True, "fax": True}
_ORDER: Final = ("waiting", "sending", "unknown", "placed", "ringing", "answered", "ended")


def _goes_on(state: str, stage: str, *, of_twin: bool) -> bool:
    """Whether news take a call further: never back, unless a living person has picked up its twin."""
    if of_twin and stage == "ended":
        return False
    if of_twin and stage == "answered":
        return state != "answered"
    return _ORDER.index(stage) > _ORDER.index(state)


class UnknownCall(LookupError):
    """No call was ever queued under that id."""


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to ring somebody."""

    id: UUID
    incident_id: UUID
    party: CallParty
    attempt: int
    language: Language
    state: str
    sid: str | None
    operator: str | None


class Calls:
    """The calls of all incidents. Each method is one transaction's work; the caller commits."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def report(self, conn: Connection, call_id: UUID, sid: str, status: str) -> None:
        """Take a status of the carrier. Raises UnknownCall; statuses not known here are ignored."""
        stage = STAGES.get(status)
        if stage is not None:
            self.move(conn, call_id, sid, stage, status)

    def detected(self, conn: Connection, call_id: UUID, answered_by: str) -> None:
        """Take the carrier's guess at who picked up, in its words: a hint for people. Raises UnknownCall."""
        call = self.read(conn, call_id)
        machine = _MACHINE.get(answered_by.partition("_")[0])

        def event_at(at: datetime) -> list[Event]:
            changed = conn.execute(CALLS["call_machine"], {"id": call_id, "machine": machine}).fetchone()
            return (
                [CallMoved(at, call.party, call.attempt, "detected", machine)] if changed is not None else []
            )

        self._incidents.handle(conn, call.incident_id, event_at, actor="carrier")

    def withdraw(self, conn: Connection, call_id: UUID, *, outbox_state: str) -> bool:
        """Take back a call nobody wants any more, if its request still stands so; whether it did.

        `pending` is a request that never reached the carrier, `unknown` one the carrier does not know.
        """
        call = self.read(conn, call_id)
        withdrawn: list[Event] = []

        def event_at(at: datetime) -> list[Event]:
            values = {"id": call_id, "outbox_state": outbox_state, "at": at}
            if conn.execute(SQL["withdraw_call"], values).fetchone() is not None:
                withdrawn.append(CallEnded(at, call.party, call.attempt, "withdrawn"))
            return withdrawn

        self._incidents.handle(conn, call.incident_id, event_at, actor="system")
        return bool(withdrawn)

    def move(
        self, conn: Connection, call_id: UUID, sid: str, stage: str, end_status: str | None
    ) -> tuple[Call, State]:
        """Move a call forward under its incident's lock; the call as it was, the state after it.

        Raises UnknownCall.
        """
        first = self.read(conn, call_id)

        def event_at(at: datetime) -> list[Event]:
            call = self.read(conn, call_id)
            conn.execute(SQL["settle_outbox"], {"id": call_id})
            of_twin = bool(sid) and call.sid not in (None, sid)
            if of_twin:
                conn.execute(CALLS["call_doubled"], {"id": call_id})
            if not _goes_on(call.state, stage, of_twin=of_twin):
                return []
            conn.execute(
                CALLS["call_progress"],
                {
                    "id": call_id,
                    "state": stage,
                    "sid": sid if sid and (stage == "answered" or not of_twin) else None,
                    "at": at,
                    "end_status": end_status if stage == "ended" else None,
                },
            )
            if stage == "ended":
                return [CallEnded(at, call.party, call.attempt, end_status or "ended")]
            return [CallMoved(at, call.party, call.attempt, stage)]

        state = self._incidents.handle(conn, first.incident_id, event_at, actor="carrier")
        return first, state

    @staticmethod
    def read(conn: Connection, call_id: UUID) -> Call:
        """A call as it stands. Raises UnknownCall."""
        row = conn.execute(CALLS["call"], {"id": call_id}).fetchone()
        if row is None:
            raise UnknownCall(call_id)
        return Call(
            id=row["id"],
            incident_id=row["incident_id"],
            party=CallParty(row["party"]),
            attempt=row["attempt"],
            language=Language(row["language"]),
            state=row["state"],
            sid=row["sid"],
            operator=row["operator"],
        )
