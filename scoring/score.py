"""How sure a finding is: a logistic score of a few named features, each of which can only speak one way.

The weights are fitted to composed crashes and to shocks that are none, under the condition that none is
negative, so that more of a feature never lowers the score (docs/detector.md tells how, and on what).
Rules that hold whatever the score are in `scoring.verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from scoring.aftermath import Aftermath
from scoring.measures import Measures
from scoring.pulse import Pulse
from scoring.verdict import FRICTION_KMH, LIGHT_KMH, counted_kmh

CONVINCING: Final = 0.5
"""Below it a shock is recorded as a knock at most."""


class Feature(StrEnum):
    """What speaks for a collision."""

    VELOCITY = "velocity"
    ABRUPTNESS = "abruptness"
    LEVELNESS = "levelness"
    SLOWNESS = "slowness"
    SPEED_LOST = "speed_lost"
    STOPPED = "stopped"
    SPEED_CHANGED = "speed_changed"
    STEADY_MOUNT = "steady_mount"


BIAS: Final = 1.0
WEIGHTS: Final[Mapping[Feature, float]] = {
    Feature.VELOCITY: 3.0,
    Feature.ABRUPTNESS: 2.0,
    Feature.LEVELNESS: 1.0,
    Feature.SLOWNESS: 1.0,
    Feature.SPEED_LOST: 2.0,
    Feature.STOPPED: 1.0,
    Feature.SPEED_CHANGED: 1.0,
    Feature.STEADY_MOUNT: 1.0,
}


def features(pulse: Pulse, measures: Measures, gps: Aftermath, turned_deg: float) -> dict[Feature, float]:
    """The features of a shock: 0 is neither for nor against, and what is not known is 0."""
    return {
        Feature.VELOCITY: math.log(max(counted_kmh(pulse), 1.0) / LIGHT_KMH),
        Feature.ABRUPTNESS: math.log(max(pulse.dv150_kmh, 1.0) / FRICTION_KMH),
        Feature.LEVELNESS: -math.log(min(max(measures.vertical_ratio, 0.1), 10.0)),
        Feature.SLOWNESS: measures.slow_share - measures.fast_share,
        Feature.SPEED_LOST: min(max(gps.lost_kmh or 0.0, 0.0), 60.0) / 60.0,
        Feature.STOPPED: 1.0 if gps.stopped else 0.0,
        Feature.SPEED_CHANGED: -1.0 if gps.unchanged else 0.0,
        Feature.STEADY_MOUNT: -min(turned_deg, 90.0) / 90.0,
    }


def confidence(found: Mapping[Feature, float]) -> float:
    """How sure a collision is, 0 to 1, from the features."""
    odds = BIAS + sum(weight * found[feature] for feature, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))
