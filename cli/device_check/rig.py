"""Hands for the simulated device: what a person would do to a real one, done to device_sim.

It gets the same orders as a test rig behind `--json`, and is an example of one.
"""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx

from cli.device_check.director import Order
from runtime.settings import PREFIX
from runtime.stack import role
from runtime.state import free_port
from runtime.supervisor import ChildFailed, Supervisor

DEVICE_ID: Final = "simulated-1"
_SHARD: Final = "00"
_ROUTE: Final = "matsumoto-town"
_STOP_WITHIN_S: Final = 15.0
_START_WITHIN_S: Final = 20.0
# A blow that leaves the car able to drive.
_BLOW: Final = {"do": "crash", "delta_v_kmh": 10.0, "duration_ms": 80.0}


class RigError(RuntimeError):
    """The simulated device does not do as it is told; the message says why."""


class SimulatedRig:
    """One simulated device as a child of `supervisor`; `folder` takes its configuration."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self._folder = folder
        self._supervisor = supervisor
        self._starts = 0
        self._control = ""
        self._broker: dict[str, Any] = {}

    def do(self, order: Order) -> None:
        """Carry out an order. Raises RigError."""
        match order["do"]:
            case "power_on" | "be_there":
                self._broker = {name: order[name] for name in ("host", "port", "user", "password")}
                self._switch_off()
                self._switch_on(clock="gps")
            case "restart_without_time":
                self._switch_off()
                self._switch_on(clock="none")
            case "lay_still":
                self._act({"do": "stop"})
            case "open_sky":
                pass  # it always has one
            case "press_short":
                self._act({"do": "press", "kind": "short"})
            case "press_long":
                self._act({"do": "press", "kind": "long"})
            case "strike":
                self._act(_BLOW)
            case "cut_connection":
                self._act({"do": "offline", "for_s": order["for_s"]})
            case other:
                raise RigError(f"the simulated device cannot {other}")

    def _switch_on(self, *, clock: str) -> None:
        port = free_port()
        car = {"device_id": DEVICE_ID, "shard": _SHARD, "route": _ROUTE, "seed": 1, "clock": clock}
        path = self._folder / "device.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"broker": self._broker, "control_port": port, "cars": [car]}))
        self._starts += 1
        env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        spec = role(self._name, "device_sim", "cars", "--config", str(path), env=env)
        # Switched off, it stays off.
        self._supervisor.start(replace(spec, restart=False))
        try:
            self._supervisor.wait_ready(self._name, timeout_s=_START_WITHIN_S)
        except ChildFailed as error:
            raise RigError(str(error)) from error
        self._control = f"http://127.0.0.1:{port}/devices/{DEVICE_ID}/do"

    def _switch_off(self) -> None:
        if not self._starts:
            return
        self._supervisor.signal(self._name, signal.SIGTERM)
        deadline_s = time.monotonic() + _STOP_WITHIN_S
        while any(child.name == self._name and child.pid for child in self._supervisor.status()):
            if time.monotonic() > deadline_s:
                raise RigError("the simulated device does not end")
            time.sleep(0.05)

    @property
    def _name(self) -> str:
        return f"device-{self._starts}"

    def _act(self, action: dict[str, Any]) -> None:
        try:
            answer = httpx.post(self._control, json=action, timeout=10.0, trust_env=False)
        except httpx.HTTPError as error:
            raise RigError(f"the simulated device does not answer: {error}") from error
        if not answer.is_success:
            raise RigError(f"the simulated device refuses {action['do']}: {answer.text}")
