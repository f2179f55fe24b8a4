"""The record of an incident, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, Field

from api.dossier.events import told
from api.fields import BothLanguages, examples
from schemas.incident import Language

EVENT: dict[str, Any] = {
    "position": 42,
    "at": "2026-10-01T03:00:04.512Z",
    "actor": "operator:sato",
    "kind": "taken",
    "data": {"operator": "sato"},
    "said": {"ja": "satoが引き受けました", "en": "taken by sato"},
}


class EventView(BaseModel):
    """A line of an incident's record."""

    model_config = examples(EVENT)

    position: int | None = Field(description="Its place in the stream; null in the moment before it has one.")
    at: AwareDatetime
    actor: str
    kind: str
    data: dict[str, Any]
    said: BothLanguages = Field(description="The same in words.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of the record."""
        why = {"why": row["why"]} if row.get("why") else {}
        words = {language: told(row["kind"], {**row["data"], **why}, language) for language in Language}
        return cls.model_validate({**row, "said": words})


class EventList(BaseModel):
    """The record of an incident, oldest first."""

    model_config = examples({"events": [EVENT]})

    events: list[EventView]
