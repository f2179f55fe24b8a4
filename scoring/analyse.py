"""From a stretch of motion to impacts: how hard, from where, and how sure.

The one entry is `analyse`. It is called again with more motion as it arrives; the same impact
then keeps its time zero, and gains what could not be known before: its end, whether the car came
to rest on its side, whether another shock followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from schemas.impact import Severity, severity_of
from scoring.completion import UNSURE
from scoring.finding import Analysis
from scoring.frames import Motion
from scoring.mount import Mount
from scoring.pulse import TILTED_DEG
from scoring.reasons import Reason
from scoring.scene import SETTLE_S, Judged, Scene
from scoring.score import CONVINCING
from scoring.speed import SpeedTrack
from scoring.verdict import KNOCK_KMH, LIGHT_KMH

CONTEXT_BEFORE_S: Final = 10.0
CONTEXT_AFTER_S: Final = 9.0
"""Motion this long before and after a moment is looked at, and no more: give that much where it exists."""
NEAR_S: Final = 1.5
"""An impact belongs to the moment asked about when it lies this close to it."""
SAME_IMPACT_S: Final = 1.0
"""Shocks of one device within this are one impact."""
SEQUENCE_S: Final = 5.0
"""Impacts that begin within this are one multi-event crash (49 CFR 563.5)."""
ROLLOVER_DEG: Final = 60.0


def analyse(
    motion: Motion,
    around_uptime_s: float | None = None,
    *,
    speed: SpeedTrack | None = None,
    mount: Mount | None = None,
    gravity_mps2: Sequence[float] | None = None,
) -> tuple[Analysis, ...]:
    """The impacts of a stretch, in order of time.

    With `around_uptime_s`, those within 1.5 s of it, judged from at most 10 s before to 9 s after it;
    where there is none, the strongest shock near it comes back with severity NONE and the reasons.
    Without, all impacts of the stretch, and every strong shock that was ruled out. `gravity_mps2` is a
    remembered gravity vector (3), used where the stretch holds too little of the time before. An
    empty or very short stretch gives an empty tuple.
    """
    if around_uptime_s is not None:
        motion = motion.window(around_uptime_s - CONTEXT_BEFORE_S, around_uptime_s + CONTEXT_AFTER_S)
    if motion.samples < 3:
        return ()
    scene = Scene(
        motion, speed, mount, None if gravity_mps2 is None else np.asarray(gravity_mps2, dtype=np.float64)
    )
    impacts = _impacts(scene)
    rejected = _ruled_out(scene)
    if around_uptime_s is None:
        strong = [
            found for found, vertical_kmh in rejected if max(found.delta_v_kmh, vertical_kmh) >= KNOCK_KMH
        ]
        return tuple(sorted([*impacts, *strong], key=lambda found: found.uptime_s))
    near = tuple(
        found
        for found in impacts
        if found.uptime_s - NEAR_S <= around_uptime_s <= found.uptime_s + found.duration_ms / 1000 + NEAR_S
    )
    if near:
        return near
    close = [found for found, _ in rejected if abs(found.uptime_s - around_uptime_s) <= NEAR_S]
    return (max(close, key=lambda found: (found.delta_v_kmh, found.peak_g)),) if close else ()


def _impacts(scene: Scene) -> list[Analysis]:
    """Shocks that count, those within a second of the first taken together."""
    groups: list[list[Judged]] = []
    for shock in scene.judged:
        if shock.against is not None:
            continue
        if groups and shock.start_s - groups[-1][0].start_s < SAME_IMPACT_S:
            groups[-1].append(shock)
        else:
            groups.append([shock])
    starts_s = [group[0].start_s for group in groups]
    return [
        _impact(
            scene,
            group,
            any(
                other != group[0].start_s and abs(other - group[0].start_s) <= SEQUENCE_S
                for other in starts_s
            ),
        )
        for group in groups
    ]


def _ruled_out(scene: Scene) -> list[tuple[Analysis, float]]:
    """Shocks that do not count, with the reason, and each one's vertical velocity change in km/h."""
    return [
        (_finding(scene, [shock], (shock.against,), Severity.NONE), 3.6 * shock.pulse.vertical_mps)
        for shock in scene.judged
        if shock.against is not None
    ]


