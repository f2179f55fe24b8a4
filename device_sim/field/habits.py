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

CHECKLIST: Final = (
    "people_safe",
    "triangle_and_hazard_lights",
    "secondary_accident_prevention",
    "ambulance",
    "police",
    "photos",
    "other_party",
    "towing",
)
"""What is seen to on the scene, in this order."""

Action = Literal["accept", "decline", "en_route", "eta", "on_scene", "check", "secured", "complete"]
OPEN_STATES: Final = ("offered", "accepted", "en_route", "on_scene", "secured")


class Temperament(StrEnum):
    """How a unit takes an offer, and keeps what it promised."""

    ACCEPTS = "accepts"
    DECLINES = "declines"
    IGNORES = "ignores"
    ACCEPTS_LATE = "accepts_late"
    """Answers only when the offer has run out."""
    DRIVES_SLOWLY = "drives_slowly"
    """Takes three times as long as it said, and says nothing."""
    TELLS_NEW_ETA = "tells_new_eta"
    """Takes three times as long, and says so once it is on the way."""
    NEVER_DEPARTS = "never_departs"
    """Accepts, and stays where it is."""


SLOW: Final = 3.0
"""How many times longer a slow unit drives than it said."""
LATE_ANSWER_S: Final = 75.0
"""After how long a unit answers that answers late; an offer usually lasts 60 s."""
_SLOW_ONES: Final = (Temperament.DRIVES_SLOWLY, Temperament.TELLS_NEW_ETA)
_ACCEPTING: Final = (Temperament.ACCEPTS, Temperament.NEVER_DEPARTS, *_SLOW_ONES)


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

    @property
    def real_speed_kmh(self) -> float:
        """How fast it really drives; `speed_kmh` is what it reckons with."""
        return self.speed_kmh / SLOW if self.temperament in _SLOW_ONES else self.speed_kmh


@dataclass(frozen=True)
class Progress:
    """What a unit knows of its dispatch. Real seconds: since it learned of the state, and of driving left.

    `checked` is how many items of the checklist it has seen to.
    """

    state: str
    in_state_s: float
    arrives_in_s: float = 0.0
    told_anew: bool = False
    checked: int = len(CHECKLIST)


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


def due_action(now: Progress, habits: Habits, time_scale: float) -> Action | None:
    """The step that is due, or None. `time_scale` is the factor on the habits' times."""
    waited_s = now.in_state_s / time_scale
    match now.state:
        case "offered":
            return _answer(habits, waited_s)
        case "accepted" if (
            waited_s >= habits.depart_s and habits.temperament is not Temperament.NEVER_DEPARTS
        ):
            return "en_route"
        case "en_route" if now.arrives_in_s <= 0:
            return "on_scene"
        case "en_route" if habits.temperament is Temperament.TELLS_NEW_ETA and not now.told_anew:
            return "eta"
        case "on_scene" if now.checked < len(CHECKLIST):
            # Evenly over the time it takes to secure the scene.
            return "check" if waited_s >= habits.secure_s * (now.checked + 1) / (len(CHECKLIST) + 1) else None
        case "on_scene" if waited_s >= habits.secure_s:
            return "secured"
        case "secured" if waited_s >= habits.report_s:
            return "complete"
        case _:
            return None


def _answer(habits: Habits, waited_s: float) -> Action | None:
    if habits.temperament is Temperament.ACCEPTS_LATE:
        return "accept" if waited_s >= LATE_ANSWER_S else None
    if waited_s < habits.reaction_s:
        return None
    if habits.temperament in _ACCEPTING:
        return "accept"
    return "decline" if habits.temperament is Temperament.DECLINES else None
