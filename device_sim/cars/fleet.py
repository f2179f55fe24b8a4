"""A fleet of simulated cars in one process, driven by one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from device_sim.cars.config import CarConfig, FleetConfig
from device_sim.cars.device import Device, OnEntry
from device_sim.device.link import Broker
from device_sim.device.loop import DeviceLoop

_CONNECTS_PER_S: Final = 200.0
_GOODBYE_S: Final = 5.0


class Fleet:
    """The devices of a configuration. All but `loop.call` belongs to the thread that runs it."""

    def __init__(self, config: FleetConfig, on_entry: OnEntry | None = None) -> None:
        self.loop = DeviceLoop()
        self.devices: dict[str, Device] = {}
        self.ready = False
        now_s, now_unix_s = time.monotonic(), time.time()
        cars, named = config.all_cars(), len(config.cars)
        for number, car in enumerate(cars):
            ago_s = max(0, number - named) / (len(cars) - named or 1)
            self.devices[car.device_id] = self._device(
                car,
                _broker(config, car),
                boot=(now_s - ago_s, now_unix_s - ago_s),
                first_connect_s=now_s + number / _CONNECTS_PER_S,
                on_entry=on_entry,
            )

    def _device(
        self,
        car: CarConfig,
        broker: Broker,
        *,
        boot: tuple[float, float],
        first_connect_s: float,
        on_entry: OnEntry | None,
    ) -> Device:
        opener = self.loop.opener(lambda: self.devices[car.device_id])
        device = Device(
            car,
            broker,
            opener,
            boot_s=boot[0],
            boot_unix_s=boot[1],
            on_entry=on_entry,
            first_connect_s=first_connect_s,
        )
        self.loop.add(device)
        return device

    def run(self, stopping: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Drive until told to stop; `on_ready` is called once, when every device is connected."""
        while not stopping():
            self.loop.turn(0.2)
            if not self.ready and all(device.core.online for device in self.devices.values()):
                self.ready = True
                on_ready()
        self._say_goodbye()

    def _say_goodbye(self) -> None:
        now_s = time.monotonic()
        online = [device for device in self.devices.values() if device.core.online]
        for device in online:
            device.switch_off(now_s)
        while any(device.core.unacknowledged for device in online):
            if time.monotonic() > now_s + _GOODBYE_S:
                break
            self.loop.turn(0.05)
        for device in self.devices.values():
            device.end()
        self.loop.close()


def _broker(config: FleetConfig, car: CarConfig) -> Broker:
    common = config.broker
    return Broker(
        common.host,
        common.port,
        common.user if car.user is None else car.user,
        common.password if car.password is None else car.password,
    )