def _impact(scene: Scene, group: list[Judged], in_sequence: bool) -> Analysis:
    strongest = max(group, key=_delta_v_kmh)
    multiple = in_sequence or len(group) > 1
    turned_deg = scene.turned_deg(group[0].pulse, max(shock.pulse.end for shock in group))
    hard = _delta_v_kmh(strongest) >= LIGHT_KMH or len(group) > 1
    rolled = hard and not scene.thrown_off(group[-1]) and not group[-1].gps.unchanged
    rollover = turned_deg > ROLLOVER_DEG and rolled
    said = [Reason.VELOCITY_CHANGE]
    if multiple:
        said.append(Reason.MULTIPLE)
    if rollover:
        said.append(Reason.ROLLOVER)
    elif turned_deg >= TILTED_DEG:
        said.append(Reason.TURNED)
    severity = severity_of(_delta_v_kmh(strongest), rollover=rollover)
    if severity is Severity.KNOCK and _delta_v_kmh(strongest) * (1 + UNSURE) >= LIGHT_KMH:
        # Half of all shocks of just 8 km/h measure a little less: in doubt for the people in the car.
        severity, said = Severity.LIGHT, [*said, Reason.BORDERLINE]
    # A car that lies on its side leans like a device in a hand; what the score says of leaning is not for it.
    doubtful = not rollover and max(shock.confidence for shock in group) < CONVINCING
    if severity.rank > Severity.KNOCK.rank and doubtful:
        severity, said = Severity.KNOCK, [*said, Reason.UNCONVINCING]
    return _finding(
        scene, group, tuple(said), severity, multiple=multiple, rollover=rollover, turned_deg=turned_deg
    )


def _finding(
    scene: Scene,
    group: Sequence[Judged],
    said: tuple[Reason, ...],
    severity: Severity,
    *,
    multiple: bool = False,
    rollover: bool = False,
    turned_deg: float | None = None,
) -> Analysis:
    first, last = group[0], group[-1]
    shock = max(group, key=_delta_v_kmh)
    pulse, gps = shock.pulse, first.gps
    lower_bound = any(other.pulse.clipped for other in group)
    complete = all(other.pulse.ended for other in group)
    said = (
        *said,
        *((Reason.CLIPPED,) if lower_bound else ()),
        *((Reason.COMPLETED,) if shock.extent.completed else ()),
        *((Reason.GAP,) if any(other.gap for other in group) else ()),
        *(() if complete else (Reason.NOT_ENDED,)),
        *((shock.unplaced,) if shock.unplaced is not None else ()),
        *scene.poor_sampling,
        *((Reason.PARKED,) if gps.parked else ()),
        *((Reason.STOPPED_AFTER,) if last.gps.stopped else ()),
        *((Reason.SPEED_UNCHANGED,) if last.gps.unchanged else ()),
    )
    scale = 3.6 * _delta_v_kmh(shock) / pulse.delta_v_kmh if pulse.delta_v_kmh > 0 else 0.0
    x, y, z = (scale * pulse.delta_v_mps).tolist()
    total = np.sum([other.pulse.delta_v_mps for other in group], axis=0)
    mount = scene.mount if shock.unplaced is None else None
    return Analysis(
        uptime_s=first.start_s,
        severity=severity,
        delta_v_kmh=_delta_v_kmh(shock),
        delta_v_from_kmh=shock.extent.from_kmh,
        delta_v_to_kmh=shock.extent.to_kmh,
        delta_v_is_lower_bound=lower_bound,
        delta_v_xyz_kmh=(x, y, z),
        total_delta_v_kmh=float(np.linalg.norm(total)) * 3.6,
        pdof_deg=shock.pdof_deg,
        peak_g=max(other.pulse.peak_g for other in group),
        duration_ms=1000 * shock.duration_s,
        rollover=rollover,
        multiple=multiple,
        parked=gps.parked,
        confidence=max(other.confidence for other in group),
        reasons=tuple(str(reason) for reason in said),
        gap=any(other.gap for other in group),
        complete=complete,
        final=scene.motion.end_s >= first.start_s + SETTLE_S,
        speed_before_kmh=gps.before_kmh,
        speed_after_kmh=last.gps.after_kmh,
        moving_again=last.gps.moving_again,
        gps_reaches=last.gps.reaches,
        turned_deg=shock.turned_deg if turned_deg is None else turned_deg,
        free_fall_s=max(other.free_fall_s for other in group),
        measures=shock.measures,
        mount_quality=None if mount is None else mount.quality,
        mount_moving_s=None if mount is None else mount.moving_s,
    )


def _delta_v_kmh(shock: Judged) -> float:
    return shock.extent.delta_v_kmh
