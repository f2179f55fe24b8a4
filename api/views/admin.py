"""Contracts, devices and units, as they are given and shown."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from api.fields import (
    BirthYear,
    ClockTime,
    Email,
    Latitude,
    Longitude,
    Name,
    Phone,
    PolicyId,
    Request,
    ThingId,
    Words,
    examples,
)
from schemas.incident import DispatchKind, DispatchState, Fuel, Language, Reach

_HOLDER_ID: Final = "7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e"
_VEHICLE_ID: Final = "c1f6d0b2-3a44-4f0c-8f57-1a2b3c4d5e6f"
_AT: Final = "2026-10-01T03:00:00Z"
_CONTACT: Final = {"name": "佐藤 花子", "relation": "妻", "number": "+819087654321", "language": "ja"}
_PERSON: Final[dict[str, Any]] = {
    "name": "佐藤 太郎",
    "language": "ja",
    "birth_year": 1974,
    "email": "taro@example.jp",
    "email_agreed_on": "2026-04-01",
    "reach": "voice",
    "reach_consent_at": None,
    "phones": ["+819012345678"],
    "emergency_contacts": [_CONTACT],
}
_CAR: Final = {"plate": "品川 300 あ 12-34", "model": "Prius", "colour": "白", "fuel": "hybrid"}
_TERM: Final = {"valid_from": "2026-04-01", "valid_to": "2027-03-31"}
_UNIT: Final[dict[str, Any]] = {
    "id": "guard-odawara",
    "skills": ["guard"],
    "name": "警備員 小田原5号",
    "provider_id": None,
    "language": "ja",
    "shift_from": "20:00",
    "shift_to": "08:00",
    "lat_deg": 35.255,
    "lon_deg": 139.155,
}
HOLDER: Final[dict[str, Any]] = {"id": _HOLDER_ID, **_PERSON}
VEHICLE: Final[dict[str, Any]] = {"id": _VEHICLE_ID, **_CAR}
_OUTAGE: Final[dict[str, Any]] = {"reason": "車両の点検", "until": "2026-10-01T09:00:00Z"}
UNIT: Final[dict[str, Any]] = {
    **_UNIT,
    "on_shift": True,
    "status": "free",
    "position_at": _AT,
    "base_lat_deg": 35.255,
    "base_lon_deg": 139.155,
    "incident_id": None,
    "dispatch_state": None,
    "out_of_service": None,
}


class ContactRequest(Request):
    """Whom to ring when the driver does not answer."""

    model_config = examples(_CONTACT)

    name: Name
    relation: Words = ""
    number: Phone
    language: Language = Language.JA


class HolderRequest(Request):
    """A policyholder; phones and contacts in the order in which they are rung."""

    model_config = examples(_PERSON)

    name: Name
    language: Language = Language.JA
    birth_year: BirthYear | None = Field(
        default=None, description="For the estimate of injuries after a crash; nobody has to give it."
    )
    email: Email | None = Field(default=None, description="Where reports go; only if they agreed to that.")
    email_agreed_on: date | None = Field(
        default=None, description="When they agreed to reports by e-mail; without it none are sent."
    )
    reach: Reach | None = Field(
        default=Reach.VOICE,
        description="How they want to be reached, by their own word: voice; slow_voice (slower, everything twice); "
        "text (cannot hear or speak: never by voice alone). Never guessed. Null leaves it as it is on record, "
        "for who may not see it.",
    )
    reach_consent_at: AwareDatetime | None = Field(
        default=None,
        description="When they agreed that this need is kept; nothing but voice is kept without it.",
    )
    phones: list[Phone] = Field(default_factory=list[str], max_length=5)
    emergency_contacts: list[ContactRequest] = Field(default_factory=list[ContactRequest], max_length=5)

    @model_validator(mode="after")
    def _each_number_once(self) -> HolderRequest:
        if len(set(self.phones)) < len(self.phones):
            raise ValueError("a phone number stands there twice")
        return self

    @model_validator(mode="after")
    def _need_with_consent(self) -> HolderRequest:
        if self.reach not in (None, Reach.VOICE) and self.reach_consent_at is None:
            raise ValueError(f"reach {self.reach} is kept only with reach_consent_at, when they agreed to it")
        return self


class VehicleRequest(Request):
    """An insured car; within a policy it is known by its plate."""

    model_config = examples(_CAR)

    plate: Name
    model: Words = ""
    colour: Words = ""
    fuel: Fuel | None = Field(default=None, description="For whoever comes to help; nobody has to give it.")


class PolicyRequest(Request):
    """A policy as it shall be."""

    model_config = examples({"id": "P-0001", "holder": _PERSON, **_TERM, "vehicles": [_CAR]})

    id: PolicyId
    holder: HolderRequest
    valid_from: date
    valid_to: date
    vehicles: list[VehicleRequest] = Field(default_factory=list[VehicleRequest], max_length=50)

    @model_validator(mode="after")
    def _consistent(self) -> PolicyRequest:
        if self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be later than valid_from")
        plates = [vehicle.plate for vehicle in self.vehicles]
        if len(set(plates)) < len(plates):
            raise ValueError("two vehicles have the same plate")
        return self


class ContactView(BaseModel):
    """An emergency contact."""

    model_config = examples(_CONTACT)

    name: str
    relation: str
    number: str
    language: Language


class HolderView(BaseModel):
    """A policyholder."""

    model_config = examples(HOLDER)

    id: UUID
    name: str
    language: Language
    birth_year: int | None
    email: str | None
    email_agreed_on: date | None
    reach: Reach | None = Field(description="Null for roles that do not rescue.")
    reach_consent_at: AwareDatetime | None
    phones: list[str]
    emergency_contacts: list[ContactView]


class VehicleView(BaseModel):
    """An insured car."""

    model_config = examples(VEHICLE)

    id: UUID
    plate: str
    model: str
    colour: str
    fuel: Fuel | None


class PolicyView(BaseModel):
    """A policy as it is kept."""

    model_config = examples(
        {"id": "P-0001", "holder_id": _HOLDER_ID, "holder": HOLDER, **_TERM, "vehicles": [VEHICLE]}
    )

    id: str
    holder_id: UUID
    holder: HolderView
    valid_from: date
    valid_to: date
    vehicles: list[VehicleView] = Field(description="By plate.")


class DeviceRequest(Request):
    """A device to let in."""

    model_config = examples({"id": "car-0001", "vehicle_id": _VEHICLE_ID})

    id: ThingId
    vehicle_id: UUID | None = None
    shard: str | None = Field(
        default=None, pattern="^0[0-9a-f]$", description="00 to 0f; chosen by the id if not given."
    )


_DEVICE: Final[dict[str, Any]] = {
    "id": "car-0001",
    "shard": "03",
    "vehicle_id": _VEHICLE_ID,
    "provisioned_at": _AT,
    "revoked_at": None,
    "online": True,
    "heard_at": _AT,
    "firmware": "1.4.2",
    "up": {"button": "cb/v1/03/car-0001/up/button", "impact": "cb/v1/03/car-0001/up/impact"},
    "down": "cb/v1/03/car-0001/down/cmd",
}


class DeviceView(BaseModel):
    """A device, and the topics it speaks on."""

    model_config = examples(_DEVICE)

    id: str
    shard: str
    vehicle_id: UUID | None
    provisioned_at: AwareDatetime
    revoked_at: AwareDatetime | None
    online: bool | None = Field(description="As last heard; null if never.")
    heard_at: AwareDatetime | None
    firmware: str | None
    up: dict[str, str] = Field(description="Topics it publishes on, by kind of message.")
    down: str = Field(description="The topic it receives commands on.")


class DeviceList(BaseModel):
    """Devices by id; the last one's id as `after` gives the next page."""

    model_config = examples({"devices": [_DEVICE]})

    devices: list[DeviceView]


