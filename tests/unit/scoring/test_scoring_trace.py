"""The line an operator sees of an impact."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.recording import G_MPS2
from scoring.frames import Motion
from scoring.trace import MOST_POINTS, trace


def motion(rate_hz: float, seconds: float, *, gaps: tuple[tuple[float, float], ...] = ()) -> Motion:
    """At rest, tilted, from uptime 100 s on."""
    acc = np.zeros((3, round(rate_hz * seconds)), dtype=np.float32)
    acc[0], acc[2] = 0.6 * G_MPS2, 0.8 * G_MPS2
    return Motion(acc, 100.0, rate_hz, 16.0, 40.0, gaps)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 400.0, 1000.0])
def test_no_peak_is_lost_however_fast_the_sensor_is(rate_hz: float) -> None:
    felt = motion(rate_hz, 30.0)
    felt.acc_mps2[1, felt.index_at(110.0)] += 12 * G_MPS2
    line = trace(felt, 110.0)
    assert len(line.g) <= MOST_POINTS
    assert line.from_s == pytest.approx(-4.0, abs=1 / rate_hz)
    values = [value for value in line.g if value is not None]
    assert max(values) == pytest.approx(12.0, abs=0.01)
    at_s = line.from_s + line.g.index(max(values)) * line.step_s
    assert at_s == pytest.approx(0.0, abs=2 * line.step_s)
    assert sum(value > 0.01 for value in values) == 1


def test_gravity_is_not_felt_whichever_way_it_points() -> None:
    assert set(trace(motion(100.0, 20.0), 110.0).g) == {0.0}


def test_what_is_missing_is_left_out_and_not_drawn_as_rest() -> None:
    line = trace(motion(100.0, 30.0, gaps=((111.0, 112.0),)), 110.0)
    missing = [line.from_s + index * line.step_s for index, value in enumerate(line.g) if value is None]
    assert len(missing) == 100
    assert 1.0 - 0.02 <= missing[0] <= missing[-1] <= 2.0 + 0.02


def test_a_recording_that_begins_with_the_shock_has_a_line_too() -> None:
    felt = motion(100.0, 3.0)
    line = trace(felt, 100.0)
    assert line.from_s == 0.0
    assert len(line.g) == 300
