"""Everybody outside who uses the HTTP API: units in the field and drivers with the app.

    python -m device_sim.field --config FILE.json

Ready after the first answer of the API; prints one JSON line per event.
"""

from __future__ import annotations

import asyncio

import httpx
from pydantic import BaseModel, ConfigDict, Field

from device_sim.field.api import Api
from device_sim.field.drivers import Driver, DriverConfig
from device_sim.field.units import StopAfter, Unit, UnitConfig
from device_sim.process import config_from_arguments, say_ready, stop_signals, tell


class Config(BaseModel):
    """The file given by --config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_url: str = Field(pattern=r"^https?://[^/]+")
    time_scale: float = Field(default=1.0, gt=0, description="Factor on reactions, driving and work.")
    units: tuple[UnitConfig, ...] = ()
    drivers: tuple[DriverConfig, ...] = ()
    stop_after: StopAfter | None = Field(
        default=None, description="Units leave a dispatch in this state and do no more for it."
    )


class _FirstContact:
    """Tells once that the API has answered."""

    def __init__(self) -> None:
        self._made = False

    def __call__(self) -> None:
        if not self._made:
            self._made = True
            tell("in_contact")
            say_ready()


async def serve(config: Config) -> None:
    """Play all parts until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    contact = _FirstContact()
    with stop_signals(stop):
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as parts:
            for unit in config.units:
                api = Api(client, config.api_url, unit.token, contact)
                parts.create_task(Unit(unit, api, config.time_scale, config.stop_after).run(stop))
            for driver in config.drivers:
                api = Api(client, config.api_url, driver.token, contact)
                parts.create_task(Driver(driver, api, config.time_scale).run(stop))
            parts.create_task(_until(stop))


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


def main() -> None:
    """Entry point."""
    asyncio.run(
        serve(
            config_from_arguments(
                Config, "python -m device_sim.field", "Simulated guards, tow crews and drivers' apps."
            )
        )
    )


if __name__ == "__main__":
    main()
