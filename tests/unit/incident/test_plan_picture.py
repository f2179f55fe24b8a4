"""A plan drawn: everything it does is there once, and nothing lies upon anything else."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from importlib import resources
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from incident.plan.picture import draw
from incident.plan.plan import Do, read_plan
from schemas.incident import Language

DEFAULT = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def crowded(seed: int) -> str:
    """A plan whose rules do very much at odd moments."""
    chance = random.Random(seed)
    steps = [f'{{ after_s = {chance.randint(0, 400)}, do = "{chance.choice(list(Do))}" }}' for _ in range(40)]
    body = ", ".join([*steps, '{ after_s = 0, do = "alarm_operator" }'])
    return re.sub(r"steps = \[.*?\n\]", f"steps = [ {body} ]", DEFAULT, flags=re.DOTALL)


def drawn(toml: str, language: Language) -> ET.Element:
    return ET.fromstring(draw(read_plan(toml), language))


def rough_width(text: ET.Element) -> float:
    """What the widest of usual fonts makes of it."""
    size = float(text.get("font-size", "0"))
    return size * sum(1.0 if ord(letter) > 0x2E7F else 0.62 for letter in text.text or "")


def spans(group: ET.Element) -> dict[float, list[tuple[float, float, str]]]:
    """The texts of one panel, by line: (left, right, words)."""
    lines: dict[float, list[tuple[float, float, str]]] = defaultdict(list)
    for text in group.iter(f"{SVG}text"):
        x, y, wide = float(text.get("x", "0")), float(text.get("y", "0")), rough_width(text)
        left = {"middle": x - wide / 2, "end": x - wide}.get(text.get("text-anchor", ""), x)
        lines[y].append((left, left + wide, text.text or ""))
    return lines


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("toml", [DEFAULT, crowded(1), crowded(2)], ids=["default", "crowded", "crowded too"])
def test_no_words_lie_upon_others_or_leave_the_page(toml: str, language: Language) -> None:
    picture = drawn(toml, language)
    width = float(picture.get("width", "0"))
    for group in picture.findall(f"{SVG}g"):
        for line in spans(group).values():
            for before, after in pairwise(sorted(line)):
                assert before[1] <= after[0] + 1, (before, after)
            assert all(left >= -1 and right <= width - 40 for left, right, _ in line), line


@pytest.mark.parametrize("language", list(Language))
def test_every_step_of_the_default_plan_has_its_mark(language: Language) -> None:
    plan, picture = read_plan(DEFAULT), drawn(DEFAULT, language)
    panels = picture.findall(f"{SVG}g")[1:-1]
    assert len(panels) == len(plan.rules)
    for rule, panel in zip(plan.rules, panels, strict=True):
        kinds = [circle.get("class") for circle in panel.iter(f"{SVG}circle")]
        assert kinds.count("dot") + kinds.count("ring") == len(rule.steps)
        assert kinds.count("wait") == sum(step.wait_until_stopped for step in rule.steps)
        said = {text.text for text in panel.iter(f"{SVG}text")}
        assert rule.name in said
        assert ("高速道路" in said or "expressway" in said) == (rule.road is not None)


def test_a_call_is_drawn_when_it_can_ring() -> None:
    """A second call 5 s after the first waits: 14 s of ringing and 15 s in which the line is free."""
    early = '{ after_s = 5, do = "call_driver" }, { after_s = 29, do = "push" }'
    picture = drawn(DEFAULT.replace('{ after_s = 30, do = "call_driver" }', early), Language.JA)
    panel = picture.findall(f"{SVG}g")[1]
    tick = next(text for text in panel.iter(f"{SVG}text") if text.text == "29秒")
    lane = next(group for group in panel.iter(f"{SVG}g") if group.get("class") == "driver")
    left = float((lane.get("transform") or "")[len("translate(") :].split()[0])
    bars = [float(bar.get("x", "0")) for bar in lane.iter(f"{SVG}rect")]
    assert bars == [0, pytest.approx(float(tick.get("x", "0")) - left)]


def test_the_picture_in_the_documentation_is_that_of_the_default_plan() -> None:
    kept = Path(__file__).parents[3] / "docs" / "pictures" / "plan.svg"
    assert kept.read_text(encoding="utf-8") == draw(read_plan(DEFAULT), Language.JA)
