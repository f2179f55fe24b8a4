"""Incidents of any age, looked for by when, where, whose, and what became of them."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.context import SQL
from api.fields import BothLanguages, Request, Words, examples
from api.views.detail import STANDING
from api.views.incident import INCIDENT
from incident.service import UnknownIncident
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Severity
from schemas.incident import Answer, Outcome, Phase, Trigger

_SQL: Final = Queries("api", "history.sql")
MOST: Final = 200
MOST_PEOPLE: Final = 1000
_BEFORE_ALL: Final = UUID(int=0)
_GAPS: Final = re.compile(r"[\s\u2010-\u2015\u2212\u30fc\u30fb-]")
_SHOWN: Final = ("id", "opened_at", "closed_at", "trigger", "severity", "phase", "answer", "outcome")
_ROW: Final[dict[str, Any]] = {
    key: INCIDENT[key] for key in (*_SHOWN, "taken_by", "device_id", "policy_id")
} | {"place": STANDING["place"]}


class TooMany(ValueError):
    """A name or plate that fits more people or cars than may be looked for at once."""


def _two_letters(text: str) -> str:
    if len(_GAPS.sub("", text)) < 2:
        raise PydanticCustomError(
            "string_too_short", "give two letters or digits at least", {"min_length": 2}
        )
    return text


Part = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, max_length=40), AfterValidator(_two_letters)
]


class Wanted(Request):
    """What is looked for; all that is given must fit."""

    opened_from: AwareDatetime | None = Field(default=None, description="Opened then or later.")
    opened_to: AwareDatetime | None = Field(default=None, description="Opened before.")
    place: Words | None = Field(default=None, description="Parts of the place in words, apart by spaces.")
    trigger: Trigger | None = None
    severity: Severity | None = None
    outcome: Outcome | None = None
    taken_by: Words | None = Field(default=None, description="The operator who has it, or had it last.")
    policy_id: Words | None = None
    device_id: Words | None = None
    plate: Part | None = Field(default=None, description="A part of the car's plate, with any spaces.")
    holder: Part | None = Field(default=None, description="A part of the policyholder's name.")

    @property
    def whose(self) -> str:
        """Whom it is about, for the access log; empty where it is about nobody in particular."""
        told = self.model_dump(include={"policy_id", "device_id", "plate", "holder"}, exclude_none=True)
        return ", ".join(f"{key} {value}" for key, value in told.items() if value)


class Page(Wanted):
    """What is looked for, and from where on."""

    before: UUID | None = Field(default=None, description="Only those opened before this incident.")
    limit: int = Field(default=50, ge=1, le=MOST)


class HistoryRow(BaseModel):
    """An incident in a line."""

    model_config = examples(_ROW)

    id: UUID
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    trigger: Trigger
    severity: Severity | None
    phase: Phase
    answer: Answer | None
    outcome: Outcome | None
    taken_by: str | None
    device_id: str | None
    policy_id: str | None
    place: BothLanguages | None


class History(BaseModel):
    """Incidents that were found, newest first."""

    model_config = examples({"incidents": [_ROW], "more": False})

    incidents: list[HistoryRow]
    more: bool = Field(description="Others follow: the last one's id as `before` gives them.")


def find(conn: Connection, wanted: Wanted, *, before: UUID | None, limit: int) -> History:
    """A page of what was looked for. Raises UnknownIncident for `before`, TooMany for a name that fits too many."""
    before_at = None
    if before is not None:
        row = conn.execute(SQL["opened_at"], {"id": before}).fetchone()
        if row is None:
            raise UnknownIncident(before)
        before_at = row["opened_at"]
    values: dict[str, Any] = wanted.model_dump(mode="json", include={"trigger", "severity", "outcome"})
    for name in ("taken_by", "policy_id", "device_id"):
        values[name] = getattr(wanted, name) or None
    values |= {
        "opened_from": wanted.opened_from,
        "opened_to": wanted.opened_to,
        "place": [_anywhere(part) for part in (wanted.place or "").split()],
        "before_at": before_at,
        "before_id": before or _BEFORE_ALL,
        "limit": limit + 1,
    }
    query = "incidents_by_time"
    if wanted.whose:
        query = "incidents_of_somebody"
        values |= {"vehicles": _cars(conn, wanted.plate), "holders": _people(conn, wanted.holder)}
    rows = conn.execute(_SQL[query], values).fetchall()
    return History(incidents=[HistoryRow.model_validate(row) for row in rows[:limit]], more=len(rows) > limit)


def _cars(conn: Connection, plate: str | None) -> list[UUID] | None:
    if plate is None:
        return None
    return _few(conn, "vehicles_by_plate", plate=_anywhere(_GAPS.sub("", _plain(plate))))


def _people(conn: Connection, name: str | None) -> list[UUID] | None:
    if name is None:
        return None
    return _few(conn, "holders_by_name", name=_anywhere("".join(_plain(name).split())))


def _few(conn: Connection, query: str, **values: str) -> list[UUID]:
    rows = conn.execute(_SQL[query], {**values, "most": MOST_PEOPLE + 1}).fetchall()
    if len(rows) > MOST_PEOPLE:
        raise TooMany
    return [row["id"] for row in rows]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _anywhere(part: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"
