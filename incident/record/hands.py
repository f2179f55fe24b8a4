"""One incident within one transaction at one moment: what carrying out an effect needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from incident import wording
from incident.escalation.effects import Note
from incident.plan.tables import Languages
from incident.record.ledger import Ledger
from incident.wording import Facts
from runtime.sql import Queries
from schemas.impact import Position
from schemas.incident import DispatchKind, Reach, Trigger

SQL = Queries("incident.record")


@dataclass(frozen=True, slots=True)
class Insurer:
    """The insurer's name in both languages, and the address under which its pages are reached."""

    ja: str
    en: str
    url: str


@dataclass(frozen=True, slots=True)
class Hands:
    """Writes rows about one incident, under its lock."""

    conn: Ledger
    at: datetime
    insurer: Insurer
    incident_id: UUID
    device_id: str | None
    holder_id: UUID | None
    position: Position | None
    languages: Languages
    """In which languages the incident's plan has people spoken to."""

    def write(self, notes: Iterable[Note], actor: str) -> None:
        """Append to the incident's record."""
        for note in notes:
            self.conn.add(
                "insert_events",
                {
                    "incident_id": self.incident_id,
                    "at": self.at,
                    "actor": actor,
                    "kind": note.kind,
                    "data": note.data,
                },
            )

    def note(self, kind: str, **data: str | float | bool | None) -> None:
        """Append a line of the system's own to the record."""
        self.write([Note(kind, dict(data))], "system")

    def queue(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        row_id: UUID | None = None,
        priority: int,
        lifetime: timedelta | None = None,
    ) -> None:
        """Put an effect into the outbox."""
        self.conn.add(
            "insert_effects",
            {
                "id": row_id or uuid4(),
                "incident_id": self.incident_id,
                "kind": kind,
                "device_id": self.device_id if kind == "command" else None,
                "payload": payload,
                "priority": priority,
                "due_at": self.at,
                "expires_at": self.at + lifetime if lifetime else None,
            },
        )

    def facts(self, dispatch: DispatchKind | None = None) -> Facts:
        """What the words about the incident are filled with; who comes is of that dispatch, or the latest."""
        row: dict[str, Any] = (
            self.conn.look(SQL["facts_of_incident"], {"incident_id": self.incident_id}).fetchone() or {}
        )
        key = {"incident_id": self.incident_id, "kind": dispatch}
        coming = self.conn.look(SQL["coming_unit"], key).fetchone()
        return Facts(
            insurer_ja=self.insurer.ja,
            insurer_en=self.insurer.en,
            name=row.get("name") or "",
            car=" ".join(part for part in (row.get("colour"), row.get("model"), row.get("plate")) if part),
            time=wording.clock_time(row["occurred_at"]) if row else "",
            trigger=Trigger(row["trigger"]) if row else None,
            in_writing=row.get("reach") == Reach.TEXT,
            unit=coming["unit"] if coming else "",
            # A time that has passed is no news of when they will come.
            eta=wording.clock_time(coming["eta_at"])
            if coming and coming["eta_at"] and coming["eta_at"] >= self.at
            else "",
        )
