"""Browsers in which somebody has signed in before (OWASP calls it device cookies).

Strangers who guess at a name, or from the address of a whole desk, do not hold these up: wrong tries in such a browser
are counted for itself. Its cookie lets nobody in, and is nothing at another name. Each function is part of the caller's
transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, Final

from fastapi import Response

from api import sessions
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries

COOKIE: Final = "cb_browser"
KNOWN_FOR: Final = timedelta(days=90)
"""From the last time they signed in there."""
MOST: Final = 20
"""Of one name: of more, those used last."""
_SQL: Final = Queries("api", "browsers.sql")


def key(conn: Connection, browser: str | None, name: str) -> str | None:
    """What wrong tries at a name in this browser are counted by; None where it is a stranger there."""
    if browser is None or conn.execute(_SQL["known"], _values(browser, name)).fetchone() is None:
        return None
    return _key(_digest(browser), name)


def keys(conn: Connection, name: str) -> list[str]:
    """The same of every browser of a name."""
    return [_key(row["id_sha256"], name) for row in conn.execute(_SQL["of"], {"name": name}).fetchall()]


def remember(conn: Connection, browser: str | None, name: str) -> str:
    """They have just signed in there; the browser's id. One that we never gave is not taken over."""
    conn.execute(_SQL["forget_old"], {"known_for": KNOWN_FOR})
    if browser is None or conn.execute(_SQL["known_to_anybody"], _values(browser, name)).fetchone() is None:
        browser = secrets.token_urlsafe(32)
    conn.execute(_SQL["remember"], _values(browser, name))
    conn.execute(_SQL["forget_beyond"], {"name": name, "most": MOST})
    return browser


def forget(conn: Connection, name: str, *, but: str | None = None) -> None:
    """Every browser is a stranger to them again, or every other one."""
    conn.execute(_SQL["forget"], {"name": name, "but": None if but is None else _digest(but)})


def give(response: Response, browser: str, settings: Settings) -> None:
    """Put the id where the browser keeps it, out of reach of scripts and of other sites, also after signing out."""
    response.set_cookie(
        COOKIE,
        browser,
        path="/",
        max_age=int(KNOWN_FOR.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=sessions.is_secure(settings),
    )


def _values(browser: str, name: str) -> dict[str, Any]:
    return {"id": _digest(browser), "name": name, "known_for": KNOWN_FOR}


def _key(id_sha256: bytes, name: str) -> str:
    return f"browser {id_sha256.hex()} {name}"


def _digest(browser: str) -> bytes:
    return hashlib.sha256(browser.encode()).digest()
