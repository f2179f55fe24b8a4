"""What an operator reads out to ask for an ambulance."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from pydantic import BaseModel, Field

from api.fields import BothLanguages, examples
from schemas.incident import AmbulanceState

_BOTH: Final = {"ja": "救急の要請です。交通事故の可能性があります。", "en": "I am asking for an ambulance."}
_FIRE: Final[dict[str, Any]] = {
    "name": {"ja": "箱根町消防本部", "en": "Hakone fire headquarters"},
    "number": "0460-82-0119",
    "source": "directory of the insurer",
    "as_of": "2026-04-01",
}


class FireView(BaseModel):
    """A fire headquarters and its direct number."""

    model_config = examples(_FIRE)

    name: BothLanguages
    number: str
    source: str
    as_of: date = Field(description="The day the number was known to be right.")


class AmbulanceView(BaseModel):
    """The request for an ambulance."""

    model_config = examples(
        {
            "state": "needed",
            "text": _BOTH,
            "hint": _BOTH,
            "fire": [_FIRE],
            "fire_words": _BOTH,
            "callback_number": "+815000000000",
        }
    )

    state: AmbulanceState | None
    text: BothLanguages = Field(description="To be read out.")
    hint: BothLanguages = Field(description="For the operator, not to be read out.")
    fire: list[FireView] = Field(description="Whom to ring; more than one where a border is near.")
    fire_words: BothLanguages
    callback_number: str
