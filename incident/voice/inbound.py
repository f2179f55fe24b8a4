"""Whoever rings us or writes to us: found by number, led to the open incident or to a new one, and to a person.

Taken in at any hour, for every policy, with a button or without, and also from a number nobody knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import structlog

from incident.channels import chat
from incident.escalation.effects import Note
from incident.escalation.events import Answered, Joined, RangUs
from incident.plan.tables import Languages
from incident.record import texts
from incident.record.hands import Hands
from incident.service import Incidents, Report, device_of, now
from incident.voice import speech, twiml
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.wording import JAPAN_TIME
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Answer, CallParty, Language, Phase, Trigger

SQL: Final = Queries("incident.voice", "inbound.sql")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# What Twilio gives as the caller's number where there is none: the letters of the words on a telephone's keys.
_WITHHELD: Final = {
    "+266696687": "anonymous",
    "+7378742833": "restricted",
    "+2562533": "blocked",
    "+8656696": "unknown",
    "+86282452253": "unavailable",
}
_LONGEST_TEXT: Final = 2000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who rings. `incident_id` is the open incident their call is about, if it is known without opening one."""

    who: str
    language: Language
    holder_id: UUID | None = None
    incident_id: UUID | None = None
    flags: tuple[str, ...] = ()

    def hears(self, languages: Languages) -> Sequence[Language]:
        """What is said to them, of what the plan offers: of a stranger nobody knows what they understand."""
        known = self.who in ("driver", "contact")
        return [languages.choose(self.language)] if known else languages.offered


@dataclass(frozen=True, slots=True)
class _Said:
    """A text, and whose words they are."""

    id: UUID
    text: str
    party: CallParty
    language: Language

    @property
    def answer(self) -> Answer | None:
        """What it answers. A contact answers for nobody: theirs are words for a person to read."""
        if self.party is not CallParty.DRIVER:
            return None
        # Japanese telephones write digits in full width too.
        key = twiml.KEYS[self.party].get(unicodedata.normalize("NFKC", self.text).strip())
        return key or speech.understand(self.text, 1.0, self.language)


