"""How long it took until somebody answered, an operator was there, help arrived: today, or over days."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import Any, Final, Self

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import examples
from api.views.incident import AT
from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api", "time_figures.sql")
_TOOK: Final[dict[str, Any]] = {"n": 41, "p50_s": 38.5, "p95_s": 164.0}
_SPAN: Final[dict[str, Any]] = {
    "begins_at": AT,
    "opened": 47,
    "answer": _TOOK,
    "operator": _TOOK,
    "arrival": _TOOK,
}


class Days(IntEnum):
    """How far back: today, a week, or thirty days, today included. Days are those of Japan."""

    TODAY = 1
    WEEK = 7
    MONTH = 30


class Took(BaseModel):
    """How long something took."""

    model_config = examples(_TOOK)

    n: int = Field(description="Of how many incidents; the others had none.")
    p50_s: float | None = Field(description="Half were as quick, seconds.")
    p95_s: float | None = Field(description="19 of 20 were as quick, seconds.")

    @classmethod
    def of(cls, row: dict[str, Any] | None) -> Self:
        """From a row; of nothing where there is none."""
        return cls(n=0, p50_s=None, p95_s=None) if row is None else cls.model_validate(row)


class Span(BaseModel):
    """Incidents opened in one hour, one day, or the whole time."""

    model_config = examples(_SPAN)

    begins_at: AwareDatetime
    opened: int
    answer: Took = Field(description="From opening to the first answer of the driver or a contact.")
    operator: Took = Field(description="From waiting on a line to an operator.")
    arrival: Took = Field(description="From asking for help to the first unit on the scene.")


class TimeFigures(BaseModel):
    """The whole time, and its hours (of a day) or days, also those without an incident."""

    model_config = examples({"at": AT, "whole": _SPAN, "spans": [_SPAN]})

    at: AwareDatetime
    whole: Span
    spans: list[Span] = Field(description="Oldest first.")


def read(conn: Connection, days: Days) -> TimeFigures:
    """The figures of so many days up to now."""
    period = conn.execute(_SQL["period"], {"days": int(days)}).fetchone()
    if period is None:
        raise AssertionError("SELECT without FROM gave no row")
    since, at = period["since"], period["at"]
    hourly = days is Days.TODAY
    values = {"since": since, "span": "hour" if hourly else "day"}
    found = {(row["span"], row["what"]): row for row in conn.execute(_SQL["times"], values).fetchall()}
    step = timedelta(hours=1) if hourly else timedelta(days=1)
    begins = [since + n * step for n in range(1 + int((at - since) / step))]

    def span(key: Any) -> Span:
        opened = found.get((key, "opened"))
        return Span(
            begins_at=key or since,
            opened=opened["n"] if opened is not None else 0,
            answer=Took.of(found.get((key, "answer"))),
            operator=Took.of(found.get((key, "operator"))),
            arrival=Took.of(found.get((key, "arrival"))),
        )

    return TimeFigures(at=at, whole=span(None), spans=[span(begin) for begin in begins])
