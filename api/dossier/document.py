"""What a dossier holds, and how its digest is made. Pure.

`record` is what is on record of the incident: the same as long as nothing is added to it, whoever asks and
when. Everything around it says who made this copy, repeats the record in words, and who looked at it.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field

from api import veil
from api.dossier.events import told
from api.dossier.facts import (
    CallFacts,
    ChatFacts,
    DeviceFacts,
    DispatchFacts,
    EventFacts,
    ImpactFacts,
    IncidentFacts,
    MessageFacts,
    PlaceOnRecord,
    PlanFacts,
)
from api.fields import examples
from api.views.detail import ContractView, NoteView, PressView
from api.views.incident import AT, INCIDENT
from schemas.incident import Language

FORMAT: Final = "cbutton-dossier-1"
_ID: Final[str] = INCIDENT["id"]
_EXAMPLE: Final[dict[str, Any]] = {
    "format": FORMAT,
    "masked": False,
    "needs": True,
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
        "chat": [],
        "dispatches": [],
        "notes": [],
        "plan": {"version": 1, "sha256": "…", "activated_at": AT},
        "left_out": {},
    },
}


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
    chat: list[ChatFacts]
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
        """The same for readers outside: the last four digits of numbers, no year of birth, no e-mail address."""
        copy = self.model_copy(deep=True)
        for each in [*copy.calls, *copy.messages]:
            each.number = _mask(each.number)
        for each in copy.messages:
            each.email = None
        if copy.contract is not None:
            holder = copy.contract.holder
            holder.birth_year = None
            holder.phones = [_mask(number) or "" for number in holder.phones]
            for contact in holder.emergency_contacts:
                contact.number = _mask(contact.number) or ""
        return copy

    def without_needs(self) -> Self:
        """The same without injury estimates and special needs."""
        contract = self.contract
        if contract is not None:
            contract = contract.model_copy(update={"holder": veil.without_need(contract.holder)})
        return self.model_copy(
            update={
                "contract": contract,
                "impacts": [veil.without_injury(each) for each in self.impacts],
                "events": [veil.without_reach(each) for each in self.events],
            }
        )

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
    needs: bool = Field(
        description="Whether injury estimates and special needs are told; not to roles that do not rescue."
    )
    generated: Generated
    record: Record
    timeline: list[TimelineEntry] = Field(description="`record.events` in words.")
    look_ups: list[LookUp]

    def json_bytes(self) -> bytes:
        """The dossier as JSON text, UTF-8."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def of(
        cls, record: Record, generated: Generated, look_ups: list[LookUp], *, masked: bool, needs: bool = True
    ) -> Self:
        """A copy of a record."""
        return cls(
            format=FORMAT,
            masked=masked,
            needs=needs,
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
