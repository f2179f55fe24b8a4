"""What devices sent and could not be read, for whoever finds out why."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import examples
from api.views.incident import AT
from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api", "dead_letters.sql")
_LETTER: Final[dict[str, Any]] = {
    "id": 4711,
    "received_at": AT,
    "device_id": "car-0001",
    "topic": "cb/v1/0a/car-0001/up/impact",
    "reason": "malformed",
    "detail": "Error parsing message",
    "size_bytes": 3,
    "kept_bytes": 3,
}
_COUNT: Final[dict[str, Any]] = {"reason": "malformed", "many": 12, "devices": 2, "newest_at": AT}


class LetterBrief(BaseModel):
    """One message that could not be read."""

    model_config = examples(_LETTER)

    id: int
    received_at: AwareDatetime
    device_id: str | None = Field(description="Null where no such device is known.")
    topic: str
    reason: str
    detail: str
    size_bytes: int = Field(description="Of the payload as it came.")
    kept_bytes: int = Field(description="Of these, from the beginning, are kept.")


class Letter(LetterBrief):
    """The same with its payload."""

    model_config = examples(_LETTER | {"payload_hex": "0a0b0c", "text": None})

    payload_hex: str = Field(description="What is kept of it; GET …/payload gives it as a file.")
    text: str | None = Field(description="The same as UTF-8; null where it is none.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """From a row."""
        payload = bytes(row["payload"])
        return cls.model_validate(row | {"payload_hex": payload.hex(), "text": _text(payload)})


class ReasonCount(BaseModel):
    """How often something was unreadable for one reason."""

    model_config = examples(_COUNT)

    reason: str
    many: int
    devices: int = Field(description="Known ones.")
    newest_at: AwareDatetime


class LetterList(BaseModel):
    """Messages that could not be read, newest first; the last one's id as `before` gives the next page."""

    model_config = examples({"letters": [_LETTER], "more": False, "by_reason": [_COUNT], "dropped": 0})

    letters: list[LetterBrief]
    more: bool
    by_reason: list[ReasonCount] = Field(description="Of all that are kept: those of the last 30 days.")
    dropped: int = Field(
        description="In these days, further ones that were only counted: too many of a device."
    )


def page(
    conn: Connection, *, before: int | None, device_id: str | None, reason: str | None, limit: int
) -> LetterList:
    """A page of them, with what there is of each reason."""
    values = {"before": before, "device_id": device_id, "reason": reason, "limit": limit + 1}
    rows = conn.execute(_SQL["dead_letters"], values).fetchall()
    dropped = conn.execute(_SQL["count_dropped"]).fetchone()
    return LetterList(
        letters=[LetterBrief.model_validate(row) for row in rows[:limit]],
        more=len(rows) > limit,
        by_reason=[
            ReasonCount.model_validate(row) for row in conn.execute(_SQL["count_by_reason"]).fetchall()
        ],
        dropped=dropped["dropped"] if dropped is not None else 0,
    )


def read(conn: Connection, letter_id: int) -> tuple[Letter, bytes] | None:
    """One of them, and its payload as kept; None where there is none, or no longer."""
    row = conn.execute(_SQL["dead_letter"], {"id": letter_id}).fetchone()
    return None if row is None else (Letter.of(row), bytes(row["payload"]))


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None
