"""The processes that play the world outside: a telephone carrier, people in the field, cars."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cli.simulated.world import Settled, World
from runtime.child import ChildSpec
from runtime.settings import PREFIX, Settings
from runtime.stack import RoleSpecs, role, standard_roles

FOLDER: Final = "simulated"
"""Where the simulators keep their configuration and state, within the state folder."""


def with_carrier(world: World) -> RoleSpecs:
    """The standard roles, and beside them a carrier that knows these people."""

    def roles(settings: Settings) -> tuple[ChildSpec, ...]:
        if settings.state_dir is None:
            raise ValueError("the stack gives its roles settings with a state folder")
        return *standard_roles(settings), carrier(settings, world, settings.state_dir / FOLDER)

    return roles


def carrier(settings: Settings, world: World, folder: Path) -> ChildSpec:
    """The simulated carrier at the address the settings expect one."""
    port = urlsplit(settings.twilio_base_url).port
    config = {
        "account_sid": settings.twilio_account_sid,
        "auth_token": settings.twilio_auth_token.get_secret_value(),
        "port": port,
        "state_dir": str(folder / "carrier"),
        "time_scale": settings.time_scale,
        "calls_per_s": settings.calls_per_s,
        "number": {
            "voice_url": f"{settings.public_url}/twilio/inbound",
            "voice_fallback_url": f"{settings.public_url}/twilio/fallback/inbound",
            "status_callback": f"{settings.public_url}/twilio/inbound/status",
            "sms_url": f"{settings.public_url}/twilio/inbound_sms",
        },
        "people": {motorist.phone: motorist.answers for motorist in world.motorists}
        | {motorist.contact: motorist.contact_answers for motorist in world.motorists}
        | {member.phone: member.answers for member in world.desk},
    }
    return _simulator("carrier", "device_sim.carrier", (), config, folder)


def field(
    settings: Settings, world: World, settled: Settled, folder: Path, *, apps: bool = True
) -> ChildSpec:
    """Guards, tow crews, and with `apps` drivers who look at the app all the time."""
    config = {
        "api_url": settings.nearest_api_url,
        "time_scale": settings.time_scale,
        "units": [
            {
                "id": unit.id,
                "token": settled.unit_tokens[unit.id],
                "lat_deg": unit.place[0],
                "lon_deg": unit.place[1],
                "temperament": unit.temperament,
                **unit.habits,
            }
            for unit in world.units
            if unit.temperament
        ],
        "drivers": [
            {"id": motorist.device_id, "token": settled.driver_tokens[motorist.device_id]}
            for motorist in (world.motorists if apps else ())
        ],
    }
    return _simulator("field", "device_sim.field", (), config, folder)


def cars(settings: Settings, world: World, settled: Settled, folder: Path, *, control_port: int) -> ChildSpec:
    """The cars with their devices, all in one process; `control_port` takes orders."""
    broker = urlsplit(settings.mqtt_url.get_secret_value())
    config = {
        "broker": {
            "host": broker.hostname,
            "port": broker.port,
            "user": "device",
            "password": settings.mqtt_device_password.get_secret_value(),
        },
        "control_port": control_port,
        "cars": [
            {
                "device_id": motorist.device_id,
                "shard": settled.shards[motorist.device_id],
                "route": motorist.route,
                "seed": seed,
                "script": list(motorist.script),
            }
            for seed, motorist in enumerate(world.motorists, start=1)
            if motorist.route and motorist.has_device
        ],
    }
    return _simulator("cars", "device_sim", ("cars",), config, folder)


def _simulator(
    name: str, module: str, words: tuple[str, ...], config: dict[str, Any], folder: Path
) -> ChildSpec:
    # An outsider is given nothing but its own configuration: none of the backend's secrets.
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, ensure_ascii=False, indent=1), encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    return role(name, module, *words, "--config", str(path), env=env)
