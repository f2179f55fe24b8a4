"""Carrying out effects inside the transaction: timers, outbox rows, offers to units.

Applying an effect may itself make something happen (a unit was found, a number is
missing): those events are returned, and decided upon before the commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from incident import wording
from incident.dispatch import FreeUnit, nearest
from incident.effects import (
    CancelCalls,
    CheckCall,
    ClearTimers,
    Effect,
    Message,
    Note,
    OfferNext,
    PlaceCall,
    SetTimer,
    ShowLight,
    StandDown,
)
from incident.events import CallEnded, DispatchMoved, Event
from incident.state import Light, State
from incident.wording import Facts
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position
from schemas.incident import CallParty, DispatchKind, DispatchState, Language

SQL = Queries("incident")

# A light that says "help is coming" must never come on late: older ones are ignored.
_LIGHT_LIFETIME: Final = timedelta(seconds=120)
_RECEIPT_LIFETIME: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Insurer:
    """The insurer's name in both languages."""

    ja: str
    en: str


def queue_receipt(conn: Connection, device_id: str, boot_id: int, sequence: int, incident_id: UUID) -> None:
    """Tell the device that a press was recorded; each time it asks, by a command of its own.

    A command that expired stays expired for the device, whoever sends it again.
    `boot_id` is the signed 64-bit form in which boots are stored.
    """
    receipt = {
        "boot_id": str(boot_id % 2**64),
        "sequence": sequence,
        "incident_id": str(incident_id),
    }
    conn.execute(
        SQL["queue_receipt"],
        {
            "id": uuid4(),
            "incident_id": incident_id,
            "device_id": device_id,
            "payload": Jsonb({"receipt": receipt}),
            "lifetime": _RECEIPT_LIFETIME,
        },
    )


