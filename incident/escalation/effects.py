"""What an incident asks for: plain values, carried out by `incident.record.apply`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from incident.escalation.state import Light, State
from schemas.incident import CallParty, DispatchKind


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the shell must do in the same transaction, or queue there."""


@dataclass(frozen=True, slots=True)
class SetTimer(Effect):
    """Wake the incident at a moment; a timer of the same name is replaced."""

    name: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ClearTimers(Effect):
    """Forget the timers whose names begin so."""

    prefix: str


@dataclass(frozen=True, slots=True)
class PlaceCall(Effect):
    """Ring somebody, for so many seconds at most; of calls that wait, the lowest `priority` goes first.

    `rank` says which of the emergency contacts, from 1.
    """

    party: CallParty
    attempt: int
    ring_s: float
    priority: int
    rank: int = 1


@dataclass(frozen=True, slots=True)
class RankCall(Effect):
    """Change the priority of a call, if it has not left yet."""

    party: CallParty
    attempt: int
    priority: int


@dataclass(frozen=True, slots=True)
class CheckCall(Effect):
    """Ask the carrier what became of a call; one that still rings unheard is withdrawn."""

    party: CallParty
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelCalls(Effect):
    """Withdraw every call that is still waiting or ringing, or those to one party only."""

    party: CallParty | None = None


@dataclass(frozen=True, slots=True)
class RingDesk(Effect):
    """Ring the telephones of a round of the plan's desk, or that of one operator."""

    round: int
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectLine(Effect):
    """Bring somebody's live call together with the operator on the line."""

    party: CallParty


@dataclass(frozen=True, slots=True)
class Message(Effect):
    """Send a text to the driver: `push`, `sms` or `mail`, by the name of its wording.

    `dispatch` is which of those who come it is about, where it is about one.
    """

    channel: str
    template: str
    dispatch: DispatchKind | None = None


@dataclass(frozen=True, slots=True)
class OfferNext(Effect):
    """Offer the work to whoever is free, not asked yet, and would be there soonest.

    `expired_unit` names the unit whose offer ran out, or who accepted and never set off: it is withdrawn
    first. `operator` is who sends it, where a person does; `chosen` is the unit they want asked first.
    """

    kind: DispatchKind
    expired_unit: str | None = None
    operator: str | None = None
    chosen: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawOffers(Effect):
    """Nobody else is needed for a dispatch: whoever was asked beside its unit hears so."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class SeekAgain(Effect):
    """Take a dispatch up again that found nobody, if there is somebody now who was not asked yet."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class RemindUnit(Effect):
    """Ask a unit for something it owes: `depart` or `confirm_safe`."""

    kind: DispatchKind
    unit_id: str
    about: str


@dataclass(frozen=True, slots=True)
class StandDown(Effect):
    """Call a dispatch off."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class TakeOver(Effect):
    """A dispatch of another incident belongs to this one from now on."""

    kind: DispatchKind
    incident: str


@dataclass(frozen=True, slots=True)
class ShowLight(Effect):
    """Change the device's light."""

    light: Light


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the incident's record."""

    kind: str
    data: dict[str, str | int | float | bool | None] = field(
        default_factory=dict[str, str | int | float | bool | None]
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one event: the next state, what to do, what to write down."""

    state: State
    effects: tuple[Effect, ...] = ()
    notes: tuple[Note, ...] = ()
