"""A plan as a drawing: for each rule what is done when, over one axis of time. SVG, pure.

`python -m incident.plan.picture` prints that of the built-in plan: docs/pictures/plan.svg.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

from incident.plan import words
from incident.plan.plan import Do, Plan, Rule, Step, read_plan
from schemas.incident import Language

_LANES: Final = (
    ("push", (Do.PUSH,)),
    ("sms", (Do.SMS,)),
    ("driver", (Do.CALL_DRIVER,)),
    ("contact", (Do.CALL_CONTACT,)),
    ("operator", (Do.ALARM_OPERATOR, Do.LIST_CALL_BACK)),
    ("ambulance", (Do.ASK_AMBULANCE,)),
    ("help", (Do.OFFER_HELP, Do.SEND_HELP)),
)
# Drawn as a ring: something is laid before a person, who has not acted yet.
_RINGS: Final = frozenset({Do.LIST_CALL_BACK, Do.OFFER_HELP})

_EDGE, _PAD, _LANE, _AXIS = 24.0, 18.0, 25.0, 26.0
_NAMES: Final = 132.0
_AXIS_LEAST: Final = 690.0
_TAIL_S, _TAIL = 30.0, 74.0

_STYLE: Final = """
svg { --page: #f6f7f9; --card: #ffffff; --edge: #dfe3e8; --ink: #18212b; --soft: #5b6876; --rule: #e8ebef;
  --push: #3b6fd4; --sms: #2a8fa8; --driver: #23824f; --contact: #7d8a1f; --operator: #8b4fc2; --ambulance: #d23f3f;
  --help: #d9730d; --fast: #1f7a4d; --chip: #eef1f4;
  font-family: "Hiragino Sans", "Noto Sans JP", "Noto Sans CJK JP", "Yu Gothic", "IPAexGothic", system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --page: #11161c; --card: #1a212a; --edge: #2c3641; --ink: #e8edf2;
  --soft: #9aa8b6; --rule: #28313b; --push: #7ba6f5; --sms: #5cc3dc; --driver: #5fc790; --contact: #c1cd5c;
  --operator: #c496ee; --ambulance: #f27d7d; --help: #f5a356; --fast: #2f9a66; --chip: #252e39; } }
.page { fill: var(--page) } .card { fill: var(--card); stroke: var(--edge) } .ink { fill: var(--ink) }
.soft { fill: var(--soft) } .grid { stroke: var(--rule) } .chip { fill: var(--chip) } .road { fill: var(--fast) }
.on-road { fill: #ffffff } .bold { font-weight: 600 } .code { font-family: ui-monospace, "DejaVu Sans Mono", monospace }
"""
_COLOURS: Final = (
    "\n".join(f".{lane} {{ color: var(--{lane}) }}" for lane, _ in _LANES)
    + "\n.dot { fill: currentColor } .ring { fill: var(--card); stroke: currentColor; stroke-width: 2.5 }"
    "\n.wait { fill: none; stroke: currentColor; stroke-width: 1.4; stroke-dasharray: 2.6 2.4 }"
    "\n.bar { fill: currentColor; opacity: .32 } .term { stroke: currentColor; stroke-width: 2; opacity: .55 }"
)


def draw(plan: Plan, language: Language) -> str:
    """The whole plan as one SVG document, its rules in order of weight. Delays are those written, unscaled."""
    axis = _Axis.of(plan)
    width = _EDGE * 2 + _PAD * 2 + _NAMES + axis.width
    parts: list[str] = []
    y = _EDGE
    for piece, height in (
        _head(plan, language, width),
        *(_panel(plan, rule, axis, language, width) for rule in plan.rules),
        _legend(plan, language, width),
    ):
        parts.append(f'<g transform="translate({_EDGE:g} {y:g})">{piece}</g>')
        y += height + 14
    y += _EDGE - 14
    title = escape(words.HEADING[language])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{y:g}" viewBox="0 0 {width:g} {y:g}" '
        f'role="img" lang="{language}"><title>{title}</title><style>{_STYLE}{_COLOURS}</style>'
        f'<rect class="page" width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """Moments of the plan and where they lie; long pauses are shortened, none is too short for its label."""

    moments: tuple[float, ...]
    places: tuple[float, ...]

    @classmethod
    def of(cls, plan: Plan) -> _Axis:
        moments = sorted({0.0, *(step.after_s for rule in plan.rules for step in rule.steps)})
        gaps = [46 + 20 * math.log2(1 + (after - before) / 6) for before, after in pairwise(moments)]
        stretch = max(1.0, (_AXIS_LEAST - _TAIL) / sum(gaps)) if gaps else 1.0
        places = [0.0]
        for gap in gaps:
            places.append(round(places[-1] + gap * stretch, 1))
        return cls((*moments, moments[-1] + _TAIL_S), (*places, places[-1] + _TAIL))

    @property
    def width(self) -> float:
        return self.places[-1]

    def x(self, at_s: float) -> float:
        for (before, after), (left, right) in zip(pairwise(self.moments), pairwise(self.places), strict=True):
            if at_s <= after:
                return round(left + (right - left) * (at_s - before) / (after - before), 1)
        return self.width


def _head(plan: Plan, language: Language, width: float) -> tuple[str, float]:
    lines = _wrapped(words.facts_of_plan(plan, language), 12, width - 2 * _EDGE, gap=22)
    pieces = [
        _text(0, 20, words.HEADING[language], 20, "ink bold"),
        _text(0, 42, words.SUBHEADING[language], 13, "soft"),
    ]
    y = 64.0
    for line in lines:
        pieces += (_text(x, y, said, 12, "soft") for x, said in line)
        y += 18
    return "".join(pieces), y - 12


def _panel(plan: Plan, rule: Rule, axis: _Axis, language: Language, width: float) -> tuple[str, float]:
    inner = width - 2 * _EDGE - 2 * _PAD
    name_width = _width(rule.name, 11) * 1.12
    pieces: list[str] = []
    y = _PAD + 14
    road = words.ROADS[rule.road][language] if rule.road else ""
    road_width = _width(road, 11) + 28 if road else 0.0
    if road:
        pieces.append(
            f'<rect class="road" x="{_PAD:g}" y="{y - 14:g}" width="{road_width - 10:g}" height="19" rx="4"/>'
            + _text(_PAD + (road_width - 10) / 2, y, road, 11, "on-road bold", anchor="middle")
        )
    titles = _wrapped(
        words.occasions(rule, language), 15, inner - name_width - road_width - 24, gap=20, bold=True
    )
    for line in titles:
        title = " · ".join(said for _, said in line)
        pieces.append(_text(_PAD + road_width, y, title, 15, "ink bold"))
        y += 22
    pieces.append(_text(_PAD + inner, _PAD + 14, rule.name, 11, "soft code", anchor="end"))
    for line in _wrapped(words.facts_of_rule(rule, language), 11.5, inner - 16, gap=26):
        for x, said in line:
            wide = _width(said, 11.5) + 16
            pieces.append(
                f'<rect class="chip" x="{_PAD + x:g}" y="{y - 12:g}" width="{wide:g}" height="19" rx="9.5"/>'
                + _text(_PAD + x + wide / 2, y + 1.5, said, 11.5, "ink", anchor="middle")
            )
        y += 25
    y += 4
    lanes = [(lane, [step for step in rule.steps if step.do in dos]) for lane, dos in _LANES]
    lanes = [(lane, steps) for lane, steps in lanes if steps]
    left, bottom = _PAD + _NAMES, y + _AXIS - 12 + _LANE * len(lanes)
    for moment in sorted({0.0, *(step.after_s for step in rule.steps)}):
        x = left + axis.x(moment)
        pieces.append(f'<line class="grid" x1="{x:g}" y1="{y + 6:g}" x2="{x:g}" y2="{bottom:g}"/>')
        pieces.append(_text(x, y, words.moment(moment, language), 11, "soft", anchor="middle"))
    for number, (lane, steps) in enumerate(lanes):
        middle = y + _AXIS - 12 + _LANE * (number + 0.5)
        pieces.append(
            f'<line class="grid" x1="{left:g}" y1="{middle:g}" x2="{left + axis.width:g}" y2="{middle:g}"/>'
        )
        pieces.append(_text(_PAD, middle + 4, words.LANES[lane][language], 12.5, "ink"))
        marks = "".join(_marks(plan, rule, steps, axis))
        pieces.append(f'<g class="{lane}" transform="translate({left:g} {middle:g})">{marks}</g>')
    height = bottom + _PAD - 6
    card = f'<rect class="card" width="{width - 2 * _EDGE:g}" height="{height:g}" rx="10"/>'
    return card + "".join(pieces), height


def _marks(plan: Plan, rule: Rule, steps: Iterable[Step], axis: _Axis) -> Iterator[str]:
    """What lies on one lane: bars first, so that no mark is covered."""
    marks: set[tuple[float, str]] = set()
    free_s = 0.0
    ordered = sorted(steps, key=lambda step: step.after_s)
    starts = [step.after_s for step in ordered]
    for step in ordered:
        at_s = step.after_s
        if step.do in (Do.CALL_DRIVER, Do.CALL_CONTACT):
            # As the engine does: a call waits until the one before has ended, and the line was free for a while.
            at_s = max(at_s, free_s)
            free_s = at_s + plan.calls.ring_s + plan.calls.attempts_pause_s
            yield _bar(axis.x(at_s), axis.x(at_s + plan.calls.ring_s), ended=False)
        elif step.do is Do.ALARM_OPERATOR:
            until_s = min([at_s + rule.take_by_s, *(start for start in starts if start > at_s)])
            yield _bar(axis.x(at_s), axis.x(until_s), ended=until_s == at_s + rule.take_by_s)
        kind = "ring" if step.do in _RINGS else "dot"
        marks.add((axis.x(at_s), kind))
        if step.wait_until_stopped:
            marks.add((axis.x(at_s), "wait"))
    radius = {"ring": 6.0, "dot": 6.5, "wait": 10.0}
    for x, kind in sorted(marks, key=lambda mark: (-radius[mark[1]], mark)):
        # An offer and a sending at one moment: a dot within a ring.
        small = kind == "dot" and (x, "ring") in marks
        yield f'<circle class="{kind}" cx="{x:g}" r="{3 if small else radius[kind]:g}"/>'


def _bar(left: float, right: float, *, ended: bool) -> str:
    end = f'<line class="term" x1="{right:g}" y1="-6" x2="{right:g}" y2="6"/>' if ended else ""
    return (
        f'<rect class="bar" x="{left:g}" y="-4.5" width="{max(right - left, 0):g}" height="9" rx="2"/>{end}'
    )


def _legend(plan: Plan, language: Language, width: float) -> tuple[str, float]:
    drawings = {
        "done": '<circle class="dot" cx="7" r="6.5"/>',
        "laid": '<circle class="ring" cx="7" r="6"/>',
        "wait": '<circle class="dot" cx="10" r="6.5"/><circle class="wait" cx="10" r="10"/>',
        "ring": f'<circle class="dot" cx="7" r="6.5"/>{_bar(7, 34, ended=False)}',
        "take": f'<circle class="dot" cx="7" r="6.5"/>{_bar(7, 34, ended=True)}',
    }
    said = words.legend(plan, language)
    pieces: list[str] = []
    x, y = 0.0, 8.0
    for key, drawing in drawings.items():
        wide = 44 if key in ("ring", "take") else 28
        if x and x + wide + _width(said[key], 12) > width - 2 * _EDGE:
            x, y = 0.0, y + 24
        lane = "operator" if key == "take" else "driver" if key == "ring" else "help"
        pieces.append(f'<g class="{lane}" transform="translate({x:g} {y:g})">{drawing}</g>')
        pieces.append(_text(x + wide, y + 4, said[key], 12, "soft"))
        x += wide + _width(said[key], 12) + 26
    return "".join(pieces), y + 10


def _wrapped(
    pieces: Iterable[str], size: float, room: float, *, gap: float, bold: bool = False
) -> list[list[tuple[float, str]]]:
    """Pieces of text in lines no wider than the room: (x, text); one too long for a line has one of its own."""
    lines: list[list[tuple[float, str]]] = [[]]
    x = 0.0
    for piece in pieces:
        wide = _width(piece, size, bold=bold)
        if lines[-1] and x + wide > room:
            lines.append([])
            x = 0.0
        lines[-1].append((x, piece))
        x += wide + gap
    return [line for line in lines if line]


def _width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is drawn: a Japanese letter is as wide as high, a Latin one about half; never less."""
    ems = sum(
        1.0 if ord(letter) > 0x2E7F else 0.64 if letter.isupper() or letter == "→" else 0.57
        for letter in text
    )
    return round(ems * size * (1.05 if bold else 1.0), 1)


def _text(x: float, y: float, said: str, size: float, kind: str, *, anchor: str = "start") -> str:
    at_end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" font-size="{size:g}"{at_end}>{escape(said)}</text>'


if __name__ == "__main__":
    toml = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")
    print(draw(read_plan(toml), Language.JA), end="")
