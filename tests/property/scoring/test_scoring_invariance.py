"""What must not matter to a finding: how the device sits, a sensor's constant error, when it happened, its size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.shocks import driving, half_sine, haversine, motion_of, struck, turned

from schemas.impact import Severity
from schemas.recording import G_MPS2
from scoring.analyse import analyse
from scoring.finding import Analysis
from scoring.mount import Mount

AT_S = 12.0
RATES_HZ = st.sampled_from([100.0, 200.0, 400.0])
UNIT = st.floats(-1.0, 1.0)


@st.composite
def crashes(draw: st.DrawFn, smallest_kmh: float = 10.0) -> dict[str, Any]:
    return {
        "rate_hz": draw(RATES_HZ),
        "delta_v_kmh": draw(st.floats(smallest_kmh, 45.0)),
        "duration_s": draw(st.floats(0.07, 0.16)),
        "from_deg": draw(st.floats(0.0, 360.0)),
        "shape": draw(st.sampled_from([haversine, half_sine])),
        "seed": draw(st.integers(0, 10_000)),
    }


@st.composite
def mounts(draw: st.DrawFn) -> NDArray[np.float64]:
    axis = (draw(UNIT), draw(UNIT), draw(st.floats(0.1, 1.0)))
    return turned(axis, draw(st.floats(0.0, 180.0)))


def crash(drawn: dict[str, Any], *, factor: float = 1.0) -> NDArray[np.float64]:
    """A crash at 12 s of calm driving, in car axes."""
    rate_hz = drawn["rate_hz"]
    car = driving(22.0, rate_hz, noise_mps2=0.2, seed=drawn["seed"])
    pulse = factor * drawn["shape"](drawn["delta_v_kmh"], drawn["duration_s"], rate_hz)
    return struck(car, pulse, round(AT_S * rate_hz), from_deg=drawn["from_deg"])


def the_impact(found: tuple[Analysis, ...]) -> Analysis:
    (impact,) = [each for each in found if each.severity is not Severity.NONE]
    return impact


@settings(max_examples=60, deadline=None)
@given(drawn=crashes(), mount=mounts())
def test_the_mount_changes_nothing_but_the_mount(drawn: dict[str, Any], mount: NDArray[np.float64]) -> None:
    car, rate_hz = crash(drawn), drawn["rate_hz"]
    straight = the_impact(
        analyse(motion_of(car, rate_hz, full_scale_g=100.0), mount=Mount(np.eye(3), 0.9, 300))
    )
    turned_ = the_impact(
        analyse(motion_of(car, rate_hz, mount=mount, full_scale_g=100.0), mount=Mount(mount.T, 0.9, 300))
    )
    # Medians per axis are not quite the same seen from other axes.
    assert turned_.delta_v_kmh == pytest.approx(straight.delta_v_kmh, rel=0.02, abs=0.2)
    assert turned_.severity is straight.severity or near_an_edge(straight.delta_v_kmh)
    assert turned_.uptime_s == pytest.approx(straight.uptime_s, abs=0.011)
    assert turned_.pdof_deg is not None
    assert straight.pdof_deg is not None
    assert abs((turned_.pdof_deg - straight.pdof_deg + 180) % 360 - 180) < 3.0
    assert turned_.measures.asi == pytest.approx(straight.measures.asi, rel=0.03, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(drawn=crashes(), bias=st.tuples(UNIT, UNIT, UNIT), size_g=st.floats(0.0, 0.1))
def test_a_constant_error_hardly_matters(
    drawn: dict[str, Any], bias: tuple[float, float, float], size_g: float
) -> None:
    car, rate_hz = crash(drawn), drawn["rate_hz"]
    length = max(float(np.linalg.norm(bias)), 1e-3)
    error = size_g * G_MPS2 / length * np.array(bias)[:, None]
    true = the_impact(analyse(motion_of(car, rate_hz, full_scale_g=100.0)))
    off = the_impact(analyse(motion_of(car + error, rate_hz, full_scale_g=100.0)))
    assert off.delta_v_kmh == pytest.approx(true.delta_v_kmh, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(drawn=crashes(), shift_s=st.floats(0.0, 3e6))
def test_when_it_happens_does_not_matter(drawn: dict[str, Any], shift_s: float) -> None:
    car, rate_hz = crash(drawn), drawn["rate_hz"]
    first = the_impact(analyse(motion_of(car, rate_hz, uptime_s=0.0)))
    later = the_impact(analyse(motion_of(car, rate_hz, uptime_s=shift_s)))
    assert later.uptime_s - shift_s == pytest.approx(first.uptime_s, abs=1e-6)
    assert (later.delta_v_kmh, later.severity, later.reasons) == (
        first.delta_v_kmh,
        first.severity,
        first.reasons,
    )


@settings(max_examples=60, deadline=None)
@given(drawn=crashes(smallest_kmh=12.0), factor=st.floats(1.2, 2.5))
def test_a_harder_crash_measures_harder_in_proportion(drawn: dict[str, Any], factor: float) -> None:
    rate_hz = drawn["rate_hz"]
    once = the_impact(analyse(motion_of(crash(drawn), rate_hz, full_scale_g=200.0)))
    more = the_impact(analyse(motion_of(crash(drawn, factor=factor), rate_hz, full_scale_g=200.0)))
    assert more.delta_v_kmh == pytest.approx(factor * once.delta_v_kmh, rel=0.05, abs=0.5)
    assert more.severity.rank >= once.severity.rank
    assert more.confidence >= once.confidence - 0.02


def near_an_edge(delta_v_kmh: float) -> bool:
    return min(abs(delta_v_kmh - edge) for edge in (4, 8, 15, 25, 40)) < 0.03 * delta_v_kmh + 0.2
