"""Whom to ask first, and why the others were not: pure, and a total order.

Units are compared by when they would be there: to get ready, and then the road. Who is farther away
than the plan's first figure is asked only when nobody nearer may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from incident.dispatch.skills import skills_for
from incident.places.sphere import distance_km
from schemas.impact import Position
from schemas.incident import DispatchKind

STALE_S: Final = 600.0
"""A position older than this says little of where a unit is."""
ROAD_FACTOR: Final = 1.4
"""Roads are longer than the great circle: South Korea as a whole 1.26, its mountainous Gangwon 1.44 (Kim et al.,
J. Korean Soc. Agric. Eng. 57(4), 2015). For Japan we take the mountains: rather late on paper than on the road."""
_NIGHT, _DAY, _RUSH = 0, 1, 2
# Ours, to be fitted to recorded arrivals: km/h over the whole way, lights and parking included.
_SPEED_KMH: Final = {DispatchKind.TOW: (38.0, 28.0, 20.0)}
_OTHER_SPEED_KMH: Final = (40.0, 30.0, 22.0)
_READY_S: Final = {DispatchKind.GUARD: 120.0, DispatchKind.TOW: 300.0}
_OTHER_READY_S: Final = 180.0


class Reason(StrEnum):
    """Why somebody was not asked."""

    WRONG_SKILL = "wrong_skill"
    OUT_OF_SERVICE = "out_of_service"
    OFF_SHIFT = "off_shift"
    BUSY = "busy"
    DECLINED_BEFORE = "declined_before"
    DID_NOT_ANSWER = "did_not_answer"
    EXPRESSWAY_NOT_ALLOWED = "expressway_not_allowed"
    TOO_FAR = "too_far"
    STALE_POSITION = "stale_position"
    """By its last position it would have been sooner than whoever was asked."""
    SLOWER = "slower"


@dataclass(frozen=True, slots=True)
class Promise:
    """A control centre undertakes to be anywhere within a radius of its base in so many seconds."""

    radius_km: float
    arrival_s: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit, or a control centre (with a promise), that might be asked. `before` is why it will not be again."""

    asked: str
    skills: frozenset[DispatchKind]
    position: Position
    base: Position
    position_age_s: float = 0.0
    on_shift: bool = True
    out_of_service: bool = False
    busy: bool = False
    before: Reason | None = None
    drive_s: float | None = None
    promise: Promise | None = None

    @property
    def is_stale(self) -> bool:
        """Whether nobody knows where it is now."""
        return self.promise is None and self.position_age_s > STALE_S


@dataclass(frozen=True, slots=True)
class Need:
    """What is looked for. `hour` is the time of day in Japan; `barred` keeps every guard off the road."""

    kind: DispatchKind
    place: Position
    hour: float
    rings_km: Sequence[float]
    barred: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody to ask, when they would be there in seconds from now, and how that is known."""

    asked: str
    arrival_s: float
    distance_km: float
    by: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Somebody who is not asked, and why."""

    asked: str
    reason: Reason
    arrival_s: float
    distance_km: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Whom to ask, soonest first, and the others, nearest first."""

    chosen: tuple[Expected, ...]
    passed_over: tuple[PassedOver, ...]


def rank(need: Need, candidates: Iterable[Candidate], wanted: int, preferred: str | None = None) -> Ranking:
    """Choose up to `wanted` of the candidates; of equals the first by name.

    `preferred` is whom a person chose: they alone are asked, also where others are nearer, if they may be at all.
    """
    candidates = list(candidates)
    first = next((one for one in candidates if one.asked == preferred and _unfit(need, one) is None), None)
    if first is not None:
        others = rank(need, [one for one in candidates if one is not first], 0).passed_over
        return Ranking((expect(need, first),), others)
    able: list[tuple[int, Expected, Candidate]] = []
    passed: list[PassedOver] = []
    for candidate in candidates:
        expected = expect(need, candidate)
        ring = _ring(need, candidate, expected.distance_km)
        reason = _unfit(need, candidate) or (Reason.TOO_FAR if ring is None else None)
        if ring is None or reason is not None:
            passed.append(_passed(expected, reason or Reason.TOO_FAR))
        else:
            able.append((ring, expected, candidate))
    nearest_ring = min((ring for ring, _, _ in able), default=0)
    order = sorted(
        (entry for entry in able if entry[0] == nearest_ring),
        key=lambda entry: (entry[1].arrival_s, entry[1].asked),
    )
    chosen = tuple(expected for _, expected, _ in order[:wanted])
    for ring, expected, candidate in able:
        if expected in chosen:
            continue
        if ring != nearest_ring:
            reason = Reason.TOO_FAR
        elif candidate.is_stale and chosen and _as_last_seen(need, candidate) < chosen[-1].arrival_s:
            reason = Reason.STALE_POSITION
        else:
            reason = Reason.SLOWER
        passed.append(_passed(expected, reason))
    return Ranking(chosen, tuple(sorted(passed, key=lambda entry: (entry.distance_km, entry.asked))))


def expect(need: Need, candidate: Candidate) -> Expected:
    """When a candidate would be there. Where its position is old, it is at its base or worse."""
    distance = distance_km(candidate.position, need.place)
    if candidate.promise is not None:
        return Expected(candidate.asked, candidate.promise.arrival_s, distance, "promise")
    ready_s = _READY_S.get(need.kind, _OTHER_READY_S)
    if candidate.is_stale:
        distance = max(distance, distance_km(candidate.base, need.place))
    elif candidate.drive_s is not None:
        return Expected(candidate.asked, ready_s + candidate.drive_s, distance, "router")
    return Expected(candidate.asked, ready_s + drive_s(need.kind, distance, need.hour), distance, "estimate")


def drive_s(kind: DispatchKind, distance: float, hour: float) -> float:
    """Seconds of driving for so many kilometres as the crow flies, at an hour of the day in Japan."""
    time_of_day = _NIGHT if hour >= 22 or hour < 6 else _RUSH if 7 <= hour < 9 or 17 <= hour < 19 else _DAY
    return ROAD_FACTOR * distance / _SPEED_KMH.get(kind, _OTHER_SPEED_KMH)[time_of_day] * 3600


def _unfit(need: Need, candidate: Candidate) -> Reason | None:
    if not candidate.skills & skills_for(need.kind):
        return Reason.WRONG_SKILL
    if need.barred and need.kind is DispatchKind.GUARD:
        return Reason.EXPRESSWAY_NOT_ALLOWED
    if candidate.before is not None:
        return candidate.before
    if candidate.out_of_service:
        return Reason.OUT_OF_SERVICE
    if not candidate.on_shift:
        return Reason.OFF_SHIFT
    return Reason.BUSY if candidate.busy else None


def _ring(need: Need, candidate: Candidate, distance: float) -> int | None:
    """The step of the plan's distances it falls into; a control centre is everywhere in its area."""
    if candidate.promise is not None:
        return 0 if distance <= candidate.promise.radius_km else None
    return next((step for step, km in enumerate(need.rings_km) if distance <= km), None)


def _as_last_seen(need: Need, candidate: Candidate) -> float:
    distance = distance_km(candidate.position, need.place)
    return _READY_S.get(need.kind, _OTHER_READY_S) + drive_s(need.kind, distance, need.hour)


def _passed(expected: Expected, reason: Reason) -> PassedOver:
    return PassedOver(expected.asked, reason, expected.arrival_s, expected.distance_km)
