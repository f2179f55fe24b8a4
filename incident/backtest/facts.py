"""What was done for people and when, as a replay or the record tells it, and what differs between two. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from incident.backtest.record import Row
from incident.escalation.effects import Note
from schemas.incident import CallParty

Facts = Mapping[str, float]
"""Seconds after the incident opened at which something was done first, by its name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing another plan would have done at another time; None is not at all."""

    what: str
    before_s: float | None
    after_s: float | None

    def __str__(self) -> str:
        if self.before_s is None:
            return f"{self.what}: never → {self.after_s:.0f} s"
        if self.after_s is None:
            return f"{self.what}: {self.before_s:.0f} s → never"
        way = "earlier" if self.after_s < self.before_s else "later"
        return f"{self.what}: {self.before_s:.0f} s → {self.after_s:.0f} s, {way}"


def changes(before: Facts, after: Facts, *, within_s: float = 1.0) -> tuple[Change, ...]:
    """What differs by more than so many seconds, in the order of what was done."""
    names = dict.fromkeys(sorted({*before, *after}, key=lambda name: (min(_both(before, after, name)), name)))
    found = (Change(name, before.get(name), after.get(name)) for name in names)
    return tuple(
        change
        for change in found
        if change.before_s is None
        or change.after_s is None
        or abs(change.before_s - change.after_s) > within_s
    )


def _both(before: Facts, after: Facts, name: str) -> list[float]:
    return [facts[name] for facts in (before, after) if name in facts]


def recorded_facts(rows: Sequence[Row]) -> Facts:
    """What was really done, from the record itself."""
    facts = FactsSoFar(rows[0].at)
    for row in rows:
        if row.kind == "call_queued" and row.data["party"] != CallParty.OPERATOR:
            facts.add(row.at, f"call {row.data['party']} {row.data['attempt']}")
        elif row.kind in ("push_queued", "sms_queued"):
            facts.message(row.at, row.kind.removesuffix("_queued"), str(row.data.get("template")))
        else:
            facts.note(row.at, Note(row.kind, dict(row.data)))
    return facts.found


class FactsSoFar:
    """Collects when each thing was done first."""

    def __init__(self, began_at: datetime) -> None:
        self._began_at = began_at
        self.found: dict[str, float] = {}

    def add(self, at: datetime, name: str) -> None:
        """Something was done."""
        self.found.setdefault(name, (at - self._began_at).total_seconds())

    def message(self, at: datetime, channel: str, template: str) -> None:
        """A text was sent; what says that help was accepted follows from the help."""
        if not template.endswith("_accepted"):
            self.add(at, channel)

    def note(self, at: datetime, note: Note) -> None:
        """A line was written into the record."""
        match note.kind:
            case "operator_alarmed":
                self.add(
                    at, "operator call back" if note.data.get("task") == "call_back" else "operator alarmed"
                )
            case "desk_called":
                self.add(at, "operator's telephone")
            # Records of before call it as they call what an operator did.
            case "ambulance_needed" | "ambulance_asked" if not note.data.get("operator"):
                self.add(at, "ambulance asked for")
            case "dispatch_requested" | "dispatch_accepted":
                self.add(at, f"{note.data['dispatch']} {note.kind.removeprefix('dispatch_')}")
            case "closed":
                self.add(at, "closed")
            case _:
                pass
