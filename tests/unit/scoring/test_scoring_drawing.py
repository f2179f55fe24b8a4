"""The drawing of an impact: well-formed, complete, in both languages, whatever is missing."""

from __future__ import annotations

import re
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