class UnitRequest(Request):
    """A guard or roadside unit, and its base, where it starts from."""

    model_config = examples(_UNIT)

    id: ThingId
    skills: list[DispatchKind] = Field(
        default_factory=list[DispatchKind],
        max_length=7,
        description="What it can do; docs/dispatch.md says for whom.",
    )
    kind: DispatchKind | None = Field(default=None, description="Short for a single skill.")
    name: Name
    provider_id: ThingId | None = None
    language: Language = Language.JA
    shift_from: ClockTime | None = Field(
        default=None, description="In Japan; without, whenever it says it is on shift."
    )
    shift_to: ClockTime | None = None
    lat_deg: Latitude
    lon_deg: Longitude

    @model_validator(mode="after")
    def _whole(self) -> UnitRequest:
        if not self.skills and self.kind is None:
            raise ValueError("skills must name at least one")
        if (self.shift_from is None) != (self.shift_to is None) or (
            self.shift_from is not None and self.shift_from == self.shift_to
        ):
            raise ValueError("a shift has shift_from and shift_to, and they differ")
        return self

    @property
    def able(self) -> list[str]:
        """All its skills, once each, in order."""
        return sorted({*self.skills, *([self.kind] if self.kind else [])})


class OutOfServiceRequest(Request):
    """Why a unit is not asked any more, and until when."""

    model_config = examples(_OUTAGE, {"reason": "車両の故障", "until": None, "replaces": _AT})

    reason: Name = Field(description="For the unit, for colleagues, and for the access log.")
    until: AwareDatetime | None = Field(
        default=None, description="At most a year from now; without, until it is put back."
    )
    replaces: AwareDatetime | None = Field(
        default=None,
        description="`since` of what it takes the place of, where the unit was seen to be out of service already.",
    )


