"""A car and its device in time, without a broker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from device_sim.cars.config import CarConfig
from device_sim.cars.device import Device
from device_sim.device.link import Broker


def never(_connect: Callable[[], None]) -> Future[None]:
    return Future()


def test_a_device_switched_off_measures_no_more_and_waits_for_the_broker_only() -> None:
    car = CarConfig(device_id="car-001", shard="00", route="matsumoto-town", seed=3)
    device = Device(car, Broker("127.0.0.1", 1), never, boot_s=0.0, boot_unix_s=1_800_000_000.0)
    device.step(2.5)
    device.switch_off(2.5)
    waiting = device.core.unacknowledged
    due_s = device.step(6.0)
    assert device.core.unacknowledged == waiting
    assert 6.0 < due_s <= 7.0
