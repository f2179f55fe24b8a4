"""The parts of a record: what a dossier tells of an incident, kind by kind.

Words of the vocabulary are kept as they are, also those of later versions.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, field_validator

from api.views.impact import AnalysisView, EvidenceView, ListedImpact
from incident.record import links
from schemas.incident import Language


class IncidentFacts(BaseModel):
    """The incident itself."""

    id: UUID
    trigger: str
    severity: str | None
    phase: str
    answer: str | None
    outcome: str | None
    taken_by: str | None
    occurred_at: AwareDatetime
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    flags: list[str]
    rule: str | None = Field(description="The rule of the escalation plan it stands under.")


class FireFacts(BaseModel):
    """A fire headquarters."""

    name: dict[Language, str]
    number: str
    as_of: date = Field(description="The day the directory's number was known to be right.")


class PlaceOnRecord(BaseModel):
    """Where it was."""

    lat_deg: float
    lon_deg: float
    at: AwareDatetime | None = Field(description="When it was there.")
    words: dict[Language, str] = Field(description="The place in words, where it was found out.")
    road: str | None = Field(description="general, expressway or unknown.")
    fire: list[FireFacts] = Field(
        description="The fire headquarters in charge, by the directory of that day."
    )


class DeviceFacts(BaseModel):
    """The device that spoke."""

    id: str
    firmware: str | None = Field(description="When the incident opened; null where that was not kept.")


class MotionFacts(BaseModel):
    """A message's worth of samples, as the sensor counted them."""

    uptime_ms: int
    rate_hz: float
    samples: int
    scale_mps2: float = Field(description="m/s2 per count.")
    full_scale_g: float
    lowpass_hz: float
    counts_base64: str = Field(description="int16, little-endian: all x, all y, all z, in device axes.")


class FixFacts(BaseModel):
    """Where the car was and how fast, by GPS."""

    uptime_ms: int
    lat_deg: float
    lon_deg: float
    speed_mps: float | None
    heading_deg: float | None


class ImpactFacts(ListedImpact):
    """An impact with its finding and the motion and fixes it was found in."""

    analysis: AnalysisView | None
    evidence: EvidenceView
    uptime_ms: int
    motion: list[MotionFacts]
    fixes: list[FixFacts]


class EventFacts(BaseModel):
    """A line of the incident's record."""

    at: AwareDatetime
    actor: str
    kind: str
    data: dict[str, Any]


class CallFacts(BaseModel):
    """One attempt to ring somebody."""

    id: UUID
    party: str
    attempt: int
    direction: str = Field(description="outbound or inbound.")
    operator: str | None = Field(description="Of a call to the desk, whose telephone it was.")
    number: str | None
    language: str
    state: str
    end_status: str | None
    pressed: str | None
    spoken: str | None = Field(description="What the carrier understood.")
    machine: bool | None = Field(description="The carrier's guess at voicemail: a hint, never an answer.")
    possible_duplicate: bool
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    ringing_at: AwareDatetime | None = Field(description="Null where the carrier did not tell.")
    answered_at: AwareDatetime | None
    ended_at: AwareDatetime | None

    @property
    def rang_s(self) -> float | None:
        """How long it rang."""
        over = self.answered_at or self.ended_at
        return None if over is None or self.ringing_at is None else (over - self.ringing_at).total_seconds()

    @property
    def talked_s(self) -> float | None:
        """How long it was answered."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.answered_at).total_seconds()


class MessageFacts(BaseModel):
    """A text to somebody."""

    id: UUID
    channel: str
    party: str
    template: str
    language: str
    number: str | None
    email: str | None
    subject: str
    body: str
    state: str
    code: str | None = Field(
        description="Why it failed, in the carrier's, mail server's or push service's code."
    )
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None

    @field_validator("body")
    @classmethod
    def _without_token(cls, body: str) -> str:
        """A copy goes from hand to hand: whoever reads it must not answer for the person it was sent to."""
        return links.without_token(body)


class ChatFacts(BaseModel):
    """What somebody and the operators wrote to each other."""

    id: UUID
    party: str = Field(description="Whose conversation with the operators it is.")
    operator: str | None = Field(description="Who wrote it; null: the person themselves.")
    at: AwareDatetime
    text: str


class OfferFacts(BaseModel):
    """Somebody who was asked to go, and what became of it."""

    asked: str = Field(description="A unit, or @ and the provider whose control centre was asked.")
    state: str
    distance_km: float | None
    arrival_s: float | None = Field(description="How soon it was expected to arrive when it was asked.")
    offered_at: AwareDatetime
    answered_at: AwareDatetime | None
    reason: str


class CheckFacts(BaseModel):
    """An item of the checklist on the scene."""

    item: str
    state: str
    note: str
    at: AwareDatetime
    by: str


class PhotoFacts(BaseModel):
    """A photo of the scene, which is kept beside the record."""

    id: UUID
    at: AwareDatetime
    by: str
    sha256: str


class DispatchFacts(BaseModel):
    """A unit that was sought, and what it did when."""

    id: UUID
    kind: str
    state: str
    unit_id: str | None
    unit_name: str | None
    provider_id: str | None
    crew: str | None = Field(description="What a provider's control centre calls who comes.")
    sent_by: str | None = Field(description="The operator; null where the plan or the driver did.")
    eta_at: AwareDatetime | None
    requested_at: AwareDatetime
    offered_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    en_route_at: AwareDatetime | None
    on_scene_at: AwareDatetime | None
    secured_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    report: str
    unchecked_reason: str | None = Field(
        description="Why the scene counts as secured although not all was seen to."
    )
    offers: list[OfferFacts]
    checks: list[CheckFacts]
    photos: list[PhotoFacts]
    searches: list[dict[str, Any]] = Field(
        description="Each time somebody was looked for, and why others were not."
    )


class PlanFacts(BaseModel):
    """The escalation plan it was handled by."""

    version: int
    sha256: str
    activated_at: AwareDatetime
