"""What a dossier holds, and how its digest is made. Pure.

`record` is what is on record of the incident: the same as long as nothing is added to it, whoever asks and
when. Everything around it says who made this copy, repeats the record in words, and who looked at it.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.dossier.events import told
from api.fields import examples
from api.views import AT, INCIDENT
from api.views_detail import ContractView, NoteView, PressView
from api.views_impact import AnalysisView, EvidenceView, ListedImpact
from schemas.incident import Language

FORMAT: Final = "cbutton-dossier-1"
_ID: Final[str] = INCIDENT["id"]
_EXAMPLE: Final[dict[str, Any]] = {
    "format": FORMAT,
    "masked": False,
    "digest": "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069",
    "generated": {"at": AT, "by": "operator:sato", "reason": "incident work", "software": "0.1.0"},
    "timeline": [
        {"at": AT, "since_s": 0.4, "ja": "案件を開始: 車載装置が検知した衝撃", "en": "Incident opened"}
    ],
    "look_ups": [
        {
            "at": AT,
            "actor": "operator:sato",
            "action": "incident.read",
            "object": _ID,
            "reason": "incident work",
        }
    ],
    "record": {
        "incident": {
            "id": _ID,
            "trigger": "impact",
            "severity": "severe",
            "phase": "closed",
            "answer": None,
            "outcome": "accident",
            "taken_by": "sato",
            "occurred_at": AT,
            "opened_at": AT,
            "closed_at": "2026-10-01T04:10:00Z",
            "flags": [],
            "rule": "severe",
        },
        "place": None,
        "contract": None,
        "device": None,
        "impacts": [],
        "presses": [],
        "events": [
            {
                "at": AT,
                "actor": "device",
                "kind": "opened",
                "data": {"trigger": "impact", "severity": "severe"},
            }
        ],
        "calls": [],
        "messages": [],
        "dispatches": [],
        "notes": [],
        "plan": {"version": 1, "sha256": "…", "activated_at": AT},
        "left_out": {},
    },
}


class IncidentFacts(BaseModel):
    """The incident itself. Words of the vocabulary are kept as they are, also those of later versions."""

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


class PlaceOnRecord(BaseModel):
    """Where it was."""

    lat_deg: float
    lon_deg: float
    at: AwareDatetime | None = Field(description="When it was there.")
    words: dict[Language, str] = Field(description="The place in words, where it was found out.")
    road: str | None = Field(description="general, expressway or unknown.")
    fire: dict[Language, str] = Field(description="The fire headquarters in charge, where it was found out.")


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
    template: str
    language: str
    number: str | None
    body: str
    state: str
    created_at: AwareDatetime
    sent_at: AwareDatetime | None


class DispatchFacts(BaseModel):
    """A unit that was sought, and what it did when."""

    id: UUID
    kind: str
    state: str
    unit_id: str | None
    unit_name: str | None
    tried: list[str]
    eta_at: AwareDatetime | None
    requested_at: AwareDatetime
    offered_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    en_route_at: AwareDatetime | None
    on_scene_at: AwareDatetime | None
    secured_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    report: str


class PlanFacts(BaseModel):
    """The escalation plan it was handled by."""

    version: int
    sha256: str
    activated_at: AwareDatetime


class Record(BaseModel):
    """All that is on record of one incident."""

    incident: IncidentFacts
    place: PlaceOnRecord | None
    contract: ContractView | None
    device: DeviceFacts | None
    impacts: list[ImpactFacts]
    presses: list[PressView]
    events: list[EventFacts]
    calls: list[CallFacts]
    messages: list[MessageFacts]
    dispatches: list[DispatchFacts]
    notes: list[NoteView]
    plan: PlanFacts
    left_out: dict[str, int] = Field(
        description="How many there are beyond what is told, by kind; a button that is stuck presses for ever."
    )

    def digest(self) -> str:
        """SHA-256 of the record as JSON with sorted keys, no spaces, UTF-8: 64 hexadecimal digits."""
        told_once = json.loads(self.model_dump_json())
        text = json.dumps(
            told_once, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
        return sha256(text.encode()).hexdigest()

    def masked(self) -> Self:
        """The same for readers outside: of telephone numbers the last four digits, and no year of birth."""
        copy = self.model_copy(deep=True)
        for each in [*copy.calls, *copy.messages]:
            each.number = _mask(each.number)
        if copy.contract is not None:
            holder = copy.contract.holder
            holder.birth_year = None
            holder.phones = [_mask(number) or "" for number in holder.phones]
            for contact in holder.emergency_contacts:
                contact.number = _mask(contact.number) or ""
        return copy

    def since_s(self, at: datetime) -> float:
        """Seconds from what happened to a moment."""
        return (at - self.incident.occurred_at).total_seconds()


class Generated(BaseModel):
    """Who had this copy made, and why."""

    at: AwareDatetime
    by: str
    reason: str
    software: str = Field(description="The version of this software.")


class TimelineEntry(BaseModel):
    """A line of the record in words."""

    at: AwareDatetime
    since_s: float = Field(description="Seconds since what happened.")
    ja: str
    en: str


class LookUp(BaseModel):
    """Who looked at the incident or one of its impacts, and why."""

    at: AwareDatetime
    actor: str
    action: str
    object: str
    reason: str


class Dossier(BaseModel):
    """One incident with all that is on record of it."""

    model_config = examples(_EXAMPLE)

    format: Literal["cbutton-dossier-1"]
    digest: str = Field(
        description="SHA-256 of `record` as JSON with sorted keys, without spaces, in UTF-8. "
        "It stands at the foot of each page of the PDF."
    )
    masked: bool = Field(description="Whether of telephone numbers the last four digits are told only.")
    generated: Generated
    record: Record
    timeline: list[TimelineEntry] = Field(description="`record.events` in words.")
    look_ups: list[LookUp]

    def json_bytes(self) -> bytes:
        """The dossier as JSON text, UTF-8."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def of(cls, record: Record, generated: Generated, look_ups: list[LookUp], *, masked: bool) -> Self:
        """A copy of a record."""
        return cls(
            format=FORMAT,
            masked=masked,
            digest=record.digest(),
            generated=generated,
            record=record,
            timeline=[
                TimelineEntry(
                    at=event.at,
                    since_s=round(record.since_s(event.at), 3),
                    ja=told(event.kind, event.data, Language.JA),
                    en=told(event.kind, event.data, Language.EN),
                )
                for event in record.events
            ],
            look_ups=look_ups,
        )


def _mask(number: str | None) -> str | None:
    return number and "*" * max(0, len(number) - 4) + number[-4:]
