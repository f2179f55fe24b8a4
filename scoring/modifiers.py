"""What may be known of the people in the car, and how far it moves an injury model.

Each modifier adds to the log-odds of every model. All can be switched off; one that is not known changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

AGE_LOG_ODDS_PER_YEAR: Final = 0.0354
MEAN_AGE_YEARS: Final = 35.4
BELTED_LOG_ODDS: Final = -1.249
BELTED_SHARE: Final = 0.814
"""A weighted logistic fit of death on NASS CDS 1997-2002 (26,217 occupants; belt, age, direction, sex, airbag and
delta-V band), made for this project and not published: the terms of age and belt, and who was in the sample."""
NEAR_SIDE_LOG_ODDS: Final = 1.73
"""Augenstein, Bahouth 2003 (PMC3217552): MAIS 3+ at 30 mph is 83.8 % on the struck side and 47.8 % on the far one."""


class Modifier(StrEnum):
    """What may be known beyond delta-V and direction, and moves the models."""

    AGE = "age"
    NEAR_SIDE = "near_side"
    BELT = "belt"


class Applied(StrEnum):
    """What became of a modifier. It never tells a person's age, only that it counted."""

    YES = "applied"
    NEAR = "near"
    FAR = "far"
    NOT_FROM_SIDE = "not_from_side"
    UNKNOWN = "unknown"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What is known beyond delta-V and direction. A field left at None changes nothing, nor does one of `off`.

    `age_years` is the policyholder's, who need not be the driver. With `belted` unknown the models hold as
    they are: they were fitted to belted and unbelted people alike. `near_side` is whether the driver sat
    on the struck side, and counts only for a force from the side; somebody else may have sat there. No
    coefficient is published for several impacts and for rollover (`Uncovered`); they are said beside the
    number, which they do not change.
    """

    age_years: float | None = None
    belted: bool | None = None
    near_side: bool | None = None
    off: frozenset[Modifier] = frozenset()

    def applied(self, pdof_deg: float | None) -> dict[Modifier, Applied]:
        """What becomes of each modifier for a force from there."""
        near = Applied.NOT_FROM_SIDE
        if pdof_deg is None or (self.near_side is None and _from_side(pdof_deg)):
            near = Applied.UNKNOWN
        elif _from_side(pdof_deg):
            near = Applied.NEAR if self.near_side else Applied.FAR
        found = {
            Modifier.AGE: Applied.UNKNOWN if self.age_years is None else Applied.YES,
            Modifier.NEAR_SIDE: near,
            Modifier.BELT: Applied.UNKNOWN if self.belted is None else Applied.YES,
        }
        return found | dict.fromkeys(self.off, Applied.OFF)

    def log_odds(self, pdof_deg: float | None) -> float:
        """What to add to a model's log-odds."""
        found = 0.0
        applied = self.applied(pdof_deg)
        if self.age_years is not None and applied[Modifier.AGE] is Applied.YES:
            found += AGE_LOG_ODDS_PER_YEAR * (self.age_years - MEAN_AGE_YEARS)
        if self.belted is not None and applied[Modifier.BELT] is Applied.YES:
            found += BELTED_LOG_ODDS * (float(self.belted) - BELTED_SHARE)
        if applied[Modifier.NEAR_SIDE] in {Applied.NEAR, Applied.FAR}:
            # Models that know the side mix both halves of the car: each is half the difference away.
            found += NEAR_SIDE_LOG_ODDS * (0.5 if self.near_side else -0.5)
        return found


def near_side(pdof_deg: float | None, *, driver_on_right: bool) -> bool | None:
    """Whether a force came from the driver's side; None where it came from neither side, or nobody knows."""
    if pdof_deg is None or not _from_side(pdof_deg):
        return None
    return (pdof_deg % 360 < 180) == driver_on_right


def _from_side(pdof_deg: float) -> bool:
    return 45 <= off_nose_deg(pdof_deg) <= 135


def off_nose_deg(pdof_deg: float) -> float:
    """The angle between a direction and the car's front, 0 to 180 degrees."""
    return abs((pdof_deg + 180) % 360 - 180)
