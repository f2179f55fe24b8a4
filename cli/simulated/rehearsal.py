"""A stack to work at by hand: everybody in its world is there, and nothing happens until it is told to."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from cli.simulated import processes, world
from cli.simulated.world import World
from cli.story.bursts import Crowd, burst
from runtime.settings import Settings
from runtime.stack import OPERATOR, Stack
from schemas.wire.device_pb2 import Impact

_ROUTE: Final = "hakone-old-tokaido"
_CRASH: Final = {"do": "crash", "pdof_deg": 330, "shape": "barrier", "duration_ms": 120}


@dataclass
class Rehearsal:
    """The stack, at real pace unless `changes` of the settings say otherwise.

    folder: where its state lies; otherwise a temporary one. Raises what Stack and world.provision raise.
    """

    world: World
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    folder: Path | None = None
    passwords: dict[str, str] = field(default_factory=dict[str, str])

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            folder = self.folder or Path(
                opening.enter_context(
                    tempfile.TemporaryDirectory(prefix="cb-rehearsal-", ignore_cleanup_errors=True)
                )
            )
            folder.chmod(0o755)
            token = secrets.token_hex(16)
            # Never a configured server, nor the ports of a stack that runs.
            settings = Settings.unconfigured(
                state_dir=folder, operator_tokens={OPERATOR: SecretStr(token)}, **self.changes
            )
            roles = processes.with_carrier(self.world)
            self.stack = opening.enter_context(
                Stack(settings, roles=roles, simulate_carrier=True, fast_unsafe=True)
            )
            self.settings = self.stack.settings
            self.stack.start()
            self._settle()
            self.http = opening.enter_context(
                httpx.Client(
                    base_url=self.settings.api_url,
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=10.0,
                    trust_env=False,
                )
            )
            self._crowd = self._devices()
            opening.callback(self._crowd.close)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def address(self) -> str:
        """Of the pages and the API."""
        return self.settings.api_url

    def strike(self, device_id: str, delta_v_kmh: float = 48.0) -> float:
        """The car is struck and its device tells of it; the Unix time at which the first message left."""
        impact = self._burst(delta_v_kmh)
        at_s = time.time()
        self._crowd.strike(device_id, impact)
        return at_s

    def press(self, device_id: str) -> None:
        """Its button is pressed for a moment."""
        self._crowd.press(device_id)

    def kill(self, name: str) -> None:
        """End a process with SIGKILL; the stack starts it again."""
        for child in self.stack.status():
            if child.name == name and child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    def open_incidents(self) -> list[dict[str, Any]]:
        """As the queue tells of them. Raises httpx.HTTPError."""
        return self.http.get("/v1/queue").raise_for_status().json()["incidents"]

    def close_all(self) -> None:
        """Close what is open, as a mistake. Raises httpx.HTTPError."""
        for incident in self.open_incidents():
            closed = self.http.post(f"/v1/incidents/{incident['id']}/close", json={"outcome": "mistake"})
            if closed.status_code != HTTPStatus.CONFLICT:
                closed.raise_for_status()

    def _settle(self) -> None:
        settings = self.settings
        admin_token = settings.admin_token.get_secret_value()
        self._settled = world.provision(self.world, settings.api_url, admin_token)
        self.passwords = {one.name: secrets.token_urlsafe(16) for one in self.world.staff}
        world.employ(self.world, settings.api_url, admin_token, self.passwords)
        if not self.world.units:
            return
        beside = self.stack.state.folder / processes.FOLDER
        self.stack.run_beside(processes.field(settings, self.world, self._settled, beside, apps=False))

    def _devices(self) -> Crowd:
        broker = urlsplit(self.settings.mqtt_url.get_secret_value())
        password = self.settings.mqtt_device_password.get_secret_value()
        self._bursts: dict[float, tuple[Impact, ...]] = {}
        return Crowd(broker.hostname or "", broker.port or 1883, password, self._settled.shards)

    def _burst(self, delta_v_kmh: float) -> tuple[Impact, ...]:
        if delta_v_kmh not in self._bursts:
            self._bursts[delta_v_kmh] = burst({**_CRASH, "delta_v_kmh": delta_v_kmh}, _ROUTE)
        return self._bursts[delta_v_kmh]
