"""Where a unit in the field is, and what it does next. Pure: the time is an argument, in real seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Final, Literal, NamedTuple

EARTH_RADIUS_M: Final = 6_371_000.0
"""Mean radius (IUGG)."""
ROAD_FACTOR: Final = 1.4
"""Roads are about this much longer than the straight line."""
UNKNOWN_DRIVE_S: Final = 900.0
"""Taken for the drive to an incident whose place is not known."""

Action = Literal["accept", "decline", "en_route", "on_scene", "secured", "complete"]
OPEN_STATES: Final = ("offered", "accepted", "en_route", "on_scene", "secured")


class Temperament(StrEnum):
    """How a unit takes an offer."""

    ACCEPTS = "accepts"
    DECLINES = "declines"
    IGNORES = "ignores"


class Place(NamedTuple):
    """WGS 84 degrees."""

    lat_deg: float
    lon_deg: float


@dataclass(frozen=True)
class Habits:
    """What a unit takes its time for, in simulated seconds."""

    temperament: Temperament
    speed_kmh: float
    reaction_s: float
    depart_s: float = 5.0
    secure_s: float = 60.0
    report_s: float = 30.0


@dataclass(frozen=True)
class Leg:
    """A drive in a straight line, at even speed, from `begins_at` to `ends_at`."""

    start: Place
    goal: Place
    begins_at: float
    ends_at: float

    def position(self, at: float) -> Place:
        """Where the unit is."""
        if at >= self.ends_at:
            return self.goal
        done = max(0.0, (at - self.begins_at) / (self.ends_at - self.begins_at))
        return Place(
            self.start.lat_deg + done * (self.goal.lat_deg - self.start.lat_deg),
            self.start.lon_deg + done * (self.goal.lon_deg - self.start.lon_deg),
        )


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance (haversine formula)."""
    lat_a, lat_b = radians(a.lat_deg), radians(b.lat_deg)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians(b.lon_deg - a.lon_deg) / 2
    chord = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def drive_s(start: Place, goal: Place | None, speed_kmh: float) -> float:
    """Simulated seconds of driving by road."""
    if goal is None:
        return UNKNOWN_DRIVE_S
    return ROAD_FACTOR * distance_m(start, goal) / (speed_kmh / 3.6)


def leg(start: Place, goal: Place, at: float, speed_kmh: float, time_scale: float) -> Leg:
    """The drive that begins now."""
    return Leg(start, goal, at, at + drive_s(start, goal, speed_kmh) * time_scale)


def eta_s(start: Place, goal: Place | None, habits: Habits, time_scale: float) -> int:
    """Real seconds until arrival, departure included, as it is said when accepting an offer."""
    return max(1, ceil((habits.depart_s + drive_s(start, goal, habits.speed_kmh)) * time_scale))


def due_action(
    state: str, in_state_s: float, arrives_in_s: float, habits: Habits, time_scale: float
) -> Action | None:
    """The step that is due in a dispatch's state, or None.

    Args:
        state: the dispatch's state.
        in_state_s: real seconds since the unit learned of this state.
        arrives_in_s: real seconds of driving left; counts only en route.
        habits: the unit's.
        time_scale: factor on the habits' times.
    """
    waited_s = in_state_s / time_scale
    match state:
        case "offered" if waited_s >= habits.reaction_s:
            answers: dict[Temperament, Action] = {
                Temperament.ACCEPTS: "accept",
                Temperament.DECLINES: "decline",
            }
            return answers.get(habits.temperament)
        case "accepted" if waited_s >= habits.depart_s:
            return "en_route"
        case "en_route" if arrives_in_s <= 0:
            return "on_scene"
        case "on_scene" if waited_s >= habits.secure_s:
            return "secured"
        case "secured" if waited_s >= habits.report_s:
            return "complete"
        case _:
            return None
