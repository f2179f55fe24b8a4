"""What GPS says of a shock: the speed before and after, how much was lost at once, whether the car drove on.

GPS tells the truth late: fixes come once a second, receivers smooth over up to two of them, and the
fixes after a shock may be missing. Nothing here speaks against an impact before enough time has
passed for GPS to have shown it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from scoring.speed import SpeedTrack

LAG_S: Final = 2.0
"""A receiver's speed may belong to a moment this long before its fix."""
STANDING_KMH: Final = 5.0
UNCHANGED_KMH: Final = 3.0
MOVING_KMH: Final = 15.0
"""Slower cars may lose their speed to the brakes within GPS's lag, so that nothing follows from it."""
SETTLED_S: Final = 5.0
"""The speed after is that of the first fix from here on; what lies between counts for `steady`."""
PAIR_S: Final = 1.6
"""Two fixes further apart tell nothing of a sudden change between them."""
STOOD_WITHIN_S: Final = 10.0
AGAIN_KMH: Final = 10.0
"""Slower, a car rolls out or is pushed aside."""
SUDDEN_KMH: Final = 25.0
"""Lost within a second or so: brakes on the best road take 35 in a second, and drivers seldom 15."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """GPS around one shock; None is not known, or not yet.

    `lost_kmh` is the largest fall from one fix to the next that the shock may have caused. `strayed_kmh` is
    how far any speed between before and after was from before, None also where the receiver had frozen.
    `moving_again` says that it drove on, or stood within 10 s and drove again; false only where it stood, and
    not for ever: later fixes may tell otherwise. `reaches` says that there are fixes of 5 s after it and
    later, so that `after_kmh`, if it is not known by then, will hardly become so.
    """

    before_kmh: float | None = None
    after_kmh: float | None = None
    lost_kmh: float | None = None
    strayed_kmh: float | None = None
    moving_again: bool | None = None
    reaches: bool = False

    @property
    def parked(self) -> bool:
        """The car stood when the shock came."""
        return self.before_kmh is not None and self.before_kmh < STANDING_KMH

    @property
    def stopped(self) -> bool:
        """It moved before and stood after."""
        moved = self.before_kmh is not None and self.before_kmh >= STANDING_KMH
        return moved and self.after_kmh is not None and self.after_kmh < STANDING_KMH

    @property
    def unchanged(self) -> bool:
        """It drove on as fast as before, all the time: after seconds a slower car may be as fast again."""
        if self.before_kmh is None or self.strayed_kmh is None or self.before_kmh < MOVING_KMH:
            return False
        return self.strayed_kmh < UNCHANGED_KMH

    @property
    def sudden(self) -> bool:
        """More speed was lost at once than drivers brake away."""
        return self.lost_kmh is not None and self.lost_kmh >= SUDDEN_KMH


def aftermath(track: SpeedTrack | None, start_s: float, end_s: float) -> Aftermath:
    """What a track tells of a shock that lasted from `start_s` to `end_s`, in its own seconds."""
    if track is None:
        return Aftermath()
    before_kmh = track.speed_before_kmh(start_s - 0.2)
    after_kmh = track.speed_after_kmh(end_s + SETTLED_S)
    strayed_kmh = None
    if before_kmh is not None and after_kmh is not None:
        within = (track.uptime_s >= start_s) & (track.uptime_s <= end_s + SETTLED_S)
        between_kmh = 3.6 * track.speed_mps[within & np.isfinite(track.speed_mps)]
        strayed_kmh = float(np.abs(np.append(between_kmh, after_kmh) - before_kmh).max())
        # No moving car measures the very same speed for five seconds: the receiver repeats its last one.
        if strayed_kmh == 0.0 and before_kmh >= STANDING_KMH:
            strayed_kmh = None
    return Aftermath(
        before_kmh,
        after_kmh,
        _lost_kmh(track, start_s),
        strayed_kmh,
        _moving_again(track, end_s),
        bool(np.any(track.uptime_s >= end_s + SETTLED_S)),
    )


def pairs_around(track: SpeedTrack, start_s: float) -> tuple[tuple[float, float, float, float], ...]:
    """Neighbouring fixes between which GPS may show a shock: (from_s, to_s, speed before, speed after), m/s."""
    known = np.isfinite(track.speed_mps)
    at_s, speed = track.uptime_s[known], track.speed_mps[known]
    first, second = at_s[:-1], at_s[1:]
    around = (second >= start_s) & (first <= start_s + LAG_S) & (second - first <= PAIR_S)
    return tuple(
        (float(first[index]), float(second[index]), float(speed[index]), float(speed[index + 1]))
        for index in np.flatnonzero(around)
    )


def _moving_again(track: SpeedTrack, end_s: float) -> bool | None:
    since = np.isfinite(track.speed_mps) & (track.uptime_s > end_s)
    at_s, kmh = track.uptime_s[since] - end_s, 3.6 * track.speed_mps[since]
    stood = np.flatnonzero((kmh < STANDING_KMH) & (at_s <= STOOD_WITHIN_S))
    if stood.size:
        return bool(np.any(kmh[stood[0] :] >= AGAIN_KMH))
    drove = np.any(kmh[at_s >= STOOD_WITHIN_S] >= AGAIN_KMH)
    # A receiver that repeats one and the same speed has frozen.
    return True if drove and float(np.ptp(kmh)) > 0 else None


def _lost_kmh(track: SpeedTrack, start_s: float) -> float | None:
    lost = [3.6 * (before - after) for _, _, before, after in pairs_around(track, start_s)]
    return max(lost, default=None)
