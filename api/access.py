"""The log of who looked at what, and why."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Header

from api.context import SQL
from api.tokens import Identity
from runtime.database import Connection

DEFAULT_REASON: Final = "incident work"
_LONGEST: Final = 200

Reason = Annotated[
    str | None,
    Header(
        alias="X-Reason",
        description=f"Why it is looked at, for the access log; percent-encoded UTF-8. Default: {DEFAULT_REASON}.",
        examples=["call%20back"],
    ),
]


def log_access(conn: Connection, who: Identity, action: str, what: str, reason: str | None) -> None:
    """Write a look-up down, in the transaction that does it."""
    log_look_up(conn, actor(who), action, what, reason)


def log_access_once(conn: Connection, who: Identity, action: str, what: str, reason: str | None) -> None:
    """The same for what a page asks again and again: one look-up in five minutes is written down."""
    key = {"actor": actor(who), "action": action, "object": what, "reason": spoken_reason(reason)}
    conn.execute(SQL["log_access_once"], key)


def log_look_up(conn: Connection, who: str, action: str, what: str, reason: str | None) -> None:
    """The same for somebody who did not come through the API; `who` as `actor` writes it."""
    conn.execute(
        SQL["log_access"],
        {
            "actor": who,
            "action": action,
            "object": what,
            "reason": spoken_reason(reason),
        },
    )


def actor(who: Identity) -> str:
    """Who asks, as the logs have it."""
    return f"{who.role}:{who.name}"


def spoken_reason(header: str | None) -> str:
    """The reason in a header; headers are Latin-1, so what lies beyond is percent-encoded or raw UTF-8."""
    if not header or not header.strip():
        return DEFAULT_REASON
    try:
        text = header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = header
    printable = "".join(char for char in unquote(text) if char.isprintable())
    return printable.strip()[:_LONGEST] or DEFAULT_REASON
