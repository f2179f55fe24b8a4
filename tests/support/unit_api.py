"""The unit and driver part of the HTTP contract, strict and small: what it refuses, the real API refuses too."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NEXT = {
    ("offered", "accept"): "accepted",
    ("offered", "decline"): "declined",
    ("accepted", "en_route"): "en_route",
    ("en_route", "on_scene"): "on_scene",
    ("on_scene", "secured"): "secured",
    ("secured", "complete"): "completed",
}
FIRST = {"people_safe", "triangle_and_hazard_lights", "secondary_accident_prevention"}
OPEN = {"offered", "accepted", "en_route", "on_scene", "secured"}
INCIDENT: dict[str, Any] = {
    "id": "8a1d7c1e-0000-4000-8000-000000000001",
    "severity": "severe",
    "occurred_at": "2026-10-01T03:00:00Z",
    "lat_deg": 35.70,
    "lon_deg": 139.75,
    "vehicle": {"plate": "品川 300 あ 12-34", "model": "Prius", "colour": "白"},
}


@dataclass
class UnitApi:
    """One unit (token `unit`) with at most one dispatch, and one driver (token `driver`)."""

    port: int = 0
    state: str = ""
    unit: dict[str, Any] = field(
        default_factory=lambda: {"id": "guard-1", "lat_deg": 35.67, "lon_deg": 139.75}
    )
    driver_incident: dict[str, Any] | None = None
    steps: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    positions: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    answers: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    checks: dict[str, str] = field(default_factory=dict[str, str])
    reminder: str | None = None
    lose_answers: bool = False
    looks: int = 0
    """How often the driver's app looked."""
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked: dict[str, Any] = json.loads(body or b"{}")
                token = self.headers.get("Authorization", "")
                status, value = api.handle(self.command, self.path, token, asked)
                if api.lose_answers and self.command != "GET":
                    self.close_connection = True
                    return
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self._any()

            def do_POST(self) -> None:
                self._any()

            def do_PUT(self) -> None:
                self._any()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, method: str, path: str, token: str, asked: dict[str, Any]) -> tuple[int, Any]:
        match method, path.split("/")[2:], token:
            case "GET", ["unit"], "Bearer unit":
                return 200, {"unit": self.unit, "dispatch": self._dispatch()}
            case "PUT", ["unit", "position"], "Bearer unit":
                assert asked["on_shift"] is True
                self.unit |= {"lat_deg": asked["lat_deg"], "lon_deg": asked["lon_deg"]}
                self.positions.append((asked["lat_deg"], asked["lon_deg"]))
                return 200, self.unit
            case "PUT", ["unit", "dispatches", "d1", "checklist", item], "Bearer unit":
                if self.state not in ("on_scene", "secured") or asked["state"] not in ("done", "not_needed"):
                    self.refused.append(f"{self.state} {item}")
                    return 409, {"status": 409, "detail": f"the dispatch is {self.state}"}
                self.checks[item] = asked["state"]
                return 200, {"unit": self.unit, "dispatch": self._dispatch()}
            case "POST", ["unit", "dispatches", "d1", "eta" | "i_am_safe" as news], "Bearer unit":
                self.reminder = None
                self.steps.append((news, asked))
                return 200, {"unit": self.unit, "dispatch": self._dispatch()}
            case "POST", ["unit", "dispatches", "d1", action], "Bearer unit":
                if action == "secured" and not set(self.checks) >= FIRST:
                    self.refused.append("secured with the checklist open")
                    return 409, {"status": 409, "detail": "not seen to yet"}
                following = NEXT.get((self.state, action))
                if following is None:
                    self.refused.append(f"{self.state} {action}")
                    return 409, {"status": 409, "detail": f"the dispatch is {self.state}"}
                self.state = following
                self.steps.append((action, asked))
                return 200, {"unit": self.unit, "dispatch": self._dispatch()}
            case "GET", ["driver", "incident"], "Bearer driver":
                self.looks += 1
                return 200, {"incident": self.driver_incident}
            case "POST", ["driver", "incidents", id_, "answer"], "Bearer driver":
                assert self.driver_incident is not None
                assert id_ == self.driver_incident["id"]
                self.answers.append(asked["answer"])
                self.driver_incident["answer"] = asked["answer"]
                return 200, {}
            case _:
                return 401, {"status": 401, "detail": "unknown token"}

    def _dispatch(self) -> dict[str, Any] | None:
        if self.state not in OPEN:
            return None
        return {
            "id": "d1",
            "kind": "guard",
            "state": self.state,
            "offer_expires_at": None,
            "eta_at": None,
            "checklist": [{"item": item, "state": state} for item, state in self.checks.items()],
            "reminder": self.reminder,
            "incident": INCIDENT,
        }
