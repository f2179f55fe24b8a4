"""The motion of an impact, drawn for paper from what the dossier holds. Pure."""

from __future__ import annotations

import base64
import re
from typing import Final

import numpy as np

from api.dossier.facts import ImpactFacts
from api.impact_words import heading
from schemas.incident import Language
from scoring.drawing import draw
from scoring.frames import Frame, stretch_around, stretches
from scoring.speed import SpeedTrack

_STYLE: Final = re.compile(r"<style>.*?</style>", re.DOTALL)
# A renderer for paper knows neither custom properties nor a theme.
_PAPER: Final = """<style>
text{font-family:IPAexGothic;font-size:15px;fill:#1b232c}.quiet{fill:#5b6672;font-size:13px}.title{font-size:14px}
.ground{fill:#fff}.missing{fill:#d5dbe1}.grid{stroke:#d5dbe1;fill:none}.mark{fill:#fde8e4}
.one,.two,.three{fill:none;stroke-width:1.4}.one{stroke:#0b62a8}.two{stroke:#a35200}.three{stroke:#8a1c5c}
.t1{fill:#0b62a8}.t2{fill:#a35200}.t3{fill:#8a1c5c}.car{fill:none;stroke:#1b232c;stroke-width:1.5}
.arrow{stroke:#8a1c5c;stroke-width:4;fill:#8a1c5c}
</style>"""


def waveform(impact: ImpactFacts, language: Language) -> str | None:
    """One impact as SVG; None where no motion is kept."""
    uptime_s = impact.analysis.uptime_s if impact.analysis else impact.uptime_ms / 1000
    frames = [
        Frame(
            key=None,
            counts=base64.b64decode(each.counts_base64),
            **each.model_dump(exclude={"counts_base64"}),
        )
        for each in impact.motion
    ]
    motion = stretch_around(frames, uptime_s)
    if motion is None:
        return None
    vector = impact.analysis.delta_v_xyz_kmh if impact.analysis else ()
    drawn = draw(
        motion,
        elsewhere=stretches(frames),
        uptime_s=uptime_s,
        duration_ms=impact.duration_ms,
        delta_v_xyz_kmh=[each or 0.0 for each in vector] or (0.0, 0.0, 0.0),
        pdof_deg=impact.pdof_deg,
        speed=_speed(impact),
        heading=heading(impact, language),
        language=language,
    )
    return _STYLE.sub(_PAPER, drawn, count=1)


def _speed(impact: ImpactFacts) -> SpeedTrack | None:
    if not impact.fixes:
        return None
    columns = np.array(
        [(fix.uptime_ms / 1000, fix.speed_mps, fix.heading_deg) for fix in impact.fixes], dtype=np.float64
    )
    return SpeedTrack(columns[:, 0], columns[:, 1], columns[:, 2])
