"""The log of who looked at what and why, as it is read."""

from __future__ import annotations

from typing import Any, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import BothLanguages, Request, Words, examples
from api.tokens import Role
from api.views.detail import STANDING
from api.views.incident import AT, INCIDENT
from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api", "access_log.sql")
_LARGEST: Final = 2**63 - 1
_ENTRY: Final[dict[str, Any]] = {
    "id": 1207,
    "at": AT,
    "role": "operator",
    "name": "sato",
    "action": "incident.read",
    "object": INCIDENT["id"],
    "reason": "incident work",
    "incident_id": INCIDENT["id"],
    "policy_id": "P-0001",
    "place": STANDING["place"],
}


class LogWanted(Request):
    """Which lines of the log; all that is given must fit."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    who: Words | None = Field(default=None, description="The name of who looked.")
    what: Words | None = Field(
        default=None, description="An incident's, policy's, unit's … id, as it is written."
    )
    action: Words | None = Field(default=None, description="As incident.read.")


class LogPage(LogWanted):
    """Which lines, and from where on."""

    before: int | None = Field(default=None, ge=1, le=_LARGEST, description="The id of the last one seen.")
    limit: int = Field(default=50, ge=1, le=200)


class LogEntry(BaseModel):
    """One look, or one change that is logged."""

    model_config = examples(_ENTRY)

    id: int
    at: AwareDatetime
    role: str = Field(description="Or cli, where somebody at the machine did it.")
    name: str
    action: str
    object: str
    reason: str
    incident_id: UUID | None = Field(description="If it was an incident.")
    policy_id: str | None = Field(description="That incident's.")
    place: BothLanguages | None = Field(description="That incident's.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """From a row."""
        role, _, name = row["actor"].partition(":")
        return cls.model_validate(row | {"role": role, "name": name})


class LogList(BaseModel):
    """Lines of the log, newest first."""

    model_config = examples({"entries": [_ENTRY], "more": False})

    entries: list[LogEntry]
    more: bool = Field(description="Others follow: the last one's id as `before` gives them.")


def page(conn: Connection, wanted: LogWanted, *, before: int | None, limit: int) -> LogList:
    """A page of the log."""
    roles = (*Role, "cli")
    values = {
        "since": wanted.since,
        "until": wanted.until,
        "actors": [f"{role}:{wanted.who}" for role in roles] if wanted.who else None,
        "object": wanted.what or None,
        "action": wanted.action or None,
        "before": before,
        "limit": limit + 1,
    }
    rows = conn.execute(_SQL["entries"], values).fetchall()
    return LogList(entries=[LogEntry.of(row) for row in rows[:limit]], more=len(rows) > limit)