@dataclass(frozen=True, slots=True)
class Applier:
    """Turns the effects of one incident into rows, within one transaction at one moment."""

    conn: Connection
    at: datetime
    insurer: Insurer
    incident_id: UUID
    device_id: str | None
    holder_id: UUID | None
    position: Position | None

    def write(self, notes: Iterable[Note], actor: str) -> None:
        """Append to the incident's record."""
        for note in notes:
            self.conn.execute(
                SQL["insert_event"],
                {
                    "incident_id": self.incident_id,
                    "at": self.at,
                    "actor": actor,
                    "kind": note.kind,
                    "data": Jsonb(note.data),
                },
            )

    def apply(self, state: State, effect: Effect) -> list[Event]:
        """Carry one effect out; what happened by it."""
        match effect:
            case SetTimer(name, due_at):
                self.conn.execute(
                    SQL["set_timer"],
                    {
                        "incident_id": self.incident_id,
                        "name": name,
                        "generation": state.generation,
                        "due_at": due_at,
                    },
                )
            case ClearTimers(prefix):
                self.conn.execute(SQL["clear_timers"], {"incident_id": self.incident_id, "prefix": prefix})
            case PlaceCall(party, attempt, ring_s):
                return self._place_call(party, attempt, ring_s)
            case CheckCall(party, attempt):
                self._check_call(party, attempt)
            case CancelCalls():
                return self._cancel_calls()
            case Message(channel, template):
                self._message(channel, template)
            case OfferNext(kind, expired_unit):
                return self._offer(kind, expired_unit)
            case StandDown(kind):
                return self._stand_down(kind)
            case ShowLight(light):
                self._show(light)
            case _:
                raise TypeError(f"no way to carry out {effect}")
        return []

    def show_again(self, state: State) -> None:
        """Repeat the light that fits the present state, for a device that was away."""
        self._show(state.light)

    def facts(self) -> Facts:
        """What the words about an incident are filled with."""
        row: dict[str, Any] = (
            self.conn.execute(SQL["facts_of_incident"], {"incident_id": self.incident_id}).fetchone() or {}
        )
        coming = self.conn.execute(SQL["coming_unit"], {"incident_id": self.incident_id}).fetchone()
        return Facts(
            insurer_ja=self.insurer.ja,
            insurer_en=self.insurer.en,
            name=row.get("name") or "",
            car=" ".join(part for part in (row.get("colour"), row.get("model"), row.get("plate")) if part),
            time=wording.clock_time(row["occurred_at"]) if row else "",
            unit=coming["unit"] if coming else "",
            eta=wording.clock_time(coming["eta_at"]) if coming and coming["eta_at"] else "",
        )

    def _place_call(self, party: CallParty, attempt: int, ring_s: float) -> list[Event]:
        query = "driver_phone" if party is CallParty.DRIVER else "contact_phone"
        phone = self.conn.execute(SQL[query], {"holder_id": self.holder_id}).fetchone()
        if phone is None:
            return [CallEnded(self.at, party, attempt, "no_number")]
        call_id = uuid4()
        self.conn.execute(
            SQL["insert_call"],
            {
                "id": call_id,
                "incident_id": self.incident_id,
                "party": party,
                "attempt": attempt,
                "number": phone["number"],
                "language": phone["language"],
            },
        )
        self._queue("call", {"ring_s": ring_s}, row_id=call_id, priority=1)
        self.write([Note("call_queued", {"party": party, "attempt": attempt})], "system")
        return []

    def _check_call(self, party: CallParty, attempt: int) -> None:
        call = self.conn.execute(
            SQL["call_by_attempt"], {"incident_id": self.incident_id, "party": party, "attempt": attempt}
        ).fetchone()
        if call is not None:
            self._queue("check_call", {"call_id": str(call["id"])}, priority=2)

    def _cancel_calls(self) -> list[Event]:
        withdrawn = self.conn.execute(
            SQL["withdraw_waiting_calls"], {"incident_id": self.incident_id, "at": self.at}
        ).fetchall()
        for call in self.conn.execute(SQL["calls_to_cancel"], {"incident_id": self.incident_id}).fetchall():
            self._queue("cancel_call", {"call_id": str(call["id"])}, priority=1)
        return [CallEnded(self.at, CallParty(row["party"]), row["attempt"], "withdrawn") for row in withdrawn]

    def _message(self, channel: str, template: str) -> None:
        holder = self.conn.execute(SQL["facts_of_incident"], {"incident_id": self.incident_id}).fetchone()
        phone = self.conn.execute(SQL["driver_phone"], {"holder_id": self.holder_id}).fetchone()
        if channel == "sms" and phone is None:
            self.write([Note("effect_failed", {"what": "sms", "reason": "no_number"})], "system")
            return
        language = Language(holder["language"]) if holder and holder["language"] else Language.JA
        message_id = uuid4()
        self.conn.execute(
            SQL["insert_message"],
            {
                "id": message_id,
                "incident_id": self.incident_id,
                "channel": channel,
                "template": template,
                "language": language,
                "number": phone["number"] if phone and channel == "sms" else None,
                "body": wording.text(channel, template, self.facts(), language),
            },
        )
        self._queue(channel, {}, row_id=message_id, priority=3)
        self.write([Note(f"{channel}_queued", {"template": template})], "system")

    def _offer(self, kind: DispatchKind, expired_unit: str | None) -> list[Event]:
        key = {"incident_id": self.incident_id, "kind": kind, "at": self.at}
        dispatch = self.conn.execute(SQL["dispatch_for_update"], key).fetchone()
        if expired_unit is not None:
            if dispatch is None or dispatch["state"] != "offered" or dispatch["unit_id"] != expired_unit:
                return []
            self.conn.execute(SQL["reopen_dispatch"], {"id": dispatch["id"]})
            return [DispatchMoved(self.at, kind, DispatchState.OFFER_EXPIRED, expired_unit)]
        if dispatch is None:
            dispatch = self.conn.execute(SQL["insert_dispatch"], key).fetchone()
        if dispatch is None or dispatch["state"] != "requested":
            return []
        unit = self._nearest_free(kind, dispatch["tried"])
        if unit is None:
            self.conn.execute(SQL["end_dispatch"], {"id": dispatch["id"], "state": "failed", "at": self.at})
            return [DispatchMoved(self.at, kind, DispatchState.FAILED)]
        self.conn.execute(SQL["offer_dispatch"], {"id": dispatch["id"], "unit_id": unit.id, "at": self.at})
        return [DispatchMoved(self.at, kind, DispatchState.OFFERED, unit.id)]

    def _nearest_free(self, kind: DispatchKind, tried: list[str]) -> FreeUnit | None:
        if self.position is None:
            return None
        # Two incidents must not choose the same unit: choosing is one at a time.
        self.conn.execute(SQL["lock_dispatching"])
        rows = self.conn.execute(SQL["free_units"], {"kind": kind, "tried": tried}).fetchall()
        units = [FreeUnit(row["id"], Position(row["lat_deg"], row["lon_deg"])) for row in rows]
        return nearest(units, self.position)

    def _stand_down(self, kind: DispatchKind) -> list[Event]:
        key = {"incident_id": self.incident_id, "kind": kind}
        dispatch = self.conn.execute(SQL["dispatch_for_update"], key).fetchone()
        if dispatch is None:
            return []
        self.conn.execute(SQL["end_dispatch"], {"id": dispatch["id"], "state": "stood_down", "at": self.at})
        return [DispatchMoved(self.at, kind, DispatchState.STOOD_DOWN, dispatch["unit_id"])]

    def _show(self, light: Light) -> None:
        if self.device_id is None:
            return
        self.conn.execute(SQL["supersede_lights"], {"device_id": self.device_id})
        tone = "ATTENTION" if light in (Light.HELP_COMING, Light.ARRIVED) else "CONFIRM"
        self._queue(
            "command",
            {"signal": {"light": light, "tone": tone}},
            priority=2,
            lifetime=_LIGHT_LIFETIME,
        )
        self.write([Note("command_queued", {"light": light})], "system")

    def _queue(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        row_id: UUID | None = None,
        priority: int,
        lifetime: timedelta | None = None,
    ) -> None:
        self.conn.execute(
            SQL["insert_outbox"],
            {
                "id": row_id or uuid4(),
                "incident_id": self.incident_id,
                "kind": kind,
                "device_id": self.device_id if kind == "command" else None,
                "payload": Jsonb(payload),
                "priority": priority,
                "due_at": self.at,
                "expires_at": self.at + lifetime if lifetime else None,
            },
        )
