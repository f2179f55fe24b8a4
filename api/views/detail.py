"""One incident with everything that belongs to it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import BothLanguages, examples
from api.views.admin import HOLDER, VEHICLE, HolderView, VehicleView
from api.views.event import EVENT, EventView
from api.views.impact import IMPACT, ImpactView
from api.views.incident import AT, INCIDENT, DispatchBrief, IncidentCore, NextStep
from incident.dispatch.checklist import Check, Item
from incident.dispatch.ranking import Reason
from schemas.incident import AmbulanceState, CallParty, Language, Reach, RoadKind, Trigger

_ID: Final = "5d1f4e2c-1f0a-4c52-8c0e-2b9a2f3c7a10"
_CALL: Final[dict[str, Any]] = {
    "id": _ID,
    "party": "driver",
    "attempt": 1,
    "number": "+819012345678",
    "language": "ja",
    "state": "ended",
    "end_status": "no-answer",
    "pressed": None,
    "possible_duplicate": False,
    "created_at": AT,
    "sent_at": AT,
    "answered_at": None,
    "ended_at": "2026-10-01T03:00:16Z",
}
_MESSAGE: Final[dict[str, Any]] = {
    "id": _ID,
    "party": "driver",
    "channel": "push",
    "template": "severe",
    "language": "ja",
    "number": None,
    "email": None,
    "subject": "",
    "body": "強い衝撃を検知しました。すぐにお電話します。",
    "state": "sent",
    "code": None,
    "created_at": AT,
    "sent_at": AT,
    "delivered_at": None,
}
_OFFER: Final[dict[str, Any]] = {
    "asked": "guard-odawara",
    "state": "accepted",
    "offered_at": AT,
    "answered_at": AT,
    "reason": "",
}
_EXPECTED: Final[dict[str, Any]] = {
    "unit": "guard-odawara",
    "arrival_s": 840,
    "distance_km": 5.1,
    "by": "estimate",
}
_PASSED_OVER: Final[dict[str, Any]] = {
    "unit": "guard-hakone",
    "reason": "busy",
    "arrival_s": 260,
    "distance_km": 0.9,
}
_SEARCH: Final[dict[str, Any]] = {"at": AT, "asked": [_EXPECTED], "passed_over": [_PASSED_OVER]}
_CHECKED: Final[dict[str, Any]] = {
    "item": "people_safe",
    "state": "done",
    "note": "運転者は歩道に避難済み。",
    "at": AT,
    "by": "guard-odawara",
}
_DISPATCH: Final[dict[str, Any]] = {
    "id": _ID,
    "kind": "guard",
    "state": "en_route",
    "unit_id": "guard-odawara",
    "unit_name": "警備員 小田原5号",
    "eta_at": "2026-10-01T03:18:00Z",
    "requested_at": AT,
    "offered_at": AT,
    "accepted_at": AT,
    "en_route_at": AT,
    "on_scene_at": None,
    "secured_at": None,
    "ended_at": None,
    "report": "",
    "provider_id": None,
    "sent_by": None,
    "offers": [_OFFER],
    "searches": [_SEARCH],
    "checklist": [_CHECKED],
    "photos": [{"id": _ID, "at": AT, "by": "guard-odawara", "bytes": 182_044}],
    "summary": {
        "ja": "警備員 小田原5号: 12:01 受諾、12:15 到着。",
        "en": "警備員 小田原5号: accepted 12:01, on scene 12:15.",
    },
}
_PRESS: Final[dict[str, Any]] = {
    "id": _ID,
    "at": AT,
    "received_at": AT,
    "kind": "long_press",
    "held_ms": 3200,
    "late": False,
    "defects": [],
    "lat_deg": None,
    "lon_deg": None,
}
_NOTE: Final[dict[str, Any]] = {
    "id": _ID,
    "at": AT,
    "author": "sato",
    "text": "同乗者が首の痛みを訴えている。119番に連絡済み。",
}
STANDING: Final[dict[str, Any]] = {
    "place": {"ja": "神奈川県箱根町湯本", "en": "Yumoto, Hakone, Kanagawa"},
    "road": "general",
    "ambulance": None,
    "waiting": [],
    "on_line": None,
}
_CONTRACT: Final[dict[str, Any]] = {
    "policy_id": "P-0001",
    "valid_from": "2026-04-01",
    "valid_to": "2027-03-31",
    "holder": HOLDER,
    "vehicle": VEHICLE,
}


class CallView(BaseModel):
    """One attempt to ring somebody."""

    model_config = examples(_CALL)

    id: UUID
    party: CallParty
    attempt: int
    number: str
    language: Language
    state: str = Field(description="waiting, sending, unknown, placed, ringing, answered, or ended.")
    end_status: str | None = Field(description="The carrier's word for how it ended.")
    pressed: str | None = Field(description="The key that was pressed last.")
    possible_duplicate: bool = Field(description="Sent again after a request whose answer was not heard.")
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    answered_at: AwareDatetime | None
    ended_at: AwareDatetime | None


class MessageView(BaseModel):
    """A push message, SMS or mail."""

    model_config = examples(_MESSAGE)

    id: UUID
    party: CallParty = Field(description="Whom it is for: driver or contact.")
    channel: str = Field(description="push, sms or mail.")
    template: str
    language: Language
    number: str | None
    email: str | None
    subject: str
    body: str
    state: str = Field(description="waiting, sent, delivered, read, failed, or unknown.")
    code: str | None = Field(description="Why it failed, in the other side's code or a word of ours.")
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None


class OfferView(BaseModel):
    """Somebody who was asked, and what became of it."""

    model_config = examples(_OFFER)

    asked: str = Field(description="A unit, or @ and a provider whose control centre was asked.")
    state: str = Field(
        description="open, accepted, declined, expired, taken (by another), withdrawn, stood_down or completed."
    )
    offered_at: AwareDatetime
    answered_at: AwareDatetime | None
    reason: str


class ExpectedView(BaseModel):
    """Somebody who was asked: in how many seconds they were expected, and how that was known."""

    model_config = examples(_EXPECTED)

    unit: str
    arrival_s: float
    distance_km: float
    by: str = Field(description="estimate, router, or promise (of a control centre).")


class PassedOverView(BaseModel):
    """Somebody who was not asked, and why."""

    model_config = examples(_PASSED_OVER)

    unit: str
    reason: Reason
    arrival_s: float
    distance_km: float


class SearchView(BaseModel):
    """One look for somebody to send."""

    model_config = examples(_SEARCH)

    at: AwareDatetime
    asked: list[ExpectedView]
    passed_over: list[PassedOverView] = Field(description="The thirty nearest.")


class CheckedView(BaseModel):
    """What became of an item of the checklist on the scene."""

    model_config = examples(_CHECKED)

    item: Item
    state: Check
    note: str
    at: AwareDatetime
    by: str


class KeptPhotoView(BaseModel):
    """A photo from the scene; GET /v1/photos/{id} gives it."""

    model_config = examples(_DISPATCH["photos"][0])

    id: UUID
    at: AwareDatetime
    by: str
    bytes: int


class DispatchView(DispatchBrief):
    """A dispatch with its history."""

    model_config = examples(_DISPATCH)

    id: UUID
    unit_name: str | None
    requested_at: AwareDatetime
    offered_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    en_route_at: AwareDatetime | None
    on_scene_at: AwareDatetime | None
    secured_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    report: str
    provider_id: str | None
    sent_by: str | None = Field(description="The operator who sent it; null when the plan or the driver did.")
    offers: list[OfferView]
    searches: list[SearchView] = Field(description="Each time somebody was looked for; the last twenty.")
    checklist: list[CheckedView]
    photos: list[KeptPhotoView]
    summary: BothLanguages = Field(description="What was done, for whoever takes over.")


class PressView(BaseModel):
    """A press of the button."""

    model_config = examples(_PRESS)

    id: UUID
    at: AwareDatetime
    received_at: AwareDatetime
    kind: Trigger
    held_ms: int
    late: bool
    defects: list[str]
    lat_deg: float | None
    lon_deg: float | None


class NoteView(BaseModel):
    """What an operator wrote."""

    model_config = examples(_NOTE)

    id: UUID
    at: AwareDatetime
    author: str
    text: str


class ContractView(BaseModel):
    """Whose car it is, and whom to ring."""

    model_config = examples(_CONTRACT)

    policy_id: str
    valid_from: date
    valid_to: date
    holder: HolderView
    vehicle: VehicleView | None


class IncidentDetail(IncidentCore):
    """Everything an operator needs of one incident; of what has no end the newest 500."""

    model_config = examples(
        {
            **INCIDENT,
            **STANDING,
            "place_hint": {"ja": "番地は分かりません。", "en": "The house number is not known."},
            "reach": "voice",
            "ahead": [INCIDENT["next"]],
            "dispatches": [_DISPATCH],
            "events": [EVENT],
            "calls": [_CALL],
            "messages": [_MESSAGE],
            "impacts": [IMPACT],
            "presses": [_PRESS],
            "notes": [_NOTE],
            "contract": _CONTRACT,
        }
    )

    place: BothLanguages | None = Field(description="Where it is in words; null without a position.")
    place_hint: BothLanguages | None = Field(description="What is uncertain about it, and what to ask for.")
    road: RoadKind
    reach: Reach | None = Field(
        description="How the driver is reached, by their own stated preference; null for roles that do not rescue."
    )
    ambulance: AmbulanceState | None
    waiting: list[CallParty] = Field(description="Those on a line who wait for a person.")
    on_line: str | None = Field(description="The operator who talks on its line now.")
    ahead: list[NextStep] = Field(description="All that happens by itself, the next first.")
    dispatches: list[DispatchView]
    events: list[EventView]
    calls: list[CallView]
    messages: list[MessageView]
    impacts: list[ImpactView]
    presses: list[PressView]
    notes: list[NoteView]
    contract: ContractView | None
