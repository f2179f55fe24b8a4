"""What people and cars in a story do, each through the door that is open to them in public."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from cli.story.story import Data, Request

_TRIES_FOR_S: Final = 20.0
_PAUSE_S: Final = 0.2
_CRASH_EVENT: Final = "7d9f3a52-8a57-4c7e-9f5e-0a4a4a3c1b11"
_CRASH_PLACE: Final = {"lat_deg": 35.2323, "lon_deg": 139.1069}


class ActError(RuntimeError):
    """What was to be done could not be done: it was refused, or nobody was there to take it."""


def car(do: str, *, device: str = "", **more: Any) -> Request:
    """Something happens to a car or its device: an item of its script."""
    return Request("car", "do", {"do": do, **more}, who=device)


def press(kind: str, *, device: str = "") -> Request:
    """Somebody presses the button: short or long."""
    return car("press", device=device, kind=kind)


def crash(delta_v_kmh: float, *, device: str = "", **more: Any) -> Request:
    """The car is struck."""
    pulse: Data = {"pdof_deg": 330, "shape": "barrier", "duration_ms": 120}
    return Request("car", "do", {"do": "crash", "delta_v_kmh": delta_v_kmh, **pulse, **more}, device)


def operator(what: str, body: Data | None = None, *, by: str = "", **more: Any) -> Request:
    """An operator does something about the incident: take, answer, close, call, ambulance, dispatches."""
    return Request("operator", f"/v1/incidents/{{incident}}/{what}", body, who=by, **more)


def out_of_service(unit_id: str, reason: str) -> Request:
    """Whoever runs the shift takes a unit out of service."""
    return Request("supervisor", f"/v1/units/{unit_id}/out_of_service", {"reason": reason}, method="PUT")


def sign_in(by: str) -> Request:
    """An operator comes to the desk; the telephone is known already."""
    return Request("operator", "/v1/desk/sign_in", {}, who=by)


def app(answer: str) -> Request:
    """The driver answers in the app."""
    return Request("driver", "/v1/driver/incidents/{incident}/answer", {"answer": answer})


def app_crash() -> Request:
    """The driver's phone has felt a crash, and its app passes that on; the same event each time."""
    event = {"event_id": _CRASH_EVENT, "at": "{now}", "source": "safetykit", "place": _CRASH_PLACE}
    return Request("driver", "/v1/driver/crash", event)


def carrier(what: str, **body: Any) -> Request:
    """Somebody rings us, writes to us, or the carrier is away: /_sim/inbound, inbound_sms, down."""
    return Request("carrier", f"/_sim/{what}", body)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where each kind of party finds the system, and their passwords by name.

    `cars` is the fleet's control, `car` the story's own. `operators` has their tokens, the first is whoever
    is not named; `supervisor` is the token of who runs the shift.
    """

    api: str
    cars: str
    carrier: str
    car: str
    driver: str
    phone: str
    our_number: str
    operators: Mapping[str, str]
    supervisor: str


class Actor:
    """Carries requests out; one per story. What nobody takes is tried again for a while, as people do."""

    def __init__(self, doors: Doors, http: httpx.Client) -> None:
        self._doors, self._http = doors, http

    def do(self, request: Request, incident_id: str | None) -> None:
        """Make a request. Raises ActError."""
        if "{incident}" in request.path and incident_id is None:
            raise ActError(f"{request.words}: there is no incident yet")
        give_up_at = time.monotonic() + _TRIES_FOR_S
        while True:
            try:
                answer = self._send(request, incident_id or "")
            except httpx.TransportError as error:
                if time.monotonic() > give_up_at:
                    raise ActError(f"{request.words}: {type(error).__name__}: {error}") from None
            else:
                if answer.status_code == request.status or (answer.is_success and not request.status):
                    return
                if answer.status_code < 500 or time.monotonic() > give_up_at:
                    raise ActError(f"{request.words}: HTTP {answer.status_code}: {answer.text[:200]}")
            time.sleep(_PAUSE_S)

    def _send(self, request: Request, incident_id: str) -> httpx.Response:
        doors, token, url = self._doors, "", self._doors.api
        match request.whom:
            case "car":
                url = f"{doors.cars}/devices/{request.who or doors.car}/"
            case "carrier":
                url = doors.carrier
            case "driver":
                token = doors.driver
            case "supervisor":
                token = doors.supervisor
            case "operator":
                token = doors.operators[request.who or next(iter(doors.operators))]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        path = request.path.format(incident=incident_id)
        return self._http.request(request.method, url + path, json=self._body(request), headers=headers)

    def _body(self, request: Request) -> Data | None:
        """Numbers and moments that only the stage knows are filled in."""
        if request.body is None:
            return None
        known = {"{driver}": self._doors.phone, "{us}": self._doors.our_number, "{now}": _now_iso()}
        return {key: known.get(value, value) if isinstance(value, str) else value
                for key, value in request.body.items()}  # fmt: skip


def _now_iso() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
