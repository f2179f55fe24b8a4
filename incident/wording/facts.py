"""What words about an incident are filled with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from schemas.incident import Language, Trigger

JA, EN = Language.JA, Language.EN
JAPAN_TIME: Final = timezone(timedelta(hours=9), "JST")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words are filled with. Anything unknown is an empty string, and is left out."""

    insurer_ja: str
    insurer_en: str
    name: str = ""
    car: str = ""
    time: str = ""
    unit: str = ""
    eta: str = ""
    link: str = ""
    trigger: Trigger | None = None
    in_writing: bool = False
    """Whether they are never rung, because they cannot hear or speak."""

    def insurer(self, language: Language) -> str:
        """The insurer's name in a language."""
        return self.insurer_ja if language is JA else self.insurer_en


def clock_time(at: datetime) -> str:
    """A time of day in Japan, as people say it: 23:05."""
    return at.astimezone(JAPAN_TIME).strftime("%H:%M")
