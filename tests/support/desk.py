"""Operators with telephones, and the webhooks of everybody's calls, as the carrier would send them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

from support.insured import Insured

from incident.record import members
from incident.record.members import DeskRole
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from schemas.incident import CallParty, Language

AKIKO, KENJI, SUPERVISOR = "+815000000011", "+815000000012", "+815000000013"


def sign_in(
    world: Insured, name: str = "akiko", phone: str = AKIKO, language: Language = Language.JA
) -> None:
    """An operator comes to the desk."""
    with world.conn.transaction():
        members.sign_in(world.conn, name, phone, language)


def supervisor(world: Insured) -> None:
    """Somebody who is rung when no operator takes it."""
    with world.conn.transaction():
        members.put_member(world.conn, "boss", DeskRole.SUPERVISOR, SUPERVISOR)


@dataclass
class Leg:
    """One call, by its row."""

    world: Insured
    id: UUID

    @property
    def sid(self) -> str:
        return f"CA{self.id.hex}"

    @property
    def row(self) -> dict[str, Any]:
        return self.world.one("SELECT * FROM calls WHERE id = %s", self.id)

    @property
    def talk(self) -> Conversation:
        return Conversation(self.world.settings, self.world.incidents, Calls(self.world.incidents))

    def status(self, word: str) -> None:
        with self.world.conn.transaction():
            Calls(self.world.incidents).report(self.world.conn, self.id, self.sid, word)

    def picks_up(self) -> str:
        self.status("in-progress")
        with self.world.conn.transaction():
            return self.talk.greet(self.world.conn, self.id, self.sid)

    def hook(self, what: str, *more: Any) -> str:
        """One webhook by the name of its method."""
        with self.world.conn.transaction():
            return getattr(self.talk, what)(self.world.conn, self.id, self.sid, *more)


def legs(world: Insured, incident_id: UUID, party: CallParty) -> list[Leg]:
    """The calls to one party, in order."""
    rows = world.rows(
        "SELECT id FROM calls WHERE incident_id = %s AND party = %s ORDER BY attempt", incident_id, party
    )
    return [Leg(world, row["id"]) for row in rows]


def leg(world: Insured, incident_id: UUID, party: CallParty) -> Leg:
    """The newest call to one party."""
    return legs(world, incident_id, party)[-1]


def said(document: str) -> str:
    """Every spoken word of a document."""
    return "".join("".join(say.itertext()) for say in ElementTree.fromstring(document).iter("Say"))


def verbs(document: str) -> list[str]:
    """The verbs of a document, in order."""
    return [element.tag for element in ElementTree.fromstring(document)]


def room(document: str) -> ElementTree.Element | None:
    """The conference a document leads to; None if it leads to none."""
    return ElementTree.fromstring(document).find("Dial/Conference")


def waiting(world: Insured, kind: str = "connect_call") -> list[dict[str, Any]]:
    """Effects of a kind that have not left yet."""
    return world.rows("SELECT id, payload FROM outbox WHERE kind = %s AND state = 'pending'", kind)
