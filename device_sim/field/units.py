"""Guards and tow crews: they take offers, drive, secure, report and go home, all through the HTTP unit API.

The API's view is the only truth: what a unit does follows from the dispatch as it was read a
moment ago, so an API that was down, or a refusal because of a stale view, needs no repair. The
units run in the process of `device_sim.field`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from device_sim.field.api import Api, ApiDown, keep_turning
from device_sim.field.habits import (
    CHECKLIST,
    OPEN_STATES,
    Action,
    Habits,
    Leg,
    Place,
    Progress,
    Temperament,
    drive_s,
    due_action,
    eta_s,
    leg,
)
from device_sim.process import tell

POLL_S: Final = 0.5
"""By any clock: a dozen units that look more often keep the API busier than all the incidents of a story."""
REPORT_POSITION_S: Final = 3.0
SHORTEST_REPORT_S: Final = 0.5
REPORTS: Final = {
    "guard": "現場に到着し、後続車への警告と安全確保を行いました。けが人はなく、警察に引き継ぎました。",
    "roadside": "車両を積載し、提携工場へ搬送しました。お客様はご無事です。",
}

NOT_NEEDED: Final = ("ambulance", "towing")
"""Items of the checklist that no simulated scene needs."""

StopAfter = Literal["accepted", "en_route", "on_scene", "secured"]


class UnitConfig(BaseModel):
    """One unit. Times are simulated seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    token: str = Field(min_length=1, description="From POST /v1/units/{id}/token.")
    lat_deg: float = Field(ge=-90, le=90, description="The base it starts from and returns to.")
    lon_deg: float = Field(ge=-180, le=180)
    temperament: Temperament = Temperament.ACCEPTS
    speed_kmh: float = Field(default=40.0, gt=0)
    reaction_s: float = Field(default=5.0, ge=0)
    depart_s: float = Field(default=5.0, ge=0)
    secure_s: float = Field(default=60.0, ge=0)
    report_s: float = Field(default=30.0, ge=0)

    def habits(self) -> Habits:
        """As the decisions take it."""
        return Habits(
            self.temperament, self.speed_kmh, self.reaction_s, self.depart_s, self.secure_s, self.report_s
        )


@dataclass(frozen=True)
class Dispatch:
    """The unit's dispatch as the API shows it."""

    id: str
    kind: str
    state: str
    incident_id: str
    place: Place | None
    checked: frozenset[str] = frozenset()
    reminder: str | None = None


def dispatch_of(view: dict[str, Any]) -> Dispatch | None:
    """The open dispatch in an answer of GET /v1/unit; None for none or one that is over.

    Raises:
        ApiDown: the answer is not as agreed.
    """
    found: Any = view.get("dispatch")
    if found is None:
        return None
    try:
        if found["state"] not in OPEN_STATES:
            return None
        incident = found["incident"]
        lat_deg, lon_deg = incident["lat_deg"], incident["lon_deg"]
        place = None if lat_deg is None or lon_deg is None else Place(float(lat_deg), float(lon_deg))
        checked = frozenset(str(check["item"]) for check in found["checklist"])
        head = (str(found["id"]), str(found["kind"]), found["state"], str(incident["id"]))
        return Dispatch(*head, place, checked, found["reminder"])
    except (KeyError, TypeError, ValueError) as error:
        raise ApiDown(f"GET /v1/unit answered with something else: {error!r}") from None


