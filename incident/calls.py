"""What the carrier tells us about calls, and what it is told to say.

Webhooks carry our attempt id, come in any order, twice, late, and before the answer to our
own request. Each moves its call forward or changes nothing; any of them proves that the
call exists and settles a request whose answer was never heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incident import twiml
from incident.events import Answered, CallEnded, CallMoved, Event, LineWaits
from incident.hands import SQL, Hands
from incident.service import Incidents, UnknownIncident
from incident.state import State
from runtime.database import Connection
from schemas.incident import Answer, CallParty, Language, Phase

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
_ORDER: Final = ("waiting", "sending", "unknown", "placed", "ringing", "answered", "ended")


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


@dataclass(frozen=True, slots=True)
class Links:
    """Where the carrier is sent next; absolute addresses of ours, with how often to try again in the fragment."""

    gather_url: str
    silent_url: str
    hold_url: str
    connect_to: str


class Calls:
    """The calls of all incidents. Each method is one transaction's work; the caller commits."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def report(self, conn: Connection, call_id: UUID, sid: str, status: str) -> None:
        """Take a status of the carrier. Raises UnknownCall; statuses not known here are ignored."""
        stage = STAGES.get(status)
        if stage is not None:
            self._move(conn, call_id, sid, stage, status)

    def greet(self, conn: Connection, call_id: UUID, sid: str, links: Links) -> str:
        """Somebody or something picked up: the first TwiML of the call."""
        call, state = self._move(conn, call_id, sid, "answered", None)
        if state.phase in (Phase.CLOSED, Phase.SETTLING):
            return twiml.handled(call.language)
        return twiml.menu(
            call.party,
            self._hands(conn, call).facts(),
            state.trigger,
            call.language,
            action_url=links.gather_url,
            silent_url=links.silent_url,
        )

    def press(self, conn: Connection, call_id: UUID, sid: str, digit: str, links: Links) -> str:
        """A key was pressed: record what it means; the words that confirm it, for after the commit."""
        call, state = self._move(conn, call_id, sid, "answered", None)
        answer = twiml.keys_for(call.party).get(digit)
        if answer is None:
            return twiml.wrong_key(
                call.party, call.language, action_url=links.gather_url, silent_url=links.silent_url
            )
        conn.execute(SQL["call_pressed"], {"id": call_id, "digit": digit})
        was_closed = state.phase is Phase.CLOSED
        state = self._incidents.handle(
            conn, call.incident_id, lambda at: Answered(at, answer, call.party, "key"), actor=call.party
        )
        if was_closed:
            fine = answer is Answer.FINE
            return twiml.handled(call.language) if fine else twiml.closed(call.language)
        return twiml.confirmation(
            _sentence(call.party, answer, state),
            call.language,
            connect_to=links.connect_to,
            hold_url=links.hold_url,
        )

    def stay_silent(self, conn: Connection, call_id: UUID, sid: str, links: Links) -> str:
        """Nothing was pressed: call a person to the line, and hold it for them."""
        call, state = self._move(conn, call_id, sid, "answered", None)
        if state.phase is Phase.CLOSED:
            return twiml.handled(call.language)
        self._incidents.handle(conn, call.incident_id, lambda at: LineWaits(at, call.party), actor=call.party)
        return twiml.confirmation(
            "silent", call.language, connect_to=links.connect_to, hold_url=links.hold_url
        )

    def hold(self, conn: Connection, call_id: UUID, links: Links, *, held: int, talked: bool) -> str:
        """Keep the line a little longer, unless a person has talked with them or the matter is closed."""
        call, state = self._move(conn, call_id, "", "answered", None)
        if talked:
            return twiml.goodbye()
        if state.phase is Phase.CLOSED:
            return twiml.handled(call.language)
        return twiml.hold(
            call.language,
            connect_to=links.connect_to,
            hold_url=links.hold_url,
            held=held,
        )

    def withdraw(self, conn: Connection, call_id: UUID, *, outbox_state: str) -> bool:
        """Take back a call nobody wants any more, if its request still stands so; whether it did.

        `pending` is a request that never reached the carrier, `unknown` one the carrier does not know.
        """
        call = self._read(conn, call_id)
        withdrawn: list[Event] = []

        def event_at(at: datetime) -> list[Event]:
            values = {"id": call_id, "outbox_state": outbox_state, "at": at}
            if conn.execute(SQL["withdraw_call"], values).fetchone() is not None:
                withdrawn.append(CallEnded(at, call.party, call.attempt, "withdrawn"))
            return withdrawn

        self._incidents.handle(conn, call.incident_id, event_at, actor="system")
        return bool(withdrawn)

    def _move(
        self, conn: Connection, call_id: UUID, sid: str, stage: str, end_status: str | None
    ) -> tuple[Call, State]:
        """Move a call forward, never back, under its incident's lock."""
        first = self._read(conn, call_id)

        def event_at(at: datetime) -> list[Event]:
            call = self._read(conn, call_id)
            conn.execute(SQL["settle_outbox"], {"id": call_id})
            if _ORDER.index(stage) <= _ORDER.index(call.state):
                return []
            conn.execute(
                SQL["call_progress"],
                {
                    "id": call_id,
                    "state": stage,
                    "sid": sid or None,
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
    def _read(conn: Connection, call_id: UUID) -> Call:
        row = conn.execute(SQL["call"], {"id": call_id}).fetchone()
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
        )

    def _hands(self, conn: Connection, call: Call) -> Hands:
        hands = self._incidents.hands(conn, call.incident_id)
        if hands is None:
            raise UnknownIncident(call.incident_id)
        return hands


def _sentence(party: CallParty, answer: Answer, state: State) -> str:
    if party is CallParty.CONTACT:
        return "contact_thanks" if answer is Answer.FINE else "operator"
    if answer is Answer.FINE:
        return "fine" if state.phase is Phase.CLOSED else "fine_call_back"
    return str(answer)