class Inbound:
    """Takes calls and texts of others in. Each method is one transaction's work; the caller commits."""

    def __init__(self, incidents: Incidents, calls: Calls, talk: Conversation) -> None:
        self._incidents, self._calls, self._talk = incidents, calls, talk
        self._log = structlog.get_logger(role="inbound")

    def ring(self, conn: Connection, sid: str, given_number: str) -> str:
        """Somebody rings: an incident for it, an operator rung, and TwiML that welcomes and holds them.

        `given_number` in the carrier's words, which may be none. The same call brought twice is one.
        """
        conn.execute(SQL["lock_arrival"], {"sid": sid})
        number = "" if given_number in _WITHHELD or not _E164.fullmatch(given_number) else given_number
        caller = self._who(conn, number)
        found = conn.execute(SQL["arrived"], {"sid": sid}).fetchone()
        if found is not None:
            heard = caller.hears(self._hands(conn, found["incident_id"]).languages)
            return self._talk.welcome(conn, found["id"], sid, heard)
        incident_id = self._join(conn, caller) or self._open(conn, caller)
        call_id = uuid4()
        hands = self._hands(conn, incident_id)
        conn.execute(
            SQL["insert_arrival"],
            {
                "id": call_id,
                "incident_id": incident_id,
                "number": number,
                "language": hands.languages.choose(caller.language),
                "sid": sid,
                "at": hands.at,
            },
        )
        hands.write([Note("caller", {"who": caller.who, "number_withheld": not number})], "carrier")
        key = {"id": call_id, "driver_rings": caller.who == "driver"}
        for rung in conn.execute(SQL["rung_meanwhile"], key).fetchall():
            party, attempt = CallParty(rung["party"]), rung["attempt"]
            self._incidents.handle(
                conn,
                incident_id,
                lambda at, party=party, attempt=attempt: RangUs(at, party, attempt),
                actor="carrier",
            )
        return self._talk.welcome(conn, call_id, sid, caller.hears(hands.languages))

    def _hands(self, conn: Connection, incident_id: UUID) -> Hands:
        hands = self._incidents.hands(conn, incident_id)
        if hands is None:
            raise AssertionError("an incident that was just written is missing")
        return hands

    def status(self, conn: Connection, sid: str, status: str) -> None:
        """News of a call of somebody to us; of one that is not known they change nothing."""
        found = conn.execute(SQL["arrived"], {"sid": sid}).fetchone()
        if found is not None:
            self._calls.report(conn, found["id"], sid, status)

    def write(self, conn: Connection, sid: str, number: str, text: str) -> bool:
        """Somebody writes to us: kept in the conversation of their open incident, or of one that it opens.

        Keys and clear words count; nothing else is an answer: a telephone in a car may reply to texts by itself.
        False where nobody knows the number: then the words reach nobody here, and the writer must be told.
        """
        conn.execute(SQL["lock_arrival"], {"sid": sid})
        message_id = uuid5(NAMESPACE_URL, f"twilio:{sid}")
        brought_before = conn.execute(SQL["written"], {"message_id": message_id}).fetchone() is not None
        if brought_before or not text.strip():
            return True
        found = conn.execute(SQL["writer"], {"number": number}).fetchone()
        if found is not None:
            said = _Said(message_id, text, CallParty(found["party"]), Language(found["language"]))
            if self._keep(conn, found["incident_id"], said):
                return True
        caller = self._who(conn, number)
        if caller.holder_id is None:
            self._log.warning("a text of somebody nobody knows", message=sid)
            return False
        said = _Said(message_id, text, CallParty(caller.who), caller.language)
        if said.answer is Answer.FINE:
            return True
        incident_id = self._open(conn, caller)
        self._keep(conn, incident_id, said)
        hands = self._incidents.hands(conn, incident_id)
        if hands is not None:
            texts.write(hands, "sms", "wrote", said.party, number=number)
        return True

    def _keep(self, conn: Connection, incident_id: UUID, said: _Said) -> bool:
        """Keep words and what they answer; false if the incident was closed meanwhile."""
        taken = chat.person_writes(
            conn,
            self._incidents,
            incident_id,
            said.party,
            message_id=said.id,
            text=said.text[:_LONGEST_TEXT],
            via="sms",
        )
        if not taken:
            return False
        if (answer := said.answer) is not None:
            self._incidents.handle(
                conn, incident_id, lambda at: Answered(at, answer, said.party, "sms"), actor="driver"
            )
        return True

    @staticmethod
    def _who(conn: Connection, number: str) -> Caller:
        """Whose number it is. Nothing is locked yet."""
        if not number:
            return Caller("withheld", Language.JA, flags=("unknown_caller",))
        key = {"number": number, "on": now(conn).astimezone(JAPAN_TIME).date()}
        if (row := conn.execute(SQL["holder_of_number"], key).fetchone()) is not None:
            return Caller("driver", Language(row["language"]), row["holder_id"])
        if (row := conn.execute(SQL["contact_of_number"], key).fetchone()) is not None:
            language = Language(row["language"])
            return Caller("contact", language, row["holder_id"], row["incident_id"], ("contact_rang",))
        if (row := conn.execute(SQL["incident_of_caller"], key).fetchone()) is not None:
            incident_id: UUID = row["incident_id"]
            return Caller("stranger", Language(row["language"]), None, incident_id, ("unknown_caller",))
        return Caller("stranger", Language.JA, flags=("unknown_caller",))

    def _join(self, conn: Connection, caller: Caller) -> UUID | None:
        """Their call belongs to an open incident of which more is known than its holder; None if it was just closed."""
        incident_id = caller.incident_id
        if incident_id is None:
            return None
        state = self._incidents.handle(
            conn, incident_id, lambda at: Joined(at, Trigger.CALL, None), actor="carrier"
        )
        return incident_id if state.phase is not Phase.CLOSED else None

    def _open(self, conn: Connection, caller: Caller) -> UUID:
        device_id = device_of(conn, caller.holder_id) if caller.holder_id is not None else None
        report = Report(
            device_id=device_id,
            trigger=Trigger.CALL,
            severity=None,
            at=now(conn),
            late=False,
            position=None,
            flags=caller.flags,
            holder_id=caller.holder_id,
        )
        return self._incidents.report(conn, report).incident_id
