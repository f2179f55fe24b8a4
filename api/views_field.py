"""What units in the field and drivers see and say: no more than each needs."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import Latitude, Longitude, Prose, Request, examples
from api.views_admin import UNIT, UnitView
from schemas.impact import Severity
from schemas.incident import Answer, DispatchKind, DispatchState, Phase

_AT: Final = "2026-10-01T03:00:00Z"
_ETA: Final = "2026-10-01T03:18:00Z"
_ID: Final = "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11"
_CAR: Final = {"plate": "品川 300 あ 12-34", "model": "Prius", "colour": "白"}
_SCENE: Final[dict[str, Any]] = {
    "id": _ID,
    "severity": "severe",
    "occurred_at": _AT,
    "lat_deg": 35.2324,
    "lon_deg": 139.1069,
    "vehicle": _CAR,
}
_DISPATCH: Final[dict[str, Any]] = {
    "id": "5d1f4e2c-1f0a-4c52-8c0e-2b9a2f3c7a10",
    "kind": "guard",
    "state": "offered",
    "offer_expires_at": "2026-10-01T03:01:30Z",
    "eta_at": None,
    "incident": _SCENE,
}
_DRIVER: Final[dict[str, Any]] = {
    "id": _ID,
    "phase": "helping",
    "severity": "severe",
    "occurred_at": _AT,
    "answer": "help",
    "help": {"kind": "guard", "state": "en_route", "unit_name": "警備員 小田原5号", "eta_at": _ETA},
    "messages": [
        {
            "at": _AT,
            "template": "help_accepted",
            "body": "警備員 小田原5号が向かっています。到着の見込みは12:18ごろです。",
        }
    ],
}


class CarView(BaseModel):
    """How to know the car."""

    model_config = examples(_CAR)

    plate: str
    model: str
    colour: str


class SceneView(BaseModel):
    """Where to go, and to what."""

    model_config = examples(_SCENE)

    id: UUID
    severity: Severity | None
    occurred_at: AwareDatetime
    lat_deg: float | None
    lon_deg: float | None
    vehicle: CarView | None


class UnitDispatchView(BaseModel):
    """The work a unit was offered or does."""

    model_config = examples(_DISPATCH)

    id: UUID
    kind: DispatchKind
    state: DispatchState
    offer_expires_at: AwareDatetime | None = Field(description="While offered: until when to answer.")
    eta_at: AwareDatetime | None
    incident: SceneView


class UnitSituation(BaseModel):
    """A unit and its work."""

    model_config = examples({"unit": UNIT, "dispatch": _DISPATCH})

    unit: UnitView
    dispatch: UnitDispatchView | None


class PositionRequest(Request):
    """Where a unit is, and whether it takes work."""

    model_config = examples({"lat_deg": 35.255, "lon_deg": 139.155, "on_shift": True})

    lat_deg: Latitude
    lon_deg: Longitude
    on_shift: bool


class AcceptRequest(Request):
    """How long the way will take."""

    model_config = examples({"eta_s": 900})

    eta_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, description="Seconds from now.")]


class CompleteRequest(Request):
    """What was found and done."""

    model_config = examples({"report": "けが人なし。車両を路肩に移動し、三角表示板を設置。"})

    report: Prose


class HelpView(BaseModel):
    """Help that is being arranged or comes; a unit is named once it has accepted."""

    model_config = examples(_DRIVER["help"])

    kind: DispatchKind
    state: DispatchState
    unit_name: str | None
    eta_at: AwareDatetime | None


class DriverMessage(BaseModel):
    """A message to the driver."""

    model_config = examples(_DRIVER["messages"][0])

    at: AwareDatetime
    template: str
    body: str


class DriverIncidentView(BaseModel):
    """The driver's own incident."""

    model_config = examples(_DRIVER)

    id: UUID
    phase: Phase
    severity: Severity | None
    occurred_at: AwareDatetime
    answer: Answer | None
    help: HelpView | None
    messages: list[DriverMessage]


class DriverSituation(BaseModel):
    """The open incident of a driver, if there is one."""

    model_config = examples({"incident": _DRIVER}, {"incident": None})

    incident: DriverIncidentView | None
