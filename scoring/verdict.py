"""What speaks against a shock being an impact: the rules that no score outweighs, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scoring.aftermath import Aftermath
from scoring.loose import CARRIED_G, Cause
from scoring.pulse import TILTED_DEG, Pulse
from scoring.reasons import Reason

FRICTION_KMH: Final = 5.3
"""Tyres give about 1 g: brakes and steering change the velocity by this much in 150 ms at most."""
BRAKING_KMH: Final = 7.0
BRAKING_PULL_G: Final = 1.6
"""A shock that stays below both is braking or steering on a road that shakes, however long it lasts: a swerve
on record peaked at 1.2 g, while a collision of 8 km/h that takes as long as 0.2 s peaks at 1.8 g."""
KNOCK_KMH: Final = 4.0
LIGHT_KMH: Final = 8.0
ROAD_RATIO: Final = 2.0
SPIKE_SHARE: Final = 0.8
"""One sample holding this share of a velocity change is an error: a collision takes 50 ms and more."""
SWUNG_DEG: Final = 60.0
SWUNG_BELOW_G: Final = 4.0
"""A device turned so far within seconds, and not resting so in a car that stands, was in a hand; hands pull less
hard than this."""
CONTRADICTED_KMH: Final = 10.0
"""A car whose speed a shock of this and more along its way did not change was not the one that was hit."""
ALONG_COSINE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known around a shock.

    `cause` is what the device did by itself, `turned_deg` how far it leans where it last rests, from how it
    did before, `swung_deg` how far it leaned at most around the shock. `along_cosine` is the share of the
    delta-V along the car's way, None without a mount.
    """

    cause: Cause | None
    turned_deg: float
    swung_deg: float
    aftermath: Aftermath
    along_cosine: float | None


def against(pulse: Pulse, known: Circumstances) -> Reason | None:
    """Why a shock is no impact; None where nothing forbids it."""
    # A car that leaves the road falls freely, too: then GPS shows what no dropped device does.
    if known.cause is not None and not known.aftermath.sudden:
        return _CAUSES[known.cause]
    if pulse.largest_step >= SPIKE_SHARE:
        return Reason.SPIKE
    delta_v_kmh = counted_kmh(pulse)
    if 3.6 * pulse.vertical_mps > ROAD_RATIO * delta_v_kmh and delta_v_kmh < LIGHT_KMH:
        return Reason.ROAD
    if delta_v_kmh < KNOCK_KMH:
        return Reason.BRAKING if pulse.delta_v_kmh >= KNOCK_KMH else Reason.WEAK
    if pulse.dv150_kmh < BRAKING_KMH and pulse.pull_g < BRAKING_PULL_G:
        return Reason.BRAKING
    if pulse.peak_g < CARRIED_G and known.turned_deg >= TILTED_DEG:
        return Reason.CARRIED
    in_hand = known.turned_deg < SWUNG_DEG or known.aftermath.unchanged
    if (
        pulse.peak_g < SWUNG_BELOW_G
        and known.swung_deg >= SWUNG_DEG
        and in_hand
        and not known.aftermath.sudden
    ):
        return Reason.CARRIED
    if known.aftermath.unchanged and known.along_cosine is not None:
        along_kmh = delta_v_kmh * abs(known.along_cosine)
        if along_kmh >= CONTRADICTED_KMH and abs(known.along_cosine) >= ALONG_COSINE:
            return Reason.CONTRADICTED
    return None


def counted_kmh(pulse: Pulse) -> float:
    """The velocity change that counts: below what tyres can do, only that of the strongest 150 ms."""
    return pulse.delta_v_kmh if pulse.dv150_kmh > FRICTION_KMH else min(pulse.delta_v_kmh, pulse.dv150_kmh)


_CAUSES: Final = {Cause.DROPPED: Reason.DROPPED, Cause.THROWN: Reason.THROWN, Cause.LOOSE: Reason.LOOSE}
