"""Sessions: from an identity that somebody vouches for to a cookie, and from the cookie back to the identity.

How the identity was found out (a password here, another party's word elsewhere) is not known in here.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import Response

from api.tokens import Role
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries
from schemas.incident import Language

COOKIE: Final = "cb_session"
_LOOKS: Final = timedelta(seconds=15)
"""For so long somebody counts as looking: screens say so every few seconds."""
_SQL: Final = Queries("api", "sessions.sql")


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in. `locked`: nobody may be at the screen; the password is asked before anything is done."""

    id_sha256: bytes
    name: str
    role: Role
    language: Language
    csrf_token: str
    began_at: datetime
    ends_at: datetime
    locked: bool
    second_factor: bool
    recovery_codes_left: int


def begin(conn: Connection, name: str, settings: Settings) -> str:
    """A new session of somebody; its id, which is kept nowhere but with them."""
    conn.execute(_SQL["end_old_sessions"], _limits(settings))
    session_id = secrets.token_urlsafe(32)
    values = {"id": _digest(session_id), "name": name, "csrf_token": secrets.token_urlsafe(24)}
    conn.execute(_SQL["begin_session"], values)
    return session_id


def find(conn: Connection, session_id: str, settings: Settings) -> Session | None:
    """The session of an id, which counts as heard of; None if there is none, or it has ended."""
    return _find(conn, _digest(session_id), settings)


def still(conn: Connection, session: Session, settings: Settings) -> Session | None:
    """The same session as it is now, which counts as heard of; None once it has ended."""
    return _find(conn, session.id_sha256, settings)


def lock(conn: Connection, session: Session) -> None:
    """Nobody is at the screen. Done twice it changes nothing."""
    conn.execute(_SQL["lock_session"], {"id": session.id_sha256})


def unlock(conn: Connection, session: Session) -> None:
    """They are back."""
    conn.execute(_SQL["unlock_session"], {"id": session.id_sha256})


def end(conn: Connection, session: Session) -> None:
    """They sign out."""
    conn.execute(_SQL["end_session"], {"id": session.id_sha256})


def end_all(conn: Connection, name: str, *, but: Session | None = None) -> None:
    """End every session of somebody, or every other one."""
    conn.execute(_SQL["end_sessions"], {"name": name, "but": but and but.id_sha256})


def look(conn: Connection, session: Session, incident_id: UUID) -> None:
    """An incident is open on their screen now, and no other."""
    conn.execute(_SQL["look"], {"id": session.id_sha256, "incident_id": incident_id})


def lookers(conn: Connection, incident_id: UUID, *, but: str) -> list[str]:
    """Who else has an incident open, by name."""
    key = {"incident_id": incident_id, "within": _LOOKS, "name": but}
    return [row["name"] for row in conn.execute(_SQL["lookers"], key).fetchall()]


def give(response: Response, session_id: str, settings: Settings) -> None:
    """Put the id where the browser keeps it, out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        session_id,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_secure(settings),
    )


def take_back(response: Response, settings: Settings) -> None:
    """Have the browser forget it."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=is_secure(settings))


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach us by https only, and cookies must not go otherwise."""
    return settings.public_url.startswith("https:")


def _find(conn: Connection, id_sha256: bytes, settings: Settings) -> Session | None:
    key: dict[str, Any] = {"id": id_sha256, **_limits(settings)}
    row = conn.execute(_SQL["session"], key).fetchone()
    if row is None:
        return None
    # Not at every request: there are several a second of each console.
    if row.pop("fading"):
        conn.execute(_SQL["session_seen"], key)
    row |= {"role": Role(row["role"]), "language": Language(row["language"])}
    return Session(**row)


def _limits(settings: Settings) -> dict[str, timedelta]:
    return {
        "longest": timedelta(hours=settings.session_hours),
        "idle": timedelta(minutes=settings.session_idle_minutes),
        "lock": timedelta(minutes=settings.session_lock_minutes),
    }


def _digest(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()
