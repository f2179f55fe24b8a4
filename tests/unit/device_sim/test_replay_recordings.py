"""How a recording becomes a device's messages, without a broker."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from device_sim.device.link import Broker, Identity
from device_sim.replay import ReplayError, _blocks_of, _fixes_of, _sensor_of, replay
from schemas.recording import Recording


def recording(rate_hz: float = 100.0, seconds: float = 10.0, **changes: Any) -> Recording:
    count = round(rate_hz * seconds)
    values: dict[str, Any] = {
        "name": "made-up",
        "acc_t_s": 5.0 + np.arange(count) / rate_hz,
        "acc_mps2": np.tile([0.0, 0.0, 9.80665], (count, 1)),
        "gps_t_s": np.zeros(0),
        "gps_lat_deg": np.zeros(0),
        "gps_lon_deg": np.zeros(0),
        "gps_speed_mps": np.zeros(0),
        "gps_heading_deg": np.zeros(0),
        "full_scale_g": 8.0,
        "lowpass_hz": 21.0,
        "epoch_s": 0.0,
    }
    return Recording(**(values | changes))


def with_gps(times_s: np.ndarray, **columns: np.ndarray) -> Recording:
    track = {
        "gps_lat_deg": 36.0 + 1e-4 * (times_s - 5.0),
        "gps_lon_deg": np.full(times_s.size, 138.0),
        "gps_speed_mps": np.full(times_s.size, np.nan),
        "gps_heading_deg": np.full(times_s.size, np.nan),
    }
    return recording(gps_t_s=times_s, **(track | columns))


def test_the_sensor_is_the_recordings_own() -> None:
    sensor = _sensor_of(recording())
    assert sensor.rate_hz == pytest.approx(100.0)
    assert (sensor.full_scale_g, sensor.lowpass_hz) == (8.0, 21.0)
    assert _sensor_of(recording(full_scale_g=0.0)).full_scale_g == 16.0


@pytest.mark.parametrize("rate_hz", [16.7, 49.0, 1100.0])
def test_rates_no_device_has_are_refused(rate_hz: float) -> None:
    with pytest.raises(ReplayError, match=f"made-up: {rate_hz:.1f} Hz is outside the 50 to 1000 Hz"):
        _sensor_of(recording(rate_hz))


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_must_be_above_nothing(speed: float) -> None:
    with pytest.raises(ReplayError, match="not above 0"):
        replay(recording(), Broker("127.0.0.1", 1), Identity("00", "dev-1"), speed=speed)


def test_a_range_no_sensor_has_is_refused() -> None:
    with pytest.raises(ReplayError, match="made-up: full scale 300 g"):
        _sensor_of(recording(full_scale_g=300.0))


def test_every_sample_is_sent_once_at_its_own_time() -> None:
    rng = np.random.default_rng(2)
    times_s = 40.0 + np.cumsum(rng.uniform(0.007, 0.013, 1234))
    played = recording(acc_t_s=times_s, acc_mps2=rng.normal(0.0, 30.0, (1234, 3)))
    sensor = _sensor_of(played)
    blocks = list(_blocks_of(played, sensor, float(times_s[0])))
    together = np.concatenate([block.counts for block in blocks])
    assert np.array_equal(together, sensor.count(played.acc_mps2))
    starts = np.asarray([block.uptime_ms for block in blocks])
    firsts = np.concatenate([[0], np.cumsum([len(block.counts) for block in blocks])[:-1]])
    assert starts == pytest.approx((times_s[firsts] - times_s[0]) * 1000.0)


def test_a_gap_in_a_recording_stays_a_gap() -> None:
    times_s = np.concatenate([np.arange(105) / 100.0, 5.0 + np.arange(105) / 100.0])
    played = recording(acc_t_s=times_s, acc_mps2=np.ones((210, 3)) * 9.0)
    blocks = list(_blocks_of(played, _sensor_of(played), 0.0))
    assert [len(block.counts) for block in blocks] == [10] * 10 + [5] + [10] * 10 + [5]
    assert blocks[11].uptime_ms == 5000.0


def test_fixes_are_thinned_to_one_a_second() -> None:
    fixes = _fixes_of(with_gps(5.0 + np.arange(100) / 10.0), 5.0)
    assert [fix.uptime_ms for fix in fixes] == [1000 * n for n in range(10)]


def test_fixes_without_a_place_or_outside_the_motion_are_left_out() -> None:
    times_s = np.asarray([3.0, 5.0, 6.0, 7.0, 8.0, 15.1])
    lat = np.asarray([36.0, 36.0, np.nan, 36.0, 36.0, 36.0])
    lon = np.asarray([138.0, 138.0, 138.0, np.inf, 138.0, 138.0])
    fixes = _fixes_of(with_gps(times_s, gps_lat_deg=lat, gps_lon_deg=lon), 5.0)
    assert [fix.uptime_ms for fix in fixes] == [0, 3000]


def test_speed_and_course_are_worked_out_where_not_recorded() -> None:
    speed = np.full(10, np.nan)
    speed[3] = 7.0
    fixes = _fixes_of(with_gps(5.0 + np.arange(10.0), gps_speed_mps=speed), 5.0)
    assert fixes[3].speed_mps == 7.0
    assert fixes[4].speed_mps == pytest.approx(11.1, abs=0.1)
    assert fixes[4].heading_deg == pytest.approx(0.0, abs=0.01)
    assert _fixes_of(recording(), 5.0) == []
