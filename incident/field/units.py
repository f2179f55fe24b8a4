"""What a unit in the field, or a provider's control centre, reports about the work it was offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from incident.dispatch.checklist import Item, missing
from incident.dispatch.states import DispatchRefused, centre_of, check_move
from incident.escalation.events import DispatchMoved, EtaChanged, Event, UnitSafe
from incident.record.offers import SQL, end_offers, hurry_searches
from incident.service import Incidents
from incident.wording.refusals import Refusal, Refused, Why
from runtime.database import Connection
from schemas.incident import DispatchKind, DispatchState

_COMING: Final = (DispatchState.ACCEPTED, DispatchState.EN_ROUTE)
_THERE: Final = (DispatchState.ON_SCENE, DispatchState.SECURED)
_FATES: Final = {
    "taken": Refusal.OFFER_TAKEN,
    "expired": Refusal.OFFER_EXPIRED,
    "withdrawn": Refusal.OFFER_WITHDRAWN,
    "stood_down": Refusal.OFFER_STOOD_DOWN,
}


class NotYours(LookupError):
    """The dispatch does not exist, or was not offered to whoever reports."""


class OfferGone(Refused, NotYours):
    """It was offered once, and is not theirs any more; `state` is how the dispatch stands, `fate` the offer."""

    def __init__(self, state: DispatchState, fate: str) -> None:
        self.fate = fate
        super().__init__(state, _FATES.get(fate, Refusal.OFFER_GONE).of(state=state))


class NotSeenTo(Refused):
    """A scene is not secured while this is open, unless there is a reason."""

    def __init__(self, missing: Sequence[Item]) -> None:
        super().__init__(DispatchState.ON_SCENE, Refusal.NOT_SEEN_TO.of(item=missing))


@dataclass(frozen=True, slots=True)
class Said:
    """What comes with a report: seconds until arrival, the report's words, who comes, or why not."""

    eta_s: float | None = None
    words: str | None = None
    crew: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A dispatch under its lock, and the offer of whoever reports."""

    id: UUID
    kind: DispatchKind
    state: DispatchState
    offer: dict[str, Any]

    @property
    def asked(self) -> str:
        """Who reports."""
        return self.offer["asked"]


def report(
    conn: Connection,
    incidents: Incidents,
    asked: str,
    dispatch_id: UUID,
    wanted: DispatchState,
    *,
    eta_s: float | None = None,
    words: str | None = None,
    crew: str | None = None,
    reason: str = "",
) -> None:
    """Move a dispatch as a unit (by its id) or a control centre (@ and its provider's) says.

    `eta_s` is seconds until arrival, `words` the report at the end, `crew` what a control centre calls who
    comes, `reason` why somebody declines, or why a scene is secured with some of the checklist open.
    Saying the same again changes nothing. Raises NotYours, OfferGone where somebody else has it or nobody
    waits for it any more, NotSeenTo, and DispatchRefused where the report does not fit the state.
    """
    said = Said(eta_s, words, crew, reason)

    def moved(held: Held, at: datetime) -> list[Event]:
        if wanted is DispatchState.ACCEPTED:
            return _accept(conn, held, said, at)
        if wanted is DispatchState.DECLINED:
            return _decline(conn, held, reason, at)
        return _move(conn, held, wanted, said, at)

    _handle(conn, incidents, asked, dispatch_id, moved)


def expect(conn: Connection, incidents: Incidents, asked: str, dispatch_id: UUID, eta_s: float) -> None:
    """Take a new time of arrival, in seconds from now. Raises as `report`."""

    def changed(held: Held, at: datetime) -> list[Event]:
        why = Refusal.CANNOT_EXPECT.of(state=held.state)
        _mine(held, why)
        if held.state not in _COMING:
            raise DispatchRefused(held.state, why)
        eta_at = at + timedelta(seconds=eta_s)
        conn.execute(SQL["expect_dispatch"], {"id": held.id, "eta_at": eta_at})
        return [EtaChanged(at, held.kind, asked, eta_at)]

    _handle(conn, incidents, asked, dispatch_id, changed)


def confirm_safe(conn: Connection, incidents: Incidents, asked: str, dispatch_id: UUID) -> None:
    """Take word that whoever works on the scene is well. Raises as `report`."""

    def confirmed(held: Held, at: datetime) -> list[Event]:
        why = Refusal.CANNOT_BE_SAFE.of(state=held.state)
        _mine(held, why)
        if held.state not in _THERE:
            raise DispatchRefused(held.state, why)
        conn.execute(SQL["dispatch_is_safe"], {"id": held.id, "at": at})
        return [UnitSafe(at, held.kind, asked)]

    _handle(conn, incidents, asked, dispatch_id, confirmed)


def withdraw_offer(conn: Connection, incidents: Incidents, unit_id: str, dispatch_id: UUID) -> None:
    """Take back what a unit was offered and has not answered: somebody else is asked. Done twice it changes nothing.

    It may be asked for the same dispatch again. Raises NotYours.
    """

    def withdrawn(held: Held, at: datetime) -> list[Event]:
        if held.offer["state"] != "open":
            return []
        _answer(conn, held, "withdrawn", at, "out_of_service")
        if held.state not in _COMING:
            conn.execute(SQL["settle_offered"], {"id": held.id})
        return [DispatchMoved(at, held.kind, DispatchState.DECLINED, held.asked, withdrawn=True)]

    _handle(conn, incidents, unit_id, dispatch_id, withdrawn, actor="system")


def release_searches(conn: Connection) -> None:
    """A unit came on shift: incidents that found nobody look again."""
    conn.execute(SQL["hurry_searches_now"])


def _handle(
    conn: Connection,
    incidents: Incidents,
    asked: str,
    dispatch_id: UUID,
    happens: Callable[[Held, datetime], Sequence[Event]],
    *,
    actor: str | None = None,
) -> None:
    key = {"id": dispatch_id, "asked": asked}
    owner = conn.execute(SQL["incident_of_offer"], key).fetchone()
    if owner is None:
        raise NotYours(dispatch_id)

    def events_at(at: datetime) -> Sequence[Event]:
        dispatch = conn.execute(SQL["lock_dispatch"], {"id": dispatch_id}).fetchone()
        offer = conn.execute(SQL["offer"], key).fetchone()
        if dispatch is None or offer is None:
            raise NotYours(dispatch_id)
        held = Held(dispatch_id, DispatchKind(dispatch["kind"]), DispatchState(dispatch["state"]), offer)
        return happens(held, at)

    who = f"unit:{asked}" if centre_of(asked) is None else f"provider:{centre_of(asked)}"
    incidents.handle(conn, owner["incident_id"], events_at, actor=actor or who)


def _accept(conn: Connection, held: Held, said: Said, at: datetime) -> list[Event]:
    match held.offer["state"]:
        case "accepted" if held.state is DispatchState.ACCEPTED:
            return []
        case "accepted":
            raise DispatchRefused(
                held.state, Refusal.CANNOT_BECOME.of(state=held.state, wanted=DispatchState.ACCEPTED)
            )
        case "open":
            pass
        case fate:
            raise OfferGone(held.state, fate)
    seconds = said.eta_s if said.eta_s is not None else held.offer["arrival_s"]
    eta_at = at + timedelta(seconds=seconds) if seconds is not None else None
    conn.execute(
        SQL["accept_dispatch"],
        {
            "id": held.id,
            "unit_id": held.offer["unit_id"],
            "provider_id": held.offer["provider_id"],
            "crew": said.crew,
            "at": at,
            "eta_at": eta_at,
        },
    )
    # First those who are not needed: one offer of a dispatch may be accepted at a time.
    end_offers(conn, held.id, open_becomes="taken", accepted_becomes="stood_down", at=at, but=held.asked)
    _answer(conn, held, "accepted", at)
    return [DispatchMoved(at, held.kind, DispatchState.ACCEPTED, held.asked, eta_at)]


def _decline(conn: Connection, held: Held, reason: str, at: datetime) -> list[Event]:
    if held.offer["state"] == "declined":
        return []
    if held.offer["state"] != "open":
        _mine(held, Refusal.CANNOT_BECOME.of(state=held.state, wanted=DispatchState.DECLINED))
        check_move(held.state, DispatchState.DECLINED)
    _answer(conn, held, "declined", at, reason)
    if held.offer["state"] == "accepted" or held.state not in _COMING:
        conn.execute(SQL["settle_offered"], {"id": held.id})
    hurry_searches(conn, at)
    return [DispatchMoved(at, held.kind, DispatchState.DECLINED, held.asked)]


def _move(conn: Connection, held: Held, wanted: DispatchState, said: Said, at: datetime) -> list[Event]:
    if held.offer["state"] == "open":
        raise DispatchRefused(
            DispatchState.OFFERED, Refusal.CANNOT_BECOME.of(state=DispatchState.OFFERED, wanted=wanted)
        )
    if held.offer["state"] == "completed" and wanted is DispatchState.COMPLETED:
        return []
    _mine(held, Refusal.CANNOT_BECOME.of(state=held.state, wanted=wanted))
    if held.state is wanted:
        return []
    check_move(held.state, wanted)
    reason = said.reason if wanted is DispatchState.SECURED else ""
    # A control centre has a checklist of its own.
    if wanted is DispatchState.SECURED and not reason and centre_of(held.asked) is None:
        checks = conn.execute(SQL["checks"], {"id": held.id}).fetchall()
        if open_items := missing(Item(row["item"]) for row in checks):
            raise NotSeenTo(open_items)
    eta_at = at + timedelta(seconds=said.eta_s) if said.eta_s is not None else None
    conn.execute(
        SQL["move_dispatch"],
        {
            "id": held.id,
            "state": wanted,
            "at": at,
            "eta_at": eta_at,
            "crew": said.crew,
            "report": said.words,
            "unchecked_reason": reason or None,
        },
    )
    if wanted is DispatchState.COMPLETED:
        _answer(conn, held, "completed", at)
        hurry_searches(conn, at)
    return [DispatchMoved(at, held.kind, wanted, held.asked, eta_at)]


def _mine(held: Held, why: Why) -> None:
    """Raise unless the dispatch is theirs who report; `why` if it ended together with their offer."""
    fate = held.offer["state"]
    if fate == "accepted":
        return
    if fate == held.state:  # stood down or completed together with it
        raise DispatchRefused(held.state, why)
    raise OfferGone(held.state, fate)


def _answer(conn: Connection, held: Held, state: str, at: datetime, reason: str = "") -> None:
    conn.execute(
        SQL["answer_offer"],
        {"id": held.offer["id"], "state": state, "at": at, "reason": reason},
    )


__all__ = [
    "DispatchRefused",
    "NotSeenTo",
    "NotYours",
    "OfferGone",
    "confirm_safe",
    "expect",
    "release_searches",
    "report",
    "withdraw_offer",
]
