"""What units in the field and drivers see and say: no more than each needs."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import Latitude, Longitude, Prose, Request, Words, examples
from api.views.admin import UNIT, UnitView
from incident.dispatch.checklist import Check, Item
from schemas.impact import Severity
from schemas.incident import Answer, DispatchKind, DispatchState, Fuel, Phase, RoadKind

_AT: Final = "2026-10-01T03:00:00Z"
_ETA: Final = "2026-10-01T03:18:00Z"
_ID: Final = "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11"
_CAR: Final = {"plate": "品川 300 あ 12-34", "model": "Prius", "colour": "白", "fuel": "hybrid"}
_SCENE: Final[dict[str, Any]] = {
    "id": _ID,
    "severity": "severe",
    "occurred_at": _AT,
    "lat_deg": 35.2324,
    "lon_deg": 139.1069,
    "place": "神奈川県箱根町付近",
    "road": "general",
    "heading_deg": 45.0,
    "approach": "車は直前まで北東へ走っていました。左側通行のため、北東行きの車線側です。"
    "南西側から同じ向きに入り、車の後方に付けてください。",
    "dangers": "ハイブリッド車。高電圧の車です。オレンジ色の配線に触れず、煙や異音があれば離れてください。",
    "vehicle": _CAR,
}
_CHECK: Final = {"item": "people_safe", "state": "done", "note": "運転者は歩道に避難済み。", "at": _AT}
DISPATCH: Final[dict[str, Any]] = {
    "id": "5d1f4e2c-1f0a-4c52-8c0e-2b9a2f3c7a10",
    "offer_id": "77cf1a80-4f52-45a1-9a8a-5a2f6b8d3c01",
    "kind": "guard",
    "state": "offered",
    "offer_expires_at": "2026-10-01T03:01:30Z",
    "eta_at": None,
    "text": "依頼: 現場の安全確保\n場所: 神奈川県箱根町付近(座標 35.23240, 139.10690)",
    "reminder": None,
    "reminder_at": None,
    "checklist": [_CHECK],
    "incident": _SCENE,
}
_DRIVER: Final[dict[str, Any]] = {
    "id": _ID,
    "phase": "helping",
    "severity": "severe",
    "occurred_at": _AT,
    "answer": "help",
    "choices": ["fine", "help", "ambulance", "operator"],
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
    fuel: Fuel | None


class SceneView(BaseModel):
    """Where to go, and to what."""

    model_config = examples(_SCENE)

    id: UUID
    severity: Severity | None
    occurred_at: AwareDatetime
    lat_deg: float | None
    lon_deg: float | None
    place: str | None = Field(description="In words, in the unit's language.")
    road: RoadKind
    heading_deg: float | None = Field(description="Which way the car drove last, clockwise from north.")
    approach: str | None = Field(description="From which side to come, where that is known.")
    dangers: str = Field(description="What to beware of in the car itself.")
    vehicle: CarView | None


class CheckView(BaseModel):
    """What became of an item of the checklist."""

    model_config = examples(_CHECK)

    item: Item
    state: Check
    note: str
    at: AwareDatetime


class CheckRequest(Request):
    """What became of an item."""

    model_config = examples({"state": "done", "note": "運転者は歩道に避難済み。"})

    state: Check
    note: Annotated[str, Field(max_length=1000)] = ""


class UnitDispatchView(BaseModel):
    """The work a unit was offered or does."""

    model_config = examples(DISPATCH)

    id: UUID
    offer_id: UUID = Field(description="Of this offer of it: the same however often it is told.")
    kind: DispatchKind
    state: DispatchState = Field(description="offered, as long as whoever looks may answer.")
    offer_expires_at: AwareDatetime | None = Field(description="While offered: until when to answer.")
    eta_at: AwareDatetime | None
    text: str = Field(description="All of it in words, in the unit's language.")
    reminder: str | None = Field(description="What is owed: depart, or confirm_safe.")
    reminder_at: AwareDatetime | None
    checklist: list[CheckView]
    incident: SceneView


class UnitSituation(BaseModel):
    """A unit and its work."""

    model_config = examples({"unit": UNIT, "dispatch": DISPATCH})

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


class DeclineRequest(Request):
    """Why not."""

    model_config = examples({"reason": "他の現場に向かっています。"})

    reason: Words = ""


class SecureRequest(Request):
    """The scene is secured; with a reason also while some of the first items are open."""

    model_config = examples({}, {"reason": "現場に車が見当たりません。"})

    reason: Words = ""


class PhotoView(BaseModel):
    """A photo that was kept."""

    model_config = examples({"id": "c0c7d3f6-3c5e-4d8e-8a57-9f4b1d2e3a40"})

    id: UUID


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
    choices: list[Answer] = Field(
        description="What to choose from: after a short press what happened, where help is for a breakdown."
    )
    help: HelpView | None
    messages: list[DriverMessage]


class DriverSituation(BaseModel):
    """The open incident of a driver, if there is one."""

    model_config = examples({"incident": _DRIVER}, {"incident": None})

    incident: DriverIncidentView | None
