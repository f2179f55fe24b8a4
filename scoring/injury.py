"""How likely a shock hurt somebody: published models, each by its name, and the spread between them.

Every model gives the probability that an occupant suffers an injury of a degree on the abbreviated injury
scale (MAIS 2+ moderate or worse, 3+ serious or worse) or dies, from delta-V and, for some, from where the
force came. Models of old fleets are pessimistic, those fitted to towed cars overstate what a light shock
does: at 30 mph from the front they give between 11 and 56 % for MAIS 3+. A number is therefore never
shown without the model's name, and a single one never without the others.

All are logistic: p = 1 / (1 + exp(-(b0 + b1 delta-V + terms of direction))).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from scoring.modifiers import Modifiers, off_nose_deg

KMH_PER_MPH: Final = 1.609344
KMH_PER_MPS: Final = 3.6


class Injury(StrEnum):
    """A degree of injury of the worst hurt occupant."""

    MAIS2 = "mais2_plus"
    MAIS3 = "mais3_plus"
    FATAL = "fatal"


class Uncovered(StrEnum):
    """What makes injuries more likely, and no model here has a coefficient for."""

    MULTIPLE = "multiple"
    ROLLOVER = "rollover"


class Side(StrEnum):
    """Where the force came from, as far as a model tells directions apart."""

    FRONT = "front"
    SIDE = "side"
    REAR = "rear"


@dataclass(frozen=True, slots=True)
class Curve:
    """One logistic curve; `direction` adds to the log-odds by side, `clock` by hour (1 to 12)."""

    b0: float
    b1: float
    direction: Mapping[Side, float] = field(default_factory=dict[Side, float])
    clock: Mapping[int, float] = field(default_factory=dict[int, float])


@dataclass(frozen=True, slots=True)
class Model:
    """A published model.

    `unit_kmh` is its unit of delta-V in km/h. `front_within_deg` and `rear_beyond_deg` are its own borders
    between front, side and rear, as angles off the car's nose. `needs_direction` says it cannot be asked
    without one; `sides` are the only ones it serves. `limits` says in words what it was fitted to.
    """

    name: str
    source: str
    limits: str
    unit_kmh: float
    curves: Mapping[Injury, Curve]
    needs_direction: bool = False
    sides: frozenset[Side] = frozenset(Side)
    front_within_deg: float = 45.0
    rear_beyond_deg: float = 135.0

    def serves(self, injury: Injury, pdof_deg: float | None) -> bool:
        """Whether the model answers for this degree and direction."""
        if injury not in self.curves:
            return False
        if pdof_deg is None:
            return not self.needs_direction
        return self._side(pdof_deg) in self.sides

    def log_odds(self, injury: Injury, delta_v_kmh: float, pdof_deg: float | None) -> float:
        """b0 + b1 delta-V and the direction's term. Raises KeyError where the model does not serve."""
        curve = self.curves[injury]
        found = curve.b0 + curve.b1 * delta_v_kmh / self.unit_kmh
        if pdof_deg is None:
            return found
        return found + curve.direction.get(self._side(pdof_deg), 0.0) + curve.clock.get(_hour(pdof_deg), 0.0)

    def _side(self, pdof_deg: float) -> Side:
        angle_deg = off_nose_deg(pdof_deg)
        if angle_deg < self.front_within_deg:
            return Side.FRONT
        return Side.REAR if angle_deg > self.rear_beyond_deg else Side.SIDE


def _hour(pdof_deg: float) -> int:
    return round(pdof_deg % 360 / 30) % 12 or 12


_NHTSA: Final = "NHTSA DOT HS 813 219 (Wang 2022), NASS-CDS 2010-2015, MAIS by AIS 2005/08"
_NHTSA_LIMITS: Final = (
    "delta-V only; the sample over-represents severe crashes; there is no curve for the side. "
    "Coefficients at second hand, from two programs that agree"
)
_MALLIARIS: Final = "Malliaris, Digges, DeBlois 1997 (SAE 970393)"
_TUM: Final = "Geisslinger et al. 2023, Nature Machine Intelligence 5"
_TUM_LIMITS: Final = "flat at low speed (1.7 % at 8 km/h): fitted to towed cars"

