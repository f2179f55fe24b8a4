"""An impact drawn: what the sensor felt, how the velocity changed, where the force came from, how fast the car was.

One SVG that follows the reader's light or dark theme and needs nothing else. Pure: arrays and words in, text out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.frames import Motion
from scoring.panel import Panel
from scoring.speed import FRESH_S, SpeedTrack
from scoring.trace import at_rest_mps2

Signal = NDArray[np.float64]

WIDTH: Final = 960
BEFORE_S: Final = 10.0
AFTER_S: Final = 20.0
CLOSE_BEFORE_S: Final = 0.15
CLOSE_AFTER_S: Final = 0.45
FIXES_BEFORE_S: Final = 60.0
HEADING_PX: Final = 16.0
LATIN_EM: Final = 0.6
"""The mean width of a letter; a Japanese one is as wide as it is high."""

_WORDS: Final = {
    "ja": {
        "motion": "加速度 (g)  10秒前から20秒後まで",
        "close": "衝撃の加速度 (g) と速度変化 (km/h)",
        "speed": "GPSの速度 (km/h)",
        "force": "力の方向",
        "unknown": "方向は不明",
        "horizontal": "水平",
        "vertical": "上下",
        "velocity": "速度変化",
        "no_speed": "GPSの記録がありません",
        "missing": "記録なし",
    },
    "en": {
        "motion": "Acceleration (g), 10 s before to 20 s after",
        "close": "The shock: acceleration (g) and velocity change (km/h)",
        "speed": "Speed by GPS (km/h)",
        "force": "Where the force came from",
        "unknown": "direction not known",
        "horizontal": "horizontal",
        "vertical": "vertical",
        "velocity": "velocity change",
        "no_speed": "no GPS on record",
        "missing": "no data",
    },
}

_STYLE: Final = """
svg{--ground:#fff;--ink:#1b232c;--quiet:#5b6672;--line:#d5dbe1;--one:#0b62a8;--two:#a35200;--three:#8a1c5c;--mark:#fde8e4;
font:13px system-ui,"Hiragino Sans","Noto Sans CJK JP","IPAexGothic",sans-serif;font-variant-numeric:tabular-nums}
@media(prefers-color-scheme:dark){svg{--ground:#0f1419;--ink:#e6edf3;--quiet:#9aa7b4;--line:#2b3642;--one:#6cb6ff;
--two:#f0a35e;--three:#f08bc0;--mark:#3a1f1c}}
.ground{fill:var(--ground)}text{fill:var(--ink)}.quiet{fill:var(--quiet);font-size:11px}.title{font-weight:600}
.missing{fill:var(--line)}.grid{stroke:var(--line);fill:none}.mark{fill:var(--mark)}.one,.two,.three{fill:none;stroke-width:1.4}
.one{stroke:var(--one)}.two{stroke:var(--two)}.three{stroke:var(--three);stroke-dasharray:5 3}
.t1{fill:var(--one)}.t2{fill:var(--two)}.t3{fill:var(--three)}.car{fill:none;stroke:var(--ink);stroke-width:1.5}
.arrow{stroke:var(--three);stroke-width:4;fill:var(--three)}
"""


def draw(
    motion: Motion,
    *,
    elsewhere: Sequence[Motion] = (),
    uptime_s: float,
    duration_ms: float,
    delta_v_xyz_kmh: Sequence[float],
    pdof_deg: float | None,
    speed: SpeedTrack | None,
    heading: str,
    language: str,
) -> str:
    """The drawing of one impact, as SVG text.

    `motion` holds `uptime_s`, the time zero, and `elsewhere` what else there is from 10 s before to 20 s
    after it: of those is drawn what lies outside of `motion`. What is missing is shaded.
    `delta_v_xyz_kmh` is in device axes. `heading` is the line on top. `language` is "ja" or "en".
    """
    words = _WORDS.get(language, _WORDS["ja"])
    rest = at_rest_mps2(motion, uptime_s)
    at_s = _times(motion, uptime_s)
    horizontal, vertical, along = _components(motion, rest, delta_v_xyz_kmh)
    others = _outside(motion, elsewhere)
    curves = [(at_s, horizontal, vertical)]
    curves += [(_times(each, uptime_s), *_components(each, rest, delta_v_xyz_kmh)[:2]) for each in others]
    length_s = duration_ms / 1000
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 640" role="img">',
        f"<title>{escape(heading)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="640"/>',
        *_heading(heading),
    ]
    missing = [(first - uptime_s, last - uptime_s) for first, last in _missing([motion, *others])]
    reach = _reach(*(values for _, *both in curves for values in both))
    wide = Panel(50, 70, WIDTH - 80, 150, -BEFORE_S, AFTER_S, -reach, reach)
    parts += [wide.band(0.0, length_s), *wide.frame(words["motion"], (-10, -5, 0, 5, 10, 15, 20))]
    parts += [wide.curve("two", times, values) for times, _, values in curves]
    parts += [wide.curve("one", times, values) for times, values, _ in curves]
    parts += wide.missing(missing, words["missing"])
    parts += _legend(wide, (("t1", words["horizontal"]), ("t2", words["vertical"])))
    parts += _close_up((at_s, along, vertical), motion.rate_hz, length_s, missing, words)
    parts += _speeds(speed, uptime_s, words)
    parts += _car(pdof_deg, words)
    parts.append("</svg>")
    return "\n".join(parts)


def _heading(text: str) -> list[str]:
    """The line on top: two where one does not hold it, and smaller where two do not."""
    room = (WIDTH - 100) / HEADING_PX
    lines = [text] if _wide_em(text) <= room else list(_halves(text))
    size = HEADING_PX * min(1.0, room / max(1.0, *map(_wide_em, lines)))
    first_y = 30 if len(lines) == 1 else 22
    return [
        f'<text class="title" x="50" y="{first_y + 19 * number}" font-size="{size:.1f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]


def _halves(text: str) -> tuple[str, str]:
    """Two lines as alike as spaces allow; cut in the middle where there is none."""
    spaces = [index for index, letter in enumerate(text) if letter == " "] or [len(text) // 2]
    cut = min(spaces, key=lambda index: max(_wide_em(text[:index]), _wide_em(text[index:])))
    return text[:cut].rstrip(" ·"), text[cut:].lstrip(" ·")


def _wide_em(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else LATIN_EM for letter in text)


def _outside(motion: Motion, elsewhere: Sequence[Motion]) -> list[Motion]:
    """The parts of other stretches that lie before or after one."""
    parts = [
        part
        for each in elsewhere
        for part in (each.window(each.uptime_s, motion.uptime_s), each.window(motion.end_s, each.end_s))
    ]
    return [part for part in parts if part.samples]


def _missing(motions: Sequence[Motion]) -> list[tuple[float, float]]:
    """The times that no stretch holds."""
    found: list[tuple[float, float]] = []
    reached_s = -np.inf
    for each in sorted(motions, key=lambda motion: motion.uptime_s):
        found += [(reached_s, each.uptime_s), *each.gaps]
        reached_s = max(reached_s, each.end_s)
    return [*found, (reached_s, np.inf)]


def _times(motion: Motion, uptime_s: float) -> Signal:
    return motion.uptime_s - uptime_s + np.arange(motion.samples) / motion.rate_hz


def _components(
    motion: Motion, rest: Signal, delta_v_xyz_kmh: Sequence[float]
) -> tuple[Signal, Signal, Signal]:
    """Horizontal (unsigned), vertical, and horizontal along the delta-V, in g, each (n,)."""
    acc = motion.acc_mps2.astype(np.float64)
    up = rest / max(float(np.linalg.norm(rest)), 1e-6)
    dynamic = (acc - rest[:, None]) / G_MPS2
    vertical: Signal = up @ dynamic
    across = dynamic - up[:, None] * vertical
    direction = np.asarray(delta_v_xyz_kmh, dtype=np.float64)
    size = float(np.linalg.norm(direction))
    along: Signal = (direction / size) @ dynamic if size > 0 else np.zeros(motion.samples)
    return np.asarray(np.linalg.norm(across, axis=0)), vertical, along


def _close_up(
    curves: tuple[Signal, Signal, Signal],
    rate_hz: float,
    length_s: float,
    missing: Sequence[tuple[float, float]],
    words: dict[str, str],
) -> list[str]:
    """The shock itself, and beside it the velocity change: `curves` are times, along and vertical (n,)."""
    at_s, along, vertical = curves
    near = (at_s >= -CLOSE_BEFORE_S) & (at_s <= CLOSE_AFTER_S)
    reach = _reach(along[near], vertical[near])
    left = Panel(50, 270, 430, 150, -CLOSE_BEFORE_S, CLOSE_AFTER_S, -reach, reach)
    started = np.where(at_s >= 0, along, 0.0)
    change_kmh: Signal = 3.6 * G_MPS2 * np.cumsum(started) / rate_hz
    span = max(5.0, float(np.abs(change_kmh[near]).max()) * 1.1) if near.any() else 5.0
    right = Panel(
        540, 270, 390, 150, -CLOSE_BEFORE_S, CLOSE_AFTER_S, -span if change_kmh.min() < -1 else 0.0, span
    )
    marks = (-0.1, 0, 0.1, 0.2, 0.3, 0.4)
    return [
        left.band(0.0, length_s),
        *left.frame(words["close"], marks),
        left.curve("two", at_s, vertical),
        left.curve("one", at_s, along),
        *left.missing(missing, words["missing"]),
        right.band(0.0, length_s),
        *right.frame("", marks),
        right.curve("three", at_s, change_kmh),
        *right.missing(missing, words["missing"]),
        *_legend(right, (("t3", words["velocity"]),)),
    ]


def _speeds(speed: SpeedTrack | None, uptime_s: float, words: dict[str, str]) -> list[str]:
    if speed is None or not np.isfinite(speed.speed_mps).any():
        return [f'<text class="quiet" x="50" y="540">{escape(words["no_speed"])}</text>']
    known = np.isfinite(speed.speed_mps)
    at_s, kmh = speed.uptime_s[known] - uptime_s, 3.6 * speed.speed_mps[known]
    panel = Panel(50, 480, 560, 110, -FIXES_BEFORE_S, AFTER_S, 0.0, max(20.0, float(kmh.max()) * 1.1))
    return [
        panel.band(0.0, 0.0),
        *panel.frame(words["speed"], (-60, -40, -20, 0, 20)),
        panel.curve("one", at_s, kmh),
        *panel.missing(_silences(at_s), words["missing"]),
    ]


def _silences(at_s: Signal) -> list[tuple[float, float]]:
    """Where fixes lie further apart than one of them tells."""
    inside = at_s[(at_s >= -FIXES_BEFORE_S) & (at_s <= AFTER_S)].tolist()
    return [
        (first, last)
        for first, last in pairwise([-FIXES_BEFORE_S, *inside, AFTER_S])
        if last - first > FRESH_S
    ]


def _car(pdof_deg: float | None, words: dict[str, str]) -> list[str]:
    """The car from above, front up, with an arrow that comes from where the force came."""
    found = [
        f'<text class="title" x="680" y="454">{escape(words["force"])}</text>',
        '<g transform="translate(790 550)">',
        '<rect class="car" x="-22" y="-44" width="44" height="88" rx="12"/>',
        '<path class="car" d="M-17 -16q17 -10 34 0M-15 26h30"/>',
    ]
    if pdof_deg is None:
        found.append(f'</g><text class="quiet" x="830" y="550">{escape(words["unknown"])}</text>')
        return found
    found.append(
        f'<g transform="rotate({pdof_deg:.0f})"><path class="arrow" d="M0 -84V-52M0 -46l-8 -12h16z"/></g></g>'
    )
    hour = round(pdof_deg / 30) % 12 or 12
    found.append(f'<text x="880" y="550">{pdof_deg:.0f}° · {hour}h</text>')
    return found


def _legend(panel: Panel, entries: Sequence[tuple[str, str]]) -> list[str]:
    right = panel.left + panel.width
    return [
        f'<text class="{style}" x="{right - 80 * index}" y="{panel.top - 8}" text-anchor="end">{escape(word)}</text>'
        for index, (style, word) in enumerate(reversed(entries))
    ]


def _reach(*values: Signal) -> float:
    """A symmetric range in g that holds every value, at least half a g."""
    return max(0.5, 1.1 * max((float(np.abs(each).max()) for each in values if each.size), default=0.5))
