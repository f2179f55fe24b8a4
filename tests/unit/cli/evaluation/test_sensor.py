import numpy as np
import pytest

from cli.evaluation.sensor import Sensor, random_rotation, resampled, times_of
from schemas.recording import G_MPS2

FINE_HZ = 10_000.0


def test_the_low_pass_halves_power_at_its_corner_and_keeps_what_is_slow() -> None:
    times_s = times_of(20_000, FINE_HZ)
    for frequency_hz, gain in ((2.0, 1.0), (42.0, np.sqrt(0.5)), (420.0, 0.01)):
        wave = np.sin(2 * np.pi * frequency_hz * times_s) * np.ones((3, 1))
        seen = Sensor(1000.0, 42.0).sampled(wave, FINE_HZ, 0.0)[0, 500:1500]
        assert np.abs(seen).max() == pytest.approx(gain, abs=0.01)


def test_a_pulse_keeps_its_impulse_at_any_phase() -> None:
    fine = np.zeros((3, 1000))
    fine[0] = 100 * np.sin(np.pi * np.arange(1000) / 1000)
    impulse = fine[0].sum() / FINE_HZ
    for phase_s in (0.0, 0.003, 0.0097):
        assert Sensor(100.0, 20.0).sampled(fine, FINE_HZ, phase_s)[0].sum() / 100 == pytest.approx(
            impulse, rel=2e-3
        )


def test_readings_are_whole_counts_and_stop_at_the_range() -> None:
    sensor = Sensor(full_scale_g=4.0)
    read = sensor.read(np.array([[0.0, 1.23456, 99.0, -99.0]]))
    assert np.allclose(read / sensor.scale_mps2, np.rint(read / sensor.scale_mps2))
    assert np.abs(read - [[0.0, 1.23456, 4 * G_MPS2, -4 * G_MPS2]]).max() <= sensor.scale_mps2
    assert sensor.clips(np.array([[0.0, -3.95 * G_MPS2]]))
    assert not sensor.clips(np.array([[0.0, 3.9 * G_MPS2]]))


@pytest.mark.parametrize(
    ("lowpass_hz", "full_scale_g", "is_good"),
    [(42, 8, True), (20, 16, True), (90, 16, False), (42, 4, False)],
)
def test_which_devices_the_aims_hold_for(lowpass_hz: float, full_scale_g: float, is_good: bool) -> None:
    assert Sensor(100.0, lowpass_hz, full_scale_g).is_good is is_good


def test_a_slower_rate_does_not_fold_what_it_cannot_show() -> None:
    wave = np.sin(2 * np.pi * 190 * times_of(5000, 500.0)) * np.ones((3, 1))
    assert np.abs(resampled(wave, 500.0, 100.0)[:, 50:-50]).max() < 0.02


def test_random_mounts_are_rotations() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        mount = random_rotation(rng)
        assert np.allclose(mount @ mount.T, np.eye(3))
        assert np.linalg.det(mount) == pytest.approx(1.0)