MODELS: Final[tuple[Model, ...]] = (
    Model(
        "NHTSA 2022 all",
        _NHTSA,
        _NHTSA_LIMITS,
        KMH_PER_MPH,
        {
            Injury.MAIS2: Curve(-5.1331, 0.1479),
            Injury.MAIS3: Curve(-6.9540, 0.1637),
            Injury.FATAL: Curve(-8.9819, 0.1603),
        },
    ),
    Model(
        "NHTSA 2022 frontal",
        _NHTSA,
        _NHTSA_LIMITS,
        KMH_PER_MPH,
        {
            Injury.MAIS2: Curve(-4.9429, 0.1425),
            Injury.MAIS3: Curve(-6.9774, 0.1620),
            Injury.FATAL: Curve(-9.0422, 0.1571),
        },
        needs_direction=True,
        sides=frozenset({Side.FRONT}),
    ),
    Model(
        "NHTSA 2022 rear",
        _NHTSA,
        _NHTSA_LIMITS + "; its curves cross above 50 mph, so a graver degree is held below a lighter one",
        KMH_PER_MPH,
        {
            Injury.MAIS2: Curve(-6.1818, 0.1482),
            Injury.MAIS3: Curve(-8.0329, 0.1793),
            Injury.FATAL: Curve(-12.1982, 0.2255),
        },
        needs_direction=True,
        sides=frozenset({Side.REAR}),
    ),
    Model(
        "Malliaris 1997 without direction",
        _MALLIARIS,
        "cars of the 1980s and 90s: pessimistic today",
        KMH_PER_MPH,
        {
            Injury.MAIS2: Curve(-3.761, 0.136),
            Injury.MAIS3: Curve(-5.450, 0.178),
            Injury.FATAL: Curve(-8.252, 0.177),
        },
    ),
    Model(
        "Malliaris 1997 with direction",
        _MALLIARIS,
        "cars of the 1980s and 90s: pessimistic today",
        KMH_PER_MPH,
        {
            Injury.MAIS2: Curve(-4.029, 0.155, {Side.SIDE: 0.465, Side.REAR: -1.177}),
            Injury.MAIS3: Curve(-5.820, 0.202, {Side.SIDE: 0.556, Side.REAR: -2.170}),
            Injury.FATAL: Curve(-9.032, 0.198, {Side.SIDE: 1.462, Side.REAR: -1.921}),
        },
        needs_direction=True,
    ),
    Model(
        "TUM 2023 without direction",
        _TUM,
        _TUM_LIMITS,
        KMH_PER_MPS,
        {Injury.MAIS3: Curve(-4.591, 0.185)},
    ),
    Model(
        "TUM 2023 by four sides",
        _TUM,
        _TUM_LIMITS,
        KMH_PER_MPS,
        {Injury.MAIS3: Curve(-4.457, 0.177, {Side.SIDE: 0.244, Side.REAR: -0.431})},
        needs_direction=True,
    ),
    Model(
        "TUM 2023 by clock hour",
        _TUM,
        _TUM_LIMITS,
        KMH_PER_MPS,
        {
            Injury.MAIS3: Curve(
                -4.620,
                0.189,
                clock={
                    1: 0.209,
                    11: 0.209,
                    2: 0.086,
                    10: 0.086,
                    3: 0.470,
                    9: 0.470,
                    4: -0.259,
                    8: -0.259,
                    5: -1.590,
                    7: -1.590,
                    6: -0.118,
                },
            )
        },
        needs_direction=True,
    ),
    Model(
        "GIDAS 2019",
        "Bosch on GIDAS 2019, coefficients as published with Geisslinger et al. 2023",
        "German crashes with injured people; delta-V only",
        KMH_PER_MPS,
        {Injury.MAIS2: Curve(-5.820, 0.292)},
    ),
)
"""Every model with published coefficients. OnStar's (Kononen, Flannagan, Wang 2011), URGENCY's and
D-Call Net's are not public and therefore absent."""


@dataclass(frozen=True, slots=True)
class Risk:
    """The probability one model gives for one degree of injury."""

    model: str
    probability: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What every model that serves says of one degree of injury."""

    injury: Injury
    risks: tuple[Risk, ...]

    @property
    def low(self) -> float:
        """The smallest probability that a model gives."""
        return min(risk.probability for risk in self.risks)

    @property
    def high(self) -> float:
        """The largest probability that a model gives."""
        return max(risk.probability for risk in self.risks)


def estimate(
    delta_v_kmh: float, pdof_deg: float | None = None, modifiers: Modifiers | None = None
) -> tuple[Estimate, ...]:
    """How likely the worst hurt occupant suffered each degree of injury, by every model that serves.

    `delta_v_kmh` from 0 on; `pdof_deg` clockwise from the front, None where it is not known. Within a model a
    graver degree is never more likely than a lighter one.
    """
    shift = (modifiers or Modifiers()).log_odds(pdof_deg)
    found: list[Estimate] = []
    lighter: dict[str, float] = {}
    for injury in Injury:
        risks: list[Risk] = []
        for model in MODELS:
            if not model.serves(injury, pdof_deg):
                continue
            odds = math.exp(min(model.log_odds(injury, delta_v_kmh, pdof_deg) + shift, 700.0))
            probability = min(odds / (1 + odds), lighter.get(model.name, 1.0))
            lighter[model.name] = probability
            risks.append(Risk(model.name, probability))
        found.append(Estimate(injury, tuple(risks)))
    return tuple(found)
