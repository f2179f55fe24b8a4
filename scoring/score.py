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
from scoring.verdict import FRICTION_KMH

CONVINCING: Final = 0.01
"""Below it a shock is recorded as a knock at most: no composed crash scored less than twenty times as much, while
two of three shocks that are none do. It is low because real crashes may hold more of the road than composed ones."""


class Feature(StrEnum):
    """What speaks for a collision."""

    ABRUPTNESS = "abruptness"
    LEVELNESS = "levelness"
    SLOWNESS = "slowness"
    SPEED_LOST = "speed_lost"
    STOPPED = "stopped"
    SPEED_CHANGED = "speed_changed"
    STEADY_MOUNT = "steady_mount"
    NO_FALL = "no_fall"


BIAS: Final = -5.0
WEIGHTS: Final[Mapping[Feature, float]] = {
    Feature.ABRUPTNESS: 3.15,
    Feature.LEVELNESS: 2.56,
    Feature.SLOWNESS: 0.75,
    Feature.SPEED_LOST: 0.24,
    Feature.STOPPED: 0.98,
    Feature.SPEED_CHANGED: 0.89,
    Feature.STEADY_MOUNT: 2.95,
    Feature.NO_FALL: 2.11,
}
"""From `cbutton calibrate-detector` on 1,500 composed crashes and 489 shocks that are none; rounded. The velocity
change itself was among the features and got no weight: its abruptness says it already."""


def features(
    pulse: Pulse, measures: Measures, gps: Aftermath, *, swung_deg: float, free_fall_s: float
) -> dict[Feature, float]:
    """The features of a shock, most of them from -1 to 1; 0 is neither for nor against, and what is not known is 0.

    `swung_deg` is how far the device leaned around the shock, `free_fall_s` how long it fell before.
    """
    return {
        Feature.ABRUPTNESS: math.log(max(pulse.dv150_kmh, 1.0) / FRICTION_KMH),
        Feature.LEVELNESS: -math.log(min(max(measures.vertical_ratio, 0.1), 10.0)),
        Feature.SLOWNESS: measures.slow_share - measures.fast_share,
        Feature.SPEED_LOST: min(max(gps.lost_kmh or 0.0, 0.0), 60.0) / 60.0,
        Feature.STOPPED: 1.0 if gps.stopped else 0.0,
        Feature.SPEED_CHANGED: -1.0 if gps.unchanged else 0.0,
        Feature.STEADY_MOUNT: -min(swung_deg, 90.0) / 90.0,
        Feature.NO_FALL: -min(free_fall_s, 0.5) / 0.5,
    }


def confidence(found: Mapping[Feature, float]) -> float:
    """How sure a collision is, 0 to 1, from the features."""
    odds = BIAS + sum(weight * found[feature] for feature, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))
