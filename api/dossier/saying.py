"""How a dossier says times, lengths and choices of words, in one language. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from incident.wording import JAPAN_TIME
from incident.wording.vocabulary import Words, actor, word
from schemas.incident import Language


@dataclass(frozen=True, slots=True)
class Saying:
    """`say("日本語", "English")` is what stands in the document."""

    language: Language
    occurred_at: datetime

    def __call__(self, ja: str, en: str) -> str:
        """One of two."""
        return ja if self.language is Language.JA else en

    def word(self, words: Words, name: str | None) -> str:
        """A name of the vocabulary."""
        return word(words, name, self.language)

    def actor(self, name: str) -> str:
        """Who did something."""
        return actor(name, self.language)

    def moment(self, at: datetime | None) -> str:
        """Date and time in Japan, to the second."""
        return "" if at is None else at.astimezone(JAPAN_TIME).strftime("%Y-%m-%d %H:%M:%S")

    def clock(self, at: datetime | None) -> str:
        """Time of day in Japan, with the date where it is another day's than what happened."""
        if at is None:
            return ""
        local = at.astimezone(JAPAN_TIME)
        same_day = local.date() == self.occurred_at.astimezone(JAPAN_TIME).date()
        return local.strftime("%H:%M:%S" if same_day else "%m-%d %H:%M:%S")

    def since(self, at: datetime | None) -> str:
        """Seconds since what happened."""
        return "" if at is None else f"{(at - self.occurred_at).total_seconds():+.1f}"

    def length(self, seconds: float | None) -> str:
        """How long something took."""
        return self("不明", "not known") if seconds is None else f"{seconds:.0f} {self('秒', 's')}"

    def all_of(self, *parts: str) -> str:
        """What there is of them, with commas."""
        return self("、", ", ").join(part for part in parts if part)
