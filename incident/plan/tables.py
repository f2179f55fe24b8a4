"""What a plan says beside its rules: calls, offers, operators' telephones, languages, quiet hours. Pure values."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from incident.wording import JAPAN_TIME
from schemas.incident import Language


def seconds(low: float, high: float) -> Any:
    """Bounds of a length of time."""
    return Field(ge=low, le=high, allow_inf_nan=False)


class Strict(BaseModel):
    """A part of a plan; a key it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Round(StrEnum):
    """Whose telephones ring when somebody is to be put through, one round after the other."""

    TAKER_OR_FREE = "taker_or_free"
    """Who took the incident, or else the operator free for longest."""
    ALL = "all"
    SUPERVISOR = "supervisor"
    SECOND_SITE = "second_site"


class Calls(Strict):
    """How long a call rings, how long the line is left free afterwards, when an attempt without news is given up."""

    ring_s: Annotated[float, seconds(5, 60)]
    attempts_pause_s: Annotated[float, seconds(0, 120)] = 15.0
    give_up_s: Annotated[float, seconds(15, 300)]

    @model_validator(mode="after")
    def _give_up_after_ringing(self) -> Calls:
        if self.give_up_s <= self.ring_s:
            raise ValueError("give_up_s must be longer than ring_s")
        return self


class Help(Strict):
    """Offers to units and the watch over those who accepted; seconds and kilometres.

    `parallel` offers go out at once. A unit that accepted must be on its way within `depart_s`;
    one later than promised by `late_s` is reported, by `redispatch_s` is replaced. `widen_km` is how
    far away a unit may be, step by step while nobody nearer is free. Who works on the scene is asked every
    `lone_worker_s` whether they are well.
    """

    offer_s: Annotated[float, seconds(10, 600)]
    remind_s: Annotated[float, seconds(10, 600)]
    parallel: Annotated[int, Field(ge=1, le=5, strict=True)] = 1
    depart_s: Annotated[float, seconds(30, 3600)] = 180.0
    late_s: Annotated[float, seconds(0, 3600)] = 300.0
    redispatch_s: Annotated[float, seconds(60, 7200)] = 600.0
    lone_worker_s: Annotated[float, seconds(120, 7200)] = 600.0
    widen_km: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)], ...],
        Field(min_length=1, max_length=6),
    ] = (30.0, 80.0, 150.0)

    @model_validator(mode="after")
    def _in_order(self) -> Help:
        if self.redispatch_s < self.late_s:
            raise ValueError(
                "redispatch_s must not be shorter than late_s: a unit is late before it is replaced"
            )
        if any(nearer >= farther for nearer, farther in pairwise(self.widen_km)):
            raise ValueError("widen_km must grow from step to step, as in [30, 80, 150]")
        return self


class Desk(Strict):
    """How operators are rung to be put through, round by round; seconds. After the last the machine speaks alone.

    For a call back that was promised they are rung once nobody has made it within `call_back_s`.
    """

    ring_s: Annotated[float, seconds(5, 60)] = 15.0
    rounds: Annotated[tuple[Round, ...], Field(min_length=1, max_length=4)] = tuple(Round)
    call_back_s: Annotated[float, seconds(60, 3600)] = 300.0

    @model_validator(mode="after")
    def _each_round_once(self) -> Desk:
        if len(set(self.rounds)) < len(self.rounds):
            raise ValueError("rounds names one of them twice")
        return self


def _time_of_day(value: object) -> object:
    try:
        return datetime.strptime(str(value), "%H:%M").time()  # noqa: DTZ007  a time of day in Japan
    except ValueError:
        raise ValueError('Input should be a time of day in Japan, such as "22:00"') from None


def _bears_waiting(occasion: object) -> object:
    if isinstance(occasion, str) and occasion not in ("light", "moderate"):
        raise ValueError(f"{occasion} cannot wait for the morning: only 'light' and 'moderate' may")
    return occasion


class Quiet(Strict):
    """The hours, in Japan, in which some occasions send and ring nothing until the morning."""

    begins: Annotated[time, Field(alias="from"), BeforeValidator(_time_of_day)]
    ends: Annotated[time, Field(alias="to"), BeforeValidator(_time_of_day)]
    occasions: Annotated[
        tuple[Annotated[Literal["light", "moderate"], BeforeValidator(_bears_waiting)], ...],
        Field(min_length=1),
    ] = ("light",)

    @model_validator(mode="after")
    def _has_an_end(self) -> Quiet:
        if self.begins == self.ends:
            raise ValueError("from and to are the same: leave [quiet] out where no hour is quiet")
        return self

    def until(self, at: datetime) -> datetime | None:
        """The end of the quiet hours if `at` lies within them, else None."""
        here = at.astimezone(JAPAN_TIME)
        end = datetime.combine(here.date(), self.ends, JAPAN_TIME)
        begin = datetime.combine(here.date(), self.begins, JAPAN_TIME)
        if self.begins < self.ends:
            return end if begin <= here < end else None
        if here >= begin:
            return end + timedelta(days=1)
        return end if here < end else None


class Languages(Strict):
    """The languages people are spoken to in, and the one for those who chose none of them."""

    offered: Annotated[tuple[Language, ...], Field(min_length=1)] = (Language.JA, Language.EN)
    default: Language = Language.JA

    @model_validator(mode="after")
    def _offers_its_default(self) -> Languages:
        if self.default not in self.offered:
            raise ValueError(f"default is {self.default}, which is not offered")
        return self

    def choose(self, wanted: Language | str | None) -> Language:
        """The language wanted where it is offered, else the default."""
        return next((language for language in self.offered if language == wanted), self.default)
