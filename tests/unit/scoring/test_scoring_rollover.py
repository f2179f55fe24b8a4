"""Rollovers, and devices that only look like one: in flight, off the mount, in a hand."""

from __future__ import annotations

import numpy as np
import pytest
from support.shocks import UP_IN_CAR, driving, haversine, motion_of, struck, turned

from schemas.impact import Severity
from scoring.analyse import analyse
from scoring.reasons import Reason
from scoring.speed import SpeedTrack

AT = 1200
STOPS = (50.0, 50.2, 50.1, 49.9, 50.0, 30.0, 12.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
DRIVES_ON = (50.0, 50.2, 50.1, 49.9, 50.0, 50.1, 50.0, 49.8, 50.0, 50.1, 50.0, 50.2, 50.0)


def track(speeds_kmh: tuple[float, ...]) -> SpeedTrack:
    return SpeedTrack(np.arange(108.0, 121.0), np.array(speeds_kmh) / 3.6, np.full(13, 90.0))


def rolled(delta_v_kmh: float = 13.0, duration_s: float = 0.1, flight_s: float = 0.0) -> np.ndarray:
    """Struck from the side, turned about its length axis within two seconds, flying for a while meanwhile."""
    car = driving(22.0)
    for step in range(car.shape[1] - AT):
        car[:, AT + step] += turned((1, 0, 0), 170 * min(step / 200, 1.0)) @ UP_IN_CAR - UP_IN_CAR
    car[:, AT + 60 : AT + 60 + round(100 * flight_s)] *= 0.05
    return struck(car, haversine(delta_v_kmh, duration_s), AT, from_deg=90)


@pytest.mark.parametrize("flight_s", [0.0, 0.16, 0.3])
@pytest.mark.parametrize("gps", [STOPS, None])
def test_a_car_that_flies_while_it_rolls_has_rolled_over(
    flight_s: float, gps: tuple[float, ...] | None
) -> None:
    found = analyse(motion_of(rolled(flight_s=flight_s)), 112.0, speed=track(gps) if gps else None)
    assert any(each.rollover and each.severity.rank >= Severity.SEVERE.rank for each in found)


def test_a_device_that_falls_off_its_mount_in_a_car_that_drives_on_has_not() -> None:
    found = analyse(motion_of(rolled(flight_s=0.3)), 112.0, speed=track((*DRIVES_ON[:5], *[44.0, 43.0] * 4)))
    assert not any(each.rollover for each in found)


def test_a_device_turned_in_a_hand_in_a_car_that_drives_on_is_no_impact() -> None:
    found = analyse(motion_of(rolled(delta_v_kmh=11.0, duration_s=0.2)), 112.0, speed=track(DRIVES_ON))
    assert {each.severity for each in found} == {Severity.NONE}
    assert Reason.CARRIED in found[0].reasons


def test_a_device_turned_about_and_put_back_is_no_impact() -> None:
    car = driving(22.0, noise_mps2=0.2)
    for step in range(300):
        angle = 150 * np.sin(np.pi * step / 300)
        car[:, AT + step] += turned((0, 1, 0.2), angle) @ UP_IN_CAR - UP_IN_CAR
    found = analyse(motion_of(struck(car, haversine(14, 0.25), AT + 20)))
    assert not any(each.severity.rank >= Severity.LIGHT.rank for each in found)
