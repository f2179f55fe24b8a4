"""Short links to the answer page, for SMS: whoever has one may answer for that person in that incident.

A link is a random number of 72 bits, kept in the database, and not an id with a signature. A signature
short enough for an SMS would have to be cut, says to nobody more than chance does, cannot be taken back,
and would open every incident to whoever learns the key. Of random ones, an attacker who tries a thousand
addresses a second against a million open incidents finds one in some 150 years. A link ends a day after
its incident, and can be revoked before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any, Final, LiteralString, Protocol
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import CallParty, Language

SQL: Final = Queries("incident.record", "links.sql")
_BYTES: Final = 9
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{12}")
_ADDRESS: Final = re.compile(r"(/a/)[A-Za-z0-9_-]{12}")
AFTERLIFE: Final = timedelta(hours=24)


class Executes(Protocol):
    """A connection, or what stands for one."""

    def execute(
        self, query: LiteralString, params: Mapping[str, Any] | None = None
    ) -> psycopg.Cursor[DictRow]:
        """Run a statement."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """Whose answers come by it, to what, in which language they are spoken to, and whether any came."""

    token: str
    incident_id: UUID
    party: CallParty
    language: Language
    used: bool


def address(conn: Executes, base_url: str, incident_id: UUID, party: CallParty) -> str:
    """The address of somebody's answer page; it is made when it is asked for first."""
    key = {"token": token_urlsafe(_BYTES), "incident_id": incident_id, "party": party}
    row = conn.execute(SQL["make_link"], key).fetchone()
    if row is None:
        raise AssertionError("INSERT … RETURNING gave no row")
    return f"{base_url}/a/{row['token']}"


def without_token(text: str) -> str:
    """A text without what makes the addresses in it lead anywhere."""
    return _ADDRESS.sub(r"\1…", text)


def find(conn: Connection, token: str) -> Link | None:
    """The link of that token; None if there is none any more."""
    if not _TOKEN.fullmatch(token):
        return None
    row = conn.execute(SQL["find_link"], {"token": token, "afterlife": AFTERLIFE}).fetchone()
    if row is None:
        return None
    return Link(
        row["token"],
        row["incident_id"],
        CallParty(row["party"]),
        Language(row["language"]),
        row["used_at"] is not None,
    )


def take_form(conn: Connection, token: str, form: UUID) -> bool:
    """Whether a form is sent for the first time; each page brings a form of its own."""
    return conn.execute(SQL["take_form"], {"token": token, "form": form}).fetchone() is not None


def revoke(conn: Connection, incident_id: UUID) -> int:
    """End all links of an incident; how many there were. The next SMS brings a new one."""
    return len(conn.execute(SQL["revoke_links"], {"incident_id": incident_id}).fetchall())
