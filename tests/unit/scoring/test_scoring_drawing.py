"""The drawing of an impact: well-formed, complete, in both languages, whatever is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from support.shocks import driving, haversine, motion_of, struck

from scoring.drawing import draw
from scoring.speed import SpeedTrack

MOTION = motion_of(struck(driving(32.0), haversine(30, 0.12), 1200), full_scale_g=100.0)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(**changes: object) -> ET.Element:
    asked: dict[str, object] = {
        "uptime_s": 112.0,
        "duration_ms": 120.0,
        "delta_v_xyz_kmh": (-30.0, 0.0, 0.0),
        "pdof_deg": 330.0,
        "speed": SpeedTrack(np.arange(60.0, 132.0), np.full(72, 10.0), np.zeros(72)),
        "heading": "severe <30 km/h>",
        "language": "en",
    }
    motion = changes.pop("motion", MOTION)
    return ET.fromstring(draw(motion, **{**asked, **changes}))  # pyright: ignore


def curves(svg: ET.Element, style: str) -> list[list[tuple[float, float]]]:
    found = [each for each in svg.iter(f"{SVG}polyline") if each.get("class") == style]
    return [
        [tuple(map(float, point.split(","))) for point in each.get("points", "").split()]  # pyright: ignore
        for each in found
    ]


def test_the_peak_of_the_shock_is_drawn_where_it_was() -> None:
    wide, close, _ = curves(drawn(), "one")
    # 880 px for 30 s from 50 px on: time zero lies at 50 + 880 / 3.
    assert min(wide, key=lambda point: point[1])[0] == pytest.approx(50 + 880 * (10.06 / 30), abs=3)
    assert len(wide) <= 1760
    # Along the delta-V, the close-up rises to the same height.
    assert min(point[1] for point in close) == pytest.approx(270 + 75 * (1 - 1 / 1.1), abs=4)


def test_the_velocity_change_ends_at_delta_v() -> None:
    (change,) = curves(drawn(), "three")
    # 150 px of height for 1.1 times the delta-V, from 0 at the bottom.
    assert change[-1][1] == pytest.approx(270 + 150 * (1 - 1 / 1.1), abs=4)


def test_the_arrow_points_from_where_the_force_came() -> None:
    assert [g.get("transform") for g in drawn().iter(f"{SVG}g")][-1] == "rotate(330)"


@pytest.mark.parametrize("language", ["ja", "en", "fr"])
def test_it_can_be_read_and_names_nothing_outside(language: str) -> None:
    svg = drawn(language=language)
    said = " ".join(each.text or "" for each in svg.iter(f"{SVG}text"))
    assert "severe <30 km/h>" in said
    assert bool(re.search("[ぁ-ん一-龥]", said)) == (language != "en")
    text = draw(
        MOTION,
        uptime_s=112.0,
        duration_ms=120.0,
        delta_v_xyz_kmh=(0, 0, 0),
        pdof_deg=None,
        speed=None,
        heading="",
        language=language,
    )
    assert "href" not in text
    assert "nan" not in text.lower()


def test_what_is_missing_is_said() -> None:
    svg = drawn(speed=None, pdof_deg=None, motion=MOTION.window(111.9, 112.4))
    said = [each.text for each in svg.iter(f"{SVG}text")]
    assert "no GPS on record" in said
    assert "direction not known" in said


def shaded(svg: ET.Element, top: str) -> list[tuple[float, float]]:
    """From where to where a panel is shaded, in pixels."""
    found = [each for each in svg.iter(f"{SVG}rect") if each.get("class") == "missing"]
    return [
        (float(each.get("x", "")), float(each.get("x", "")) + float(each.get("width", "")))
        for each in found
        if each.get("y") == top
    ]


def test_what_is_on_record_is_not_shaded() -> None:
    svg = drawn(speed=SpeedTrack(np.arange(52.0, 132.0), np.full(80, 10.0), np.zeros(80)))
    assert [each.get("class") for each in svg.iter(f"{SVG}rect") if each.get("class") == "missing"] == []
    assert "no data" not in [each.text for each in svg.iter(f"{SVG}text")]


def test_where_data_are_missing_it_is_shaded_and_said() -> None:
    motion = replace(MOTION.window(107.0, 122.0), gaps=((112.2, 112.3), (115.0, 116.0)))
    svg = drawn(motion=motion)
    second = 880 / 30  # 30 s from 50 px on; time zero is 112 s
    wanted = [(-10, -5), (0.2, 0.3), (3, 4), (10, 20)]
    assert shaded(svg, "70") == [
        pytest.approx((50 + (first + 10) * second, 50 + (last + 10) * second), abs=0.2)
        for first, last in wanted
    ]
    # The shock close up, -0.15 to 0.45 s, and the velocity change beside it.
    assert shaded(svg, "270") == [
        pytest.approx((left + 0.35 / 0.6 * width, left + 0.45 / 0.6 * width), abs=0.2)
        for left, width in ((50, 430), (540, 390))
    ]
    assert [each.text for each in svg.iter(f"{SVG}text")].count("no data") == 2 + 1
    assert "記録なし" in [each.text for each in drawn(motion=motion, language="ja").iter(f"{SVG}text")]


def test_other_stretches_fill_what_the_one_with_the_shock_leaves() -> None:
    wide = curves(drawn(), "one")[0]
    # A burst of its own rate, and what was streamed: all of it but for three seconds.
    burst, streamed = MOTION.window(110.0, 118.0), [MOTION.window(100.0, 113.0), MOTION.window(121.0, 140.0)]
    svg = drawn(motion=burst, elsewhere=[burst, *streamed])
    second = 880 / 30
    assert shaded(svg, "70") == [pytest.approx((50 + 16 * second, 50 + 19 * second), abs=0.2)]
    assert shaded(svg, "270") == []
    parts = curves(svg, "one")[:3]
    ends = [(part[0][0], part[-1][0]) for part in parts]
    assert ends == [
        pytest.approx((50 + first * second, 50 + last * second), abs=0.5)
        for first, last in ((8, 16), (0, 8), (19, 30))
    ]
    assert min(y for _, y in parts[0]) == pytest.approx(min(y for _, y in wide), abs=1)


def test_where_gps_is_silent_it_is_shaded() -> None:
    at_s = np.array([*np.arange(60.0, 100.0), *np.arange(110.0, 120.0)])
    svg = drawn(speed=SpeedTrack(at_s, np.full(50, 10.0), np.zeros(50)))
    second = 560 / 80  # 80 s from 50 px on, the first 60 before time zero
    wanted = [(-60, -52), (-13, -2), (7, 20)]
    assert shaded(svg, "480") == [
        pytest.approx((50 + (first + 60) * second, 50 + (last + 60) * second), abs=0.2)
        for first, last in wanted
    ]


@pytest.mark.parametrize(
    ("heading", "lines"),
    [
        ("", 1),
        ("強い衝撃 · 速度変化 31.5 km/h (29.9〜33.1 km/h) · 2026-11-26 12:34:56 JST", 1),
        ("非常に強い衝撃 " * 9, 2),
        ("severe impact " * 20, 2),
        ("衝" * 200, 2),
    ],
)
def test_a_heading_keeps_within_the_drawing(heading: str, lines: int) -> None:
    found = [each for each in drawn(heading=heading).iter(f"{SVG}text") if each.get("font-size")]
    assert len(found) == lines
    said = "".join(each.text or "" for each in found)
    assert re.sub("[ ·]", "", said) == re.sub("[ ·]", "", heading)
    for each in found:
        width_em = sum(1.0 if ord(letter) > 0x2FF else 0.6 for letter in each.text or "")
        assert 50 + width_em * float(each.get("font-size", "")) <= 960
        assert float(each.get("y", "")) < 62 - 13
    assert float(found[0].get("font-size", "")) == pytest.approx(16) or len(heading) > 100
