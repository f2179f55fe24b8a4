"""Providers: as they are administered, and the work their control centres see."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, Field, model_validator

from api.fields import Latitude, Longitude, Name, Request, ThingId, Words, examples
from api.views.field import DISPATCH, UnitDispatchView
from schemas.incident import DispatchKind

_PROVIDER: Final[dict[str, Any]] = {
    "id": "guard-company",
    "name": "見守り警備",
    "mode": "centre",
    "active": True,
    "url": "https://centre.example.jp/offers",
    "skills": ["guard"],
    "lat_deg": 35.44,
    "lon_deg": 139.64,
    "radius_km": 60.0,
    "arrival_s": 1500.0,
}


class ProviderRequest(Request):
    """Who sends units: each asked by itself (units), or its control centre for all of them (centre)."""

    model_config = examples(_PROVIDER, {"id": "tow-company", "name": "レッカー組合", "mode": "units"})

    id: ThingId
    name: Name
    mode: Literal["units", "centre"]
    active: bool = True
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+\S*$",
        max_length=500,
        description="Where offers are posted.",
    )
    skills: list[DispatchKind] = Field(default_factory=list[DispatchKind], max_length=7)
    lat_deg: Latitude | None = Field(default=None, description="The middle of its area.")
    lon_deg: Longitude | None = None
    radius_km: float | None = Field(default=None, gt=0, le=1000, allow_inf_nan=False)
    arrival_s: float | None = Field(
        default=None,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description="How soon it undertakes to be anywhere in its area.",
    )

    @model_validator(mode="after")
    def _whole(self) -> ProviderRequest:
        needed = (self.url, self.lat_deg, self.lon_deg, self.radius_km, self.arrival_s)
        if self.mode == "centre" and (None in needed or not self.skills):
            raise ValueError("a centre has url, skills, lat_deg, lon_deg, radius_km and arrival_s")
        return self


class ProviderView(BaseModel):
    """A provider."""

    model_config = examples(_PROVIDER)

    id: str
    name: str
    mode: str
    active: bool
    url: str | None
    skills: list[DispatchKind]
    lat_deg: float | None
    lon_deg: float | None
    radius_km: float | None
    arrival_s: float | None


class ProviderList(BaseModel):
    """Providers by id."""

    model_config = examples({"providers": [_PROVIDER]})

    providers: list[ProviderView]


class ProviderAccess(BaseModel):
    """What a control centre needs: keep both like passwords. The secret made before is void."""

    model_config = examples({"token": "WyJwcm92aWRlciIsImFsc29rIl0.c2lnbmF0dXJl", "secret": "p0Hq3w…"})

    token: str = Field(description="Bearer token for the calls it makes.")
    secret: str = Field(description="Verifies X-Cbutton-Signature of what is posted to it.")


class ProviderWork(BaseModel):
    """What a control centre was offered, or does."""

    model_config = examples({"dispatches": [DISPATCH]})

    dispatches: list[UnitDispatchView]


class ProviderAcceptRequest(Request):
    """Who comes, and how long it will take."""

    model_config = examples({"eta_s": 1200, "crew": "横浜12号車"})

    eta_s: float | None = Field(
        default=None, ge=0, le=86_400, allow_inf_nan=False, description="Seconds from now."
    )
    crew: Words = Field(
        default="", description="What the driver is told comes; without, the provider's name."
    )
