"""Who is at the desk: operators, supervisors and the second site, with the telephones that may be rung."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog

from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Language

SQL: Final = Queries("incident.record", "desk.sql")


class DeskRole(StrEnum):
    """When somebody at the desk is rung: operators while signed in, the others in any case."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    SECOND_SITE = "second_site"


class UnknownMember(LookupError):
    """Nobody of that name is at the desk, or they are not signed in."""


@dataclass(frozen=True, slots=True)
class Member:
    """One telephone of the desk. `on_call`: it rings for us, or somebody speaks on it."""

    name: str
    role: DeskRole
    phone: str | None
    language: Language
    signed_in_at: datetime | None
    paused: bool
    on_call: bool

    @property
    def is_ready(self) -> bool:
        """Whether it is rung when somebody is needed, unless it is in use."""
        here = self.role is not DeskRole.OPERATOR or (self.signed_in_at is not None and not self.paused)
        return self.phone is not None and here


def members(conn: Connection) -> list[Member]:
    """Everybody, by role and name."""
    rows = conn.execute(SQL["members"]).fetchall()
    return [
        Member(
            name=row["name"],
            role=DeskRole(row["role"]),
            phone=row["phone"],
            language=Language(row["language"]),
            signed_in_at=row["signed_in_at"],
            paused=row["paused"],
            on_call=row["on_call"],
        )
        for row in rows
    ]


def put_member(
    conn: Connection, name: str, role: DeskRole, phone: str | None, language: Language = Language.JA
) -> bool:
    """Add somebody, or change them; whether they are new. An operator signs in by themself."""
    values = {"name": name, "role": role, "phone": phone, "language": language}
    row = conn.execute(SQL["put_member"], values).fetchone()
    return row is not None and bool(row["made"])


def remove_member(conn: Connection, name: str) -> None:
    """Nobody rings them any more. Raises UnknownMember."""
    if conn.execute(SQL["remove_member"], {"name": name}).fetchone() is None:
        raise UnknownMember(name)


def sign_in(conn: Connection, name: str, phone: str | None, language: Language | None = None) -> None:
    """An operator is here, or back from a pause; a telephone or language not named stays as it was."""
    conn.execute(SQL["sign_in"], {"name": name, "phone": phone, "language": language})


def sign_out(conn: Connection, name: str) -> None:
    """An operator has gone. Done twice it changes nothing."""
    conn.execute(SQL["sign_out"], {"name": name})


def pause(conn: Connection, name: str) -> None:
    """An operator stays signed in and is not rung. Raises UnknownMember for one who is not signed in."""
    if conn.execute(SQL["pause"], {"name": name}).fetchone() is None:
        raise UnknownMember(name)


def can_be_rung(conn: Connection, name: str) -> bool:
    """Whether somebody has signed in with a telephone and does not pause."""
    return conn.execute(SQL["can_be_rung"], {"name": name}).fetchone() is not None


def operators_ready(conn: Connection) -> int:
    """How many operators' telephones would be rung."""
    row = conn.execute(SQL["count_ready"]).fetchone()
    return int(row["ready"]) if row is not None else 0


def desk_empty(conn: Connection) -> bool:
    """Whether no operator would be rung at all; that is logged as an error, before anybody needs one."""
    if operators_ready(conn):
        return False
    structlog.get_logger(role="desk").error("no operator is signed in with a telephone")
    return True
