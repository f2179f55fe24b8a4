import numpy as np
import pytest

from cli.evaluation.pulse import FINE_HZ, SHAPES, Pulse, ideal_pulse, measured_pulse
from schemas.crash_recording import CrashRecording


def changes(pulse: Pulse) -> np.ndarray:
    return 3.6 * np.cumsum(pulse.acc_mps2[:2], axis=1) / FINE_HZ


def two_humps() -> CrashRecording:
    """Something like a crash: two humps from the front and a little from the left, with vibration up and down."""
    times_s = np.arange(3500) / 10_000 - 0.05
    hump = np.where((times_s > 0) & (times_s < 0.09), np.sin(np.pi * times_s / 0.045) ** 2, 0.0)
    return CrashRecording(
        "humps", times_s, np.stack([-300 * hump, 60 * hump, 80 * hump * np.sin(900 * times_s)])
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("yaw_deg", [0.0, 75.0, 345.0])
def test_an_ideal_pulse_changes_the_velocity_by_what_it_says(shape: str, yaw_deg: float) -> None:
    pulse = ideal_pulse(shape, 20.0, duration_s=0.12, yaw_deg=yaw_deg)
    assert np.linalg.norm(changes(pulse), axis=0).max() == pytest.approx(20.0, rel=1e-6)
    assert pulse.delta_v_kmh == pytest.approx(20.0, rel=1e-6)
    # Hit from the front right, a car is pushed backward and to the left.
    assert pulse.pdof_deg == pytest.approx(yaw_deg, abs=1e-6)


def test_the_peaks_of_ideal_pulses_are_those_of_the_textbook() -> None:
    delta_v_mps, duration_s = 20 / 3.6, 0.1
    for shape, peak in (("half_sine", np.pi / 2), ("haversine", 2.0), ("triangle", 2.0)):
        pulse = ideal_pulse(shape, 20.0, duration_s=duration_s, yaw_deg=0.0)
        assert np.abs(pulse.acc_mps2).max() == pytest.approx(peak * delta_v_mps / duration_s, rel=0.01)


@pytest.mark.parametrize("stretch", [0.7, 1.0, 1.4])
def test_a_measured_pulse_is_scaled_stretched_and_turned(stretch: float) -> None:
    pulse = measured_pulse(two_humps(), 25.0, stretch=stretch, yaw_deg=90.0)
    assert np.linalg.norm(changes(pulse), axis=0).max() == pytest.approx(25.0, rel=1e-6)
    from_the_front = np.degrees(np.arctan2(-60.0, 300.0)) % 360
    assert pulse.pdof_deg == pytest.approx((from_the_front + 90) % 360, abs=0.5)
    # The rule looks at 20 ms: it begins up to as much before the first push, and lets go after the last.
    assert pulse.begins_s == pytest.approx(0.02, abs=0.006)
    assert 0 < pulse.ends_s - pulse.begins_s - 0.09 * stretch < 0.04


def test_an_unknown_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="no shape square"):
        ideal_pulse("square", 20.0, duration_s=0.1, yaw_deg=0.0)
