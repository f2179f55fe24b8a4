"""Where it was, drawn without a network: the prefectures around it, and the track of the last minute. Pure.

Positions are WGS 84 degrees; a map is an equirectangular projection around its centre, as SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.dossier.outline import Prefecture
from schemas.incident import Language

Points = NDArray[np.float64]

WIDTH: Final = 420
HEIGHT: Final = 330
REGION_KM: Final = 220.0
LEAST_KM: Final = 0.3
"""A track is drawn on a map at least this wide."""
_KM_PER_DEG: Final = 111.195
_STYLE: Final = """
.sea{fill:#eef3f7}.land{fill:#fbfaf6;stroke:#8d98a3;stroke-width:.8}.sheet{fill:#fdfdfb}.frame{fill:none;stroke:#5b6672}
text{font-family:IPAexGothic;font-size:12px;fill:#1b232c}.mark{stroke:#fdfdfb;stroke-width:3px;paint-order:stroke}.name{fill:#5b6672;font-size:12px}
.track{fill:none;stroke:#0b62a8;stroke-width:2}.fix{fill:#0b62a8}.here{fill:none;stroke:#b3261e;stroke-width:2.5}
.dot{fill:#b3261e}.grid{stroke:#d5dbe1;stroke-width:.6}.bar{stroke:#1b232c;stroke-width:2;fill:none}
"""


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the car was, `after_s` seconds after the shock."""

    after_s: float
    lat_deg: float
    lon_deg: float
    speed_kmh: float | None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A map's middle and how wide it is."""

    lat_deg: float
    lon_deg: float
    width_km: float

    @property
    def px_per_km(self) -> float:
        return WIDTH / self.width_km

    def xy(self, lon_lat: Points) -> Points:
        """(n, 2) degrees to (n, 2) pixels."""
        east_km = (lon_lat[:, 0] - self.lon_deg) * _KM_PER_DEG * math.cos(math.radians(self.lat_deg))
        north_km = (lon_lat[:, 1] - self.lat_deg) * _KM_PER_DEG
        return np.column_stack((WIDTH / 2 + east_km * self.px_per_km, HEIGHT / 2 - north_km * self.px_per_km))


def region(lat_deg: float, lon_deg: float, prefectures: Sequence[Prefecture], language: Language) -> str:
    """The place among the prefectures around it."""
    sheet = _Sheet(lat_deg, lon_deg, REGION_KM)
    parts: list[str] = []
    names: list[str] = []
    for prefecture in prefectures:
        xy = sheet.xy(prefecture.ring_deg)
        if (xy.max(axis=0) < 0).any() or xy[:, 0].min() > WIDTH or xy[:, 1].min() > HEIGHT:
            continue
        parts.append(f'<path class="land" d="M{_path(xy)}z"/>')
        x, y = _middle(xy)
        if 30 < x < WIDTH - 30 and 20 < y < HEIGHT - 40:
            name = prefecture.ja if language is Language.JA else prefecture.en
            names.append(
                f'<text class="name" x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{escape(name)}</text>'
            )
    parts += names
    parts += _here(WIDTH / 2, HEIGHT / 2)
    return _svg(sheet, "sea", parts)


def track(lat_deg: float, lon_deg: float, fixes: Sequence[Fix], language: Language) -> str:
    """The last minute's track, and what came after; only the place where there are no fixes."""
    points = np.array([(fix.lon_deg, fix.lat_deg) for fix in fixes] + [(lon_deg, lat_deg)], dtype=np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    lon_mid, lat_mid = ((low + high) / 2).tolist()
    east_km = (high[0] - low[0]) * _KM_PER_DEG * math.cos(math.radians(lat_mid))
    north_km = (high[1] - low[1]) * _KM_PER_DEG
    sheet = _Sheet(lat_mid, lon_mid, max(LEAST_KM, 1.35 * east_km, 1.6 * north_km * WIDTH / HEIGHT))
    xy = sheet.xy(points)
    parts = [f'<path class="track" d="M{_path(xy[:-1])}"/>'] if len(fixes) > 1 else []
    parts += [f'<circle class="fix" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in xy[:-1].tolist()]
    parts += _marks(fixes, xy[:-1], language)
    parts += _here(*xy[-1].tolist())
    return _svg(sheet, "sheet", parts)


def _marks(fixes: Sequence[Fix], xy: Points, language: Language) -> list[str]:
    """Seconds and speed beside some fixes: the first, and those nearest to round moments before the shock."""
    before = [index for index, fix in enumerate(fixes) if fix.after_s < -1]
    chosen = {before[0]} if before else set[int]()
    chosen |= {
        min(before, key=lambda each: abs(fixes[each].after_s - at_s)) for at_s in (-45, -30, -15) if before
    }
    parts: list[str] = []
    last_y = -math.inf
    for index in sorted(chosen, key=lambda each: float(xy[each, 1])):
        fix, (x, y) = fixes[index], xy[index].tolist()
        if y - last_y < 14:
            continue
        last_y = y
        seconds = f"{-fix.after_s:.0f}秒前" if language is Language.JA else f"{fix.after_s:.0f} s"
        speed = "" if fix.speed_kmh is None else f" {fix.speed_kmh:.0f} km/h"
        anchor, dx = ("end", -8) if x > WIDTH * 0.6 else ("start", 8)
        at = f'x="{x + dx:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}"'
        parts.append(f'<text class="mark" {at}>{escape(seconds + speed)}</text>')
    return parts


def _here(x: float, y: float) -> list[str]:
    return [
        f'<circle class="here" cx="{x:.1f}" cy="{y:.1f}" r="9"/>',
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>',
    ]


def _svg(sheet: _Sheet, ground: str, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="{ground}" width="{WIDTH}" height="{HEIGHT}"/>',
            *parts,
            *_scale_bar(sheet),
            f'<path class="bar" d="M{WIDTH - 20} 38V14M{WIDTH - 25} 21l5 -8 5 8"/>',
            f'<text x="{WIDTH - 20}" y="52" text-anchor="middle">N</text>',
            f'<rect class="frame" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}"/>',
            "</svg>",
        ]
    )


def _scale_bar(sheet: _Sheet) -> list[str]:
    """The longest round length that takes up to a third of the width."""
    most_km = sheet.width_km / 3 * (1 + 1e-9)
    power = 10.0 ** math.floor(math.log10(most_km))
    length_km = max(step * power for step in (1, 2, 5) if step * power <= most_km)
    said = f"{length_km:g} km" if length_km >= 1 else f"{1000 * length_km:g} m"
    px, y = length_km * sheet.px_per_km, HEIGHT - 14
    return [
        f'<path class="bar" d="M12 {y - 5}v5h{px:.1f}v-5"/>',
        f'<text x="{16 + px:.1f}" y="{y}">{said}</text>',
    ]


def _path(xy: Points) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in xy.tolist())


def _middle(xy: Points) -> tuple[float, float]:
    """The centre of a polygon's area."""
    x, y = xy[:, 0], xy[:, 1]
    across = x * np.roll(y, -1) - np.roll(x, -1) * y
    twice = float(across.sum())
    if abs(twice) < 1e-9:
        return float(x.mean()), float(y.mean())
    return (
        float(((x + np.roll(x, -1)) * across).sum() / (3 * twice)),
        float(((y + np.roll(y, -1)) * across).sum() / (3 * twice)),
    )
