"""Operators' telephones: what they hear, how they take an incident, and the conference in which they talk."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from incident import wording
from incident.channels.webhooks import Webhooks
from incident.escalation.effects import Note
from incident.escalation.events import DeskAnswered
from incident.escalation.state import State
from incident.record import telephones
from incident.service import Incidents
from incident.voice import twiml
from incident.voice.calls import CALLS, Call, Calls
from incident.voice.twiml import Voice
from incident.wording import Brief, Facts
from runtime.database import Connection
from runtime.settings import Settings
from schemas.incident import CallParty, Phase

_TAKE: Final = "1"


def room_of(incident_id: UUID) -> str:
    """The name of the conference in which people talk about an incident."""
    return f"cb-{incident_id}"


class Bridge:
    """Brings operators and customers together. Each method is part of the caller's transaction."""

    def __init__(self, settings: Settings, incidents: Incidents, calls: Calls) -> None:
        self._incidents, self._calls = incidents, calls
        self._api_url, self._records = settings.api_url, settings.record_calls

    def brief(self, conn: Connection, call: Call, state: State, facts: Facts) -> str:
        """Tell an operator which incident it is, and how to take it; or that nobody is needed any more."""
        voice = Voice(call.language)
        if (over := self._over(call, state)) is not None:
            return twiml.farewell([over], voice)
        key = {"incident_id": call.incident_id}
        line = conn.execute(CALLS["live_driver"], key).fetchone() or {"machine": None, "spoke": False}
        brief = Brief(
            trigger=state.trigger,
            severity=state.severity,
            road=state.road,
            place=place_words(conn, call),
            waiting=state.waiting,
            answer=state.answer,
            driver_answered=state.driver.answered,
            ambulance=state.ambulance,
            machine=line["machine"],
            spoke=line["spoke"],
            lone_worker=state.phase is Phase.CLOSED and state.desk_round is not None,
        )
        words = wording.briefing(facts, brief, call.language)
        return twiml.briefing(words, voice, self._hooks(call))

    def take(self, conn: Connection, call: Call, state: State, digit: str, facts: Facts) -> str:
        """An operator pressed a key. Only 1 takes the incident; whoever was first has it."""
        operator = call.operator
        if digit != _TAKE or operator is None:
            return self.brief(conn, call, state, facts)
        conn.execute(CALLS["call_pressed"], {"id": call.id, "digit": digit})
        after = self._incidents.handle(
            conn,
            call.incident_id,
            lambda at: DeskAnswered(at, operator, call.attempt),
            actor=f"operator:{operator}",
        )
        voice = Voice(call.language)
        if after.phase is Phase.CLOSED and after.taken_by == operator and after.on_scene:
            return twiml.farewell([wording.desk("look_after", call.language)], voice)
        if (over := self._over(call, after)) is not None:
            return twiml.farewell([over], voice)
        return self.join(conn, call, voice)

    def join(self, conn: Connection, call: Call, voice: Voice) -> str:
        """Bring a line into the conference of its incident; the operator's leaving ends it."""
        leads = call.party is CallParty.OPERATOR
        conn.execute(CALLS["call_connected"], {"id": call.id})
        hands = self._incidents.hands(conn, call.incident_id)
        if hands is not None:
            hands.write([Note("line_connected", {"party": call.party, "attempt": call.attempt})], "carrier")
        words = [wording.desk("taken", call.language) if leads else voice.spoken("connected")]
        if self._records:
            words.append(voice.spoken("recorded"))
        return twiml.conference(
            room_of(call.incident_id),
            words,
            voice,
            self._hooks(call),
            leads=leads,
            records=self._records,
        )

    def wait(self, call: Call, state: State) -> str:
        """Tell an operator who is alone in the conference what becomes of the driver."""
        if state.waiting or state.driver.answered:
            key = "coming"
        else:
            key = "ringing" if state.driver.under_way or state.driver.wanted else "absent"
        return twiml.wait([wording.desk(key, call.language)], Voice(call.language), self._hooks(call))

    def look_for(self, conn: Connection, call: Call, state: State) -> None:
        """Somebody is alone although an operator should be there: ask whether the news of their leaving was lost."""
        hands = self._incidents.hands(conn, call.incident_id)
        if hands is not None:
            telephones.check_desk(hands, state.on_line_attempt)

    def recorded(self, conn: Connection, call: Call, recording: str, seconds: str) -> None:
        """Note a recording once, however often it is told."""
        hands = self._incidents.hands(conn, call.incident_id)
        key = {"incident_id": call.incident_id, "sid": recording}
        if hands is not None and conn.execute(CALLS["recorded"], key).fetchone() is None:
            length_s = int(seconds) if seconds.isdecimal() else None
            hands.write([Note("recorded", {"recording": recording, "length_s": length_s})], "carrier")

    @staticmethod
    def _over(call: Call, state: State) -> str | None:
        """Why this operator is not needed, in words; None if they are."""
        mine = state.on_line == call.operator and state.on_line_attempt == call.attempt
        if state.phase is Phase.CLOSED and state.desk_round is not None:
            return None  # rung for a unit that says nothing on its scene
        if state.phase is Phase.CLOSED and not mine:
            return wording.desk("over", call.language)
        if state.on_line is not None and not mine:
            return wording.desk("not_needed", call.language)
        return None

    def _hooks(self, call: Call) -> Webhooks:
        return Webhooks(self._api_url, call.id)


def place_words(conn: Connection, call: Call) -> str:
    """Where the incident is, in the words of the call's language; empty if that is not known."""
    key = {"incident_id": call.incident_id, "language": call.language}
    row = conn.execute(CALLS["place_words"], key).fetchone()
    return (row["words"] if row is not None else None) or ""
