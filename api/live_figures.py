"""How all stands at this moment: what is open, who waits, and whether the machine does its work."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import examples
from api.views.incident import AT, INCIDENT
from incident.service import now
from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api", "live_figures.sql")
SEVERITIES: Final = ("very_severe", "severe", "moderate", "light", "trouble")
_OPEN: Final[dict[str, Any]] = {"severity": "severe", "open": 3, "untaken": 1, "waiting": 0}
_ALARM: Final[dict[str, Any]] = {
    "name": "desk_empty",
    "since": AT,
    "many": 1,
    "words": "nobody is at the desk",
}
_LIFE: Final[dict[str, Any]] = {
    "audited_at": AT,
    "timers_overdue": 0,
    "outbox_waiting": 2,
    "events_waiting": 0,
    "programs": [{"name": "cbutton engine", "connections": 12}],
}


class OpenOfSeverity(BaseModel):
    """Open incidents of one severity."""

    model_config = examples(_OPEN)

    severity: str = Field(
        description="very_severe, severe, moderate, light; trouble where there was no impact."
    )
    open: int
    untaken: int = Field(description="Of these, waiting for an operator, and nobody has them.")
    waiting: int = Field(description="Of these, with somebody on a line who waits for a person.")


class StandingAlarm(BaseModel):
    """Something the auditor finds wrong with the system."""

    model_config = examples(_ALARM)

    name: str
    since: AwareDatetime
    many: int
    words: str


class Program(BaseModel):
    """A program of ours by its database connections; one that is missing is stopped or cut off."""

    model_config = examples(_LIFE["programs"][0])

    name: str
    connections: int


class SignsOfLife(BaseModel):
    """Whether the machine does its work."""

    model_config = examples(_LIFE)

    audited_at: AwareDatetime | None = Field(
        description="When the auditor last looked; null before it ever did."
    )
    timers_overdue: int = Field(description="Steps that came due more than a second ago.")
    outbox_waiting: int = Field(description="Calls, texts and commands on their way out.")
    events_waiting: int = Field(description="Events that have no place in the stream yet.")
    programs: list[Program]


class LiveFigures(BaseModel):
    """How all stands now."""

    model_config = examples(
        {
            "at": AT,
            "by_severity": [_OPEN],
            "oldest_untaken_at": AT,
            "oldest_untaken_id": INCIDENT["id"],
            "alarms": [_ALARM],
            "life": _LIFE,
        }
    )

    at: AwareDatetime
    by_severity: list[OpenOfSeverity] = Field(description="Each of them, the gravest first.")
    oldest_untaken_at: AwareDatetime | None = Field(description="When it opened.")
    oldest_untaken_id: UUID | None
    alarms: list[StandingAlarm]
    life: SignsOfLife


def read(conn: Connection) -> LiveFigures:
    """The figures of this moment."""
    rows = {row["severity"]: row for row in conn.execute(_SQL["open_by_severity"]).fetchall()}
    none = {"open": 0, "untaken": 0, "waiting": 0}
    oldest = [row["oldest_untaken_at"] for row in rows.values() if row["oldest_untaken_at"] is not None]
    found = conn.execute(_SQL["oldest_untaken"]).fetchone()
    life = conn.execute(_SQL["signs_of_life"]).fetchone() or {}
    programs = conn.execute(_SQL["connected"]).fetchall()
    return LiveFigures(
        at=now(conn),
        by_severity=[
            OpenOfSeverity.model_validate(none | rows.get(name, {}) | {"severity": name})
            for name in SEVERITIES
        ],
        oldest_untaken_at=min(oldest, default=None),
        oldest_untaken_id=found["id"] if found is not None else None,
        alarms=[
            StandingAlarm.model_validate(row) for row in conn.execute(_SQL["standing_alarms"]).fetchall()
        ],
        life=SignsOfLife.model_validate(life | {"programs": programs}),
    )
