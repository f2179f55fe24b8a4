"""Control of a running fleet over HTTP on 127.0.0.1: look at devices, let things happen to them.

GET /devices -> {"devices": [summary]}; GET /devices/{id} -> all that is known of one;
POST /devices/{id}/do with an action (an item of a script; without `at_s`: at once) -> 202.
Errors are problem JSON (RFC 9457).
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from device_sim.cars.config import Action
from device_sim.cars.device import Device
from device_sim.cars.fleet import Fleet
from device_sim.device.journal import Journal
from device_sim.process import iso

_ACTION: Final[TypeAdapter[Any]] = TypeAdapter(Action)
_ANSWER_WITHIN_S: Final = 10.0
_LONGEST_BODY: Final = 65536


def summary(device: Device, now_s: float) -> dict[str, Any]:
    """A device in short."""
    fix = device.last_fix
    position = None if fix is None else {
        "lat_deg": fix.lat_deg,
        "lon_deg": fix.lon_deg,
        "speed_kmh": round(fix.speed_mps * 3.6, 1),
        "heading_deg": round(fix.heading_deg, 1),
        "at": iso(device.unix_s(fix.uptime_ms)),
    }  # fmt: skip
    return {
        "device_id": device.config.device_id,
        "shard": device.config.shard,
        "route": device.config.route,
        "connected": device.core.online,
        "shown": device.core.display.shown,
        "light": device.core.display.light,
        "tone": device.core.display.tone,
        "position": position,
        "uptime_ms": round((now_s - device.boot_s) * 1000.0),
        "unacknowledged": device.core.unacknowledged,
        "published": device.core.published,
    }


def detail(device: Device, now_s: float) -> dict[str, Any]:
    """All that is known of a device; `at` is true time, whatever its own clock says."""
    route = device.journey.car.route
    return {
        **summary(device, now_s),
        "boot_id": str(device.core.boot_id),
        "booted_at": iso(device.boot_unix_s),
        "clock": device.config.clock,
        "rate_hz": device.core.rate_hz,
        "route_name_ja": route.name_ja,
        "route_name_en": route.name_en,
        "events": _entries(device, device.events),
        "journal": _entries(device, device.core.journal),
    }


def _entries(device: Device, journal: Journal) -> list[dict[str, Any]]:
    return [
        {
            "number": entry.number,
            "at": iso(device.unix_s(entry.uptime_ms)),
            "uptime_ms": round(entry.uptime_ms, 3),
            "kind": entry.kind,
            **entry.data,
        }
        for entry in journal.entries
    ]


class _Problem(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """One request; the fleet is the server's."""

    protocol_version = "HTTP/1.1"
    fleet: Fleet

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Say nothing: standard output belongs to the events."""

    def _get(self) -> tuple[int, dict[str, Any]]:
        match self.path.strip("/").split("/"):
            case ["devices"]:
                devices = self.fleet.devices.values()
                return 200, self._in_loop(
                    lambda: {"devices": [summary(each, time.monotonic()) for each in devices]}
                )
            case ["devices", device_id]:
                device = self._device(device_id)
                return 200, self._in_loop(lambda: detail(device, time.monotonic()))
            case _:
                raise _Problem(404, "there are GET /devices, GET /devices/{id}, POST /devices/{id}/do")

    def _post(self) -> tuple[int, dict[str, Any]]:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LONGEST_BODY))
        match self.path.strip("/").split("/"):
            case ["devices", device_id, "do"]:
                device = self._device(device_id)
                try:
                    action = _ACTION.validate_json(body)
                except ValidationError as error:
                    reasons = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
                    raise _Problem(422, "; ".join(reasons)) from error
                at_s = self._in_loop(lambda: device.perform(action, time.monotonic()))
                return 202, {
                    "do": action.do,
                    "uptime_ms": round(at_s * 1000.0),
                    "at": iso(device.unix_s(at_s * 1000.0)),
                }
            case _:
                raise _Problem(404, "there is POST /devices/{id}/do")

    def _device(self, device_id: str) -> Device:
        if device_id not in self.fleet.devices:
            raise _Problem(404, f"no device {device_id!r} in this fleet")
        return self.fleet.devices[device_id]

    def _in_loop(self, function: Any) -> Any:
        try:
            return self.fleet.loop.call(function).result(_ANSWER_WITHIN_S)
        except TimeoutError as error:
            raise _Problem(503, "the fleet does not answer") from error

    def _answer(self, handle: Any) -> None:
        try:
            status, body = handle()
            kind = "application/json"
        except _Problem as problem:
            status, kind = problem.status, "application/problem+json"
            body = {
                "type": "about:blank",
                "title": self.responses[status][0],
                "status": status,
                "detail": str(problem),
            }
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class ControlServer:
    """Serves a fleet's control from a thread of its own. Raises OSError when the port is taken."""

    def __init__(self, fleet: Fleet, port: int) -> None:
        handler = type("Handler", (_Handler,), {"fleet": fleet})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_address[1]

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
