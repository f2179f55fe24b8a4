"""What is known of a place: plain values, without a clock, a file or a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.impact import Position
from schemas.incident import Language, RoadKind


@dataclass(frozen=True, slots=True)
class Words:
    """The same said in both languages."""

    ja: str
    en: str

    def in_language(self, language: Language) -> str:
        """In the language asked for."""
        return self.ja if language is Language.JA else self.en


@dataclass(frozen=True, slots=True)
class Municipality:
    """A city, ward, town or village by its JIS X 0402 code of five digits, without the check digit."""

    code: str
    name: Words


@dataclass(frozen=True, slots=True)
class Area:
    """The municipality a place lies in.

    A guess unless it comes from imported boundaries. `nearby` are others whose edge is within half
    a kilometre: close to an edge a guess may be wrong, and either fire headquarters may be in charge.
    """

    municipality: Municipality
    is_guess: bool
    nearby: tuple[Municipality, ...] = ()


@dataclass(frozen=True, slots=True)
class RoadCandidate:
    """A road the car may have been on, by its kilometre posts.

    `direction` is None where nothing tells the carriageways apart; `km` is interpolated between posts.
    """

    road: Words
    direction: Words | None
    kind: RoadKind
    km: float
    away_m: float
    tunnel: bool


@dataclass(frozen=True, slots=True)
class RoadFinding:
    """On which kind of road, and why that is thought."""

    kind: RoadKind
    is_guess: bool
    reason: Words


@dataclass(frozen=True, slots=True)
class FireHeadquarters:
    """A fire headquarters' direct number, as written in the directory, and the day that was true."""

    name: Words
    number: str
    source: str
    as_of: date
    age_days: int


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """All that is said about one position. `fire` is empty where the directory has nobody for it."""

    position: Position
    words: Words
    """The place for calls and messages: area, and road with kilometre post where one is near."""
    hint: Words
    """For the operator: what is uncertain, and what to ask the driver for."""
    area: Area | None
    off_address: bool
    roads: tuple[RoadCandidate, ...]
    road: RoadFinding
    fire: tuple[FireHeadquarters, ...]
    fire_words: Words
    """For the operator: whom to ring for an ambulance, how old that number is, or what to do without one."""
    address_asked: bool = False
    """Whether an address service was asked since; it is asked once."""