class OutOfServiceView(BaseModel):
    """Why a unit is not asked."""

    model_config = examples({**_OUTAGE, "since": _AT, "taken_by": "kato"})

    since: AwareDatetime
    until: AwareDatetime | None = Field(description="Null: until it is put back.")
    reason: str
    taken_by: str


class UnitView(BaseModel):
    """A unit in the field."""

    model_config = examples(UNIT)

    id: str
    skills: list[DispatchKind]
    name: str
    provider_id: str | None
    language: Language
    on_shift: bool = Field(description="What it says; it is offered work only within its shift, too.")
    shift_from: str | None = Field(description="In Japan.")
    shift_to: str | None
    status: str = Field(description="off_shift, out_of_service, free, asked or working.")
    lat_deg: float
    lon_deg: float
    position_at: AwareDatetime = Field(
        description="Of a position older than ten minutes the base counts, or worse."
    )
    base_lat_deg: float
    base_lon_deg: float
    incident_id: UUID | None = Field(description="What it is asked for, or works on.")
    dispatch_state: DispatchState | None
    out_of_service: OutOfServiceView | None = Field(
        description="Set while it is not asked, also while it finishes the work it has."
    )


class UnitList(BaseModel):
    """Units by id; the last one's id as `after` gives the next page."""

    model_config = examples({"units": [UNIT]})

    units: list[UnitView]


class TokenView(BaseModel):
    """A bearer token: keep it like a password."""

    model_config = examples({"token": "WyJ1bml0IiwiZ3VhcmQtb2Rhd2FyYSJd.gS0nq8xkQm1o5v2m0p3r4t5u6w7"})

    token: str


class UnitAccess(TokenView):
    """A unit's token, and the way by which its phone gets it."""

    model_config = examples(
        {
            "token": "WyJ1bml0IiwiZ3VhcmQtb2Rhd2FyYSJd.gS0nq8xkQm1o5v2m0p3r4t5u6w7",
            "link": "https://button.example.jp/unit#token=WyJ1bml0IiwiZ3VhcmQtb2Rhd2FyYSJd.gS0nq8xkQm1o5v2m0p3",
            "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" width="196" height="196">…</svg>',
        }
    )

    link: str = Field(description="Opened on the unit's phone, the page for units knows it from then on.")
    qr_svg: str = Field(description="The link to be scanned.")


class HealthView(BaseModel):
    """All is well."""

    model_config = examples({"status": "ok"})

    status: Literal["ok"] = "ok"