class Unit:
    """One unit at work."""

    def __init__(
        self, config: UnitConfig, api: Api, time_scale: float, stop_after: StopAfter | None = None
    ) -> None:
        self._config = config
        self._habits = config.habits()
        self._api = api
        self._time_scale = time_scale
        self._stop_after = stop_after
        self._base = Place(config.lat_deg, config.lon_deg)
        self._position = self._base
        self._known_position = False
        self._reported: Place | None = None
        self._reported_at = 0.0
        self._dispatch: Dispatch | None = None
        self._state_since = 0.0
        self._leg: Leg | None = None
        self._arrives_at = 0.0
        self._told_anew = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        await keep_turning(self._turn, stop, POLL_S, self._tell)

    async def _turn(self, now: float) -> None:
        view = await self._api.get("/v1/unit")
        self._take_up(view, now)
        dispatch = self._dispatch
        if dispatch is not None and dispatch.state != self._stop_after:
            progress = Progress(
                dispatch.state,
                now - self._state_since,
                self._arrives_at - now,
                told_anew=self._told_anew == dispatch.id,
                checked=sum(item in dispatch.checked for item in CHECKLIST),
            )
            action = due_action(progress, self._habits, self._time_scale)
            if action is not None:
                await self._act(dispatch, action, now)
            elif dispatch.reminder == "confirm_safe":
                await self._api.send("POST", f"/v1/unit/dispatches/{dispatch.id}/i_am_safe", {})
                self._tell("said_i_am_safe", incident_id=dispatch.incident_id)
        # Last, so that position reports which fail never keep a step from being taken.
        await self._report_position(now)

    def _take_up(self, view: dict[str, Any], now: float) -> None:
        """Compare what the API says with what we knew, and set off or turn round where that asks for it."""
        dispatch = dispatch_of(view)
        if not self._known_position:
            # A restart in the middle of a dispatch goes on from where the API last saw us.
            self._position = _place_of(view.get("unit")) or self._base if dispatch else self._base
            self._known_position = True
        known = self._dispatch
        self._position = self._leg.position(now) if self._leg else self._position
        if dispatch is None:
            if known is not None:
                self._tell("dispatch_over", incident_id=known.incident_id, was=known.state)
            self._go_home(now)
        elif known is None or (known.id, known.state) != (dispatch.id, dispatch.state):
            self._state_since = now
            self._tell(dispatch.state, incident_id=dispatch.incident_id, dispatch_id=dispatch.id)
            if dispatch.state == "en_route":
                self._set_off(dispatch.place, now)
        elif dispatch.state == "en_route" and dispatch.place != known.place:
            self._set_off(dispatch.place, now)
        self._dispatch = dispatch

    def _set_off(self, goal: Place | None, now: float) -> None:
        drive = drive_s(self._position, goal, self._habits.real_speed_kmh)
        self._arrives_at = now + drive * self._time_scale
        self._leg = None if goal is None else self._leg_to(goal, now)

    def _go_home(self, now: float) -> None:
        if self._position == self._base:
            if self._leg is not None:
                self._leg = None
                self._tell("returned")
        elif self._leg is None or self._leg.goal != self._base:
            self._leg = self._leg_to(self._base, now)

    def _leg_to(self, goal: Place, now: float) -> Leg:
        return leg(self._position, goal, now, self._habits.real_speed_kmh, self._time_scale)

    async def _report_position(self, now: float) -> None:
        pause_s = max(SHORTEST_REPORT_S, REPORT_POSITION_S * self._time_scale)
        if self._reported == self._position or (self._reported and now - self._reported_at < pause_s):
            return
        position = self._position
        await self._api.send("PUT", "/v1/unit/position", position._asdict() | {"on_shift": True})
        self._reported, self._reported_at = position, now

    async def _act(self, dispatch: Dispatch, action: Action, now: float) -> None:
        body: dict[str, object] = {}
        method, path = "POST", f"/v1/unit/dispatches/{dispatch.id}/{action}"
        if action == "accept":
            body["eta_s"] = eta_s(self._position, dispatch.place, self._habits, self._time_scale)
        elif action == "eta":
            body["eta_s"] = max(1, ceil(self._arrives_at - now))
        elif action == "check":
            item = next(item for item in CHECKLIST if item not in dispatch.checked)
            method, path = "PUT", f"/v1/unit/dispatches/{dispatch.id}/checklist/{item}"
            body["state"] = "not_needed" if item in NOT_NEEDED else "done"
        elif action == "complete":
            body["report"] = REPORTS.get(dispatch.kind, REPORTS["guard"])
        await self._api.send(method, path, body)
        if action == "eta":
            self._told_anew = dispatch.id
        self._tell(f"said_{action}", incident_id=dispatch.incident_id, **body)

    def _tell(self, event: str, **data: object) -> None:
        tell(event, unit=self._config.id, **data)


def _place_of(unit: object) -> Place | None:
    match unit:
        case {"lat_deg": float() | int() as lat_deg, "lon_deg": float() | int() as lon_deg}:
            return Place(lat_deg, lon_deg)
        case _:
            return None
