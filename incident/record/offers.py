"""Effects on dispatches: whom to offer the work to, and calling it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from incident.dispatch.ranking import Candidate, Expected, Need, Promise, Ranking, Reason, rank
from incident.dispatch.skills import skills_for
from incident.dispatch.states import asked_of_centre, centre_of
from incident.escalation.effects import OfferNext
from incident.escalation.events import DispatchMoved, Event, NobodyElse
from incident.places.sphere import Box
from incident.plan.plan import Help
from incident.record.hands import SQL as INCIDENT_SQL
from incident.record.hands import Hands
from incident.record.ledger import Ledger
from incident.wording import JAPAN_TIME
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position
from schemas.incident import DispatchKind, DispatchState, RoadKind

SQL: Final = Queries("incident.record", "dispatch.sql")
MERGED_SQL: Final = Queries("incident.record", "merged.sql")
_MOST_CANDIDATES: Final = 300
_MOST_REASONS: Final = 30
# Who was not needed any more may be asked again; who did not want to or did not answer, not for this dispatch.
_BEFORE: Final = {
    "declined": Reason.DECLINED_BEFORE,
    "stood_down": Reason.DECLINED_BEFORE,
    "expired": Reason.DID_NOT_ANSWER,
}
_SEARCHING: Final = ("requested", "offered")
_COMING: Final = ("accepted", "en_route")
_NEWS_LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms work is offered: the plan's, its time scale, and the road the car is on."""

    help: Help
    scale: float
    road: RoadKind


def offer(hands: Hands, terms: Terms, effect: OfferNext) -> list[Event]:
    """Offer the work until so many are asked as the plan wants; `expired_unit` is who let it run out."""
    key: dict[str, Any] = {"incident_id": hands.incident_id, "kind": effect.kind, "at": hands.at}
    dispatch = hands.conn.execute(SQL["open_dispatch"], key).fetchone()
    if effect.expired_unit is not None:
        return _expire(hands, effect.kind, effect.expired_unit, dispatch) if dispatch is not None else []
    if dispatch is None:
        key |= {"operator": effect.operator}
        dispatch = hands.conn.execute(SQL["insert_dispatch"], key).fetchone()
    if dispatch is None or dispatch["state"] not in (*_SEARCHING, *_COMING):
        return []
    return _offer(hands, terms, effect.kind, dispatch, chosen=effect.chosen)


def seek(hands: Hands, terms: Terms, kind: DispatchKind) -> list[Event]:
    """Take a dispatch that found nobody up again, if somebody can be asked by now."""
    key = {"incident_id": hands.incident_id, "kind": kind}
    dispatch = hands.conn.execute(SQL["failed_dispatch"], key).fetchone()
    if dispatch is None or dispatch["state"] != "failed":
        return []
    offers = hands.conn.execute(SQL["offers"], {"id": dispatch["id"]}).fetchall()
    if not _ranking(hands, terms, dispatch, offers, wanted=1).chosen:
        return []
    hands.conn.execute(SQL["take_up_again"], {"id": dispatch["id"]})
    return [DispatchMoved(hands.at, kind, DispatchState.REQUESTED)]


def stand_down(hands: Hands, kind: DispatchKind) -> list[Event]:
    """Call a dispatch off."""
    key = {"incident_id": hands.incident_id, "kind": kind}
    dispatch = hands.conn.execute(SQL["open_dispatch"], key).fetchone()
    if dispatch is None:
        return []
    end = {"id": dispatch["id"], "state": "stood_down", "at": hands.at}
    hands.conn.execute(SQL["end_dispatch"], end)
    end_offers(
        hands.conn, dispatch["id"], open_becomes="withdrawn", accepted_becomes="stood_down", at=hands.at
    )
    return [DispatchMoved(hands.at, kind, DispatchState.STOOD_DOWN, dispatch["unit_id"])]


def take_over(hands: Hands, kind: DispatchKind, merged: str) -> None:
    """A dispatch of an incident that is merged into this one, with whoever is on the way, belongs here now."""
    key = {"incident_id": hands.incident_id, "merged": merged, "kind": kind}
    hands.conn.execute(MERGED_SQL["take_over_dispatch"], key)


def withdraw(hands: Hands, kind: DispatchKind) -> None:
    """Nobody else is needed: those who were asked beside the dispatch's unit hear so."""
    key = {"incident_id": hands.incident_id, "kind": kind}
    dispatch = hands.conn.execute(SQL["open_dispatch"], key).fetchone()
    if dispatch is not None:
        end_offers(
            hands.conn,
            dispatch["id"],
            open_becomes="withdrawn",
            accepted_becomes="accepted",
            at=hands.at,
            but=_holder(dispatch),
        )


def remind(hands: Hands, kind: DispatchKind, unit_id: str, about: str) -> None:
    """Show a unit what it owes, and tell a control centre."""
    key = {"incident_id": hands.incident_id, "kind": kind}
    dispatch = hands.conn.execute(SQL["open_dispatch"], key).fetchone()
    if dispatch is None or _holder(dispatch) != unit_id:
        return
    hands.conn.execute(SQL["remind_dispatch"], {"id": dispatch["id"], "about": about, "at": hands.at})
    hands.note("unit_reminded", dispatch=kind, unit=unit_id, about=about)
    row = hands.conn.execute(SQL["offer"], {"id": dispatch["id"], "asked": unit_id}).fetchone()
    if row is not None and row["provider_id"] is not None:
        tell_centre(hands.conn, row["id"], "reminder", hands.at)


def end_offers(
    conn: Connection | Ledger,
    dispatch_id: UUID,
    *,
    open_becomes: str,
    accepted_becomes: str,
    at: datetime,
    but: str = "",
) -> None:
    """Nobody who was asked is needed, but one; control centres are told, and units are free for others."""
    key = {"id": dispatch_id, "open_becomes": open_becomes, "accepted_becomes": accepted_becomes}
    ended = conn.execute(SQL["end_offers"], key | {"at": at, "but": but}).fetchall()
    for row in ended:
        if row["provider_id"] is not None:
            tell_centre(conn, row["id"], "withdrawn", at)
    if ended:
        hurry_searches(conn, at)


def hurry_searches(conn: Connection | Ledger, at: datetime) -> None:
    """Somebody is free: whoever found nobody looks again."""
    # Whoever chooses just now may set one of these timers next, and is waited for with nothing of theirs in hand.
    conn.execute(INCIDENT_SQL["lock_dispatching"])
    conn.execute(SQL["hurry_searches"], {"at": at})


def tell_centre(
    conn: Connection | Ledger, offer_id: UUID, event: str, at: datetime, until: datetime | None = None
) -> None:
    """Have a control centre told of an offer: `offer`, `withdrawn` or `reminder`."""
    key = {"offer_id": offer_id, "event": event, "at": at, "expires_at": until or at + _NEWS_LIFETIME}
    conn.execute(SQL["tell_centre"], key)


def _expire(hands: Hands, kind: DispatchKind, asked: str, dispatch: dict[str, Any]) -> list[Event]:
    row = hands.conn.execute(SQL["offer"], {"id": dispatch["id"], "asked": asked}).fetchone()
    # Accepted and never set off: the acceptance has run out like an offer.
    gone = row is not None and row["state"] == "accepted" and dispatch["state"] == "accepted"
    if row is None or not (row["state"] == "open" or gone):
        return []
    state = "stood_down" if gone else "expired"
    hands.conn.execute(
        SQL["answer_offer"], {"id": row["id"], "state": state, "at": hands.at, "reason": "no_answer"}
    )
    if row["provider_id"] is not None:
        tell_centre(hands.conn, row["id"], "withdrawn", hands.at)
    if gone or dispatch["state"] in _SEARCHING:
        hands.conn.execute(SQL["settle_offered"], {"id": dispatch["id"]})
    hurry_searches(hands.conn, hands.at)
    return [DispatchMoved(hands.at, kind, DispatchState.OFFER_EXPIRED, asked)]


def _offer(
    hands: Hands, terms: Terms, kind: DispatchKind, dispatch: dict[str, Any], *, chosen: str | None = None
) -> list[Event]:
    dispatch_id: UUID = dispatch["id"]
    offers = hands.conn.execute(SQL["offers"], {"id": dispatch_id}).fetchall()
    waiting = sum(row["state"] == "open" for row in offers)
    wanted = terms.help.parallel - waiting
    if wanted <= 0:
        return []
    ranking = _ranking(hands, terms, dispatch, offers, wanted=wanted, chosen=chosen)
    _keep(hands, dispatch_id, ranking)
    if not ranking.chosen and not waiting:
        if dispatch["state"] in _COMING:
            return [NobodyElse(hands.at, kind)]
        end = {"id": dispatch_id, "state": "failed", "at": hands.at}
        hands.conn.execute(SQL["end_dispatch"], end)
        return [DispatchMoved(hands.at, kind, DispatchState.FAILED)]
    for expected in ranking.chosen:
        _ask(hands, terms, dispatch_id, expected)
    if dispatch["state"] in _SEARCHING:
        hands.conn.execute(SQL["settle_offered"], {"id": dispatch_id})
    return [
        DispatchMoved(hands.at, kind, DispatchState.OFFERED, expected.asked) for expected in ranking.chosen
    ]


def _ask(hands: Hands, terms: Terms, dispatch_id: UUID, expected: Expected) -> None:
    expires_at = hands.at + timedelta(seconds=terms.help.offer_s * terms.scale)
    provider_id = centre_of(expected.asked)
    row = hands.conn.execute(
        SQL["insert_offer"],
        {
            "id": dispatch_id,
            "unit_id": expected.asked if provider_id is None else None,
            "provider_id": provider_id,
            "arrival_s": expected.arrival_s * terms.scale,
            "distance_km": expected.distance_km,
            "at": hands.at,
            "expires_at": expires_at,
        },
    ).fetchone()
    if row is not None and provider_id is not None:
        tell_centre(hands.conn, row["id"], "offer", hands.at, expires_at)


def _ranking(
    hands: Hands,
    terms: Terms,
    dispatch: dict[str, Any],
    offers: Sequence[dict[str, Any]],
    *,
    wanted: int,
    chosen: str | None = None,
) -> Ranking:
    place = hands.position
    if place is None:
        return Ranking((), ())
    kind = DispatchKind(dispatch["kind"])
    # Two incidents must not choose the same unit: choosing is one at a time.
    hands.conn.execute(INCIDENT_SQL["lock_dispatching"])
    here = hands.at.astimezone(JAPAN_TIME)
    need = Need(
        kind,
        place,
        hour=here.hour + here.minute / 60,
        rings_km=terms.help.widen_km,
        barred=terms.road is RoadKind.EXPRESSWAY and dispatch["sent_by"] is None,
    )
    asked = {row["asked"]: row["state"] for row in offers}
    candidates = [*_units(hands, need, asked), *_centres(hands, asked)]
    may = [candidate for candidate in candidates if asked.get(candidate.asked) not in ("open", "accepted")]
    return rank(need, may, wanted, chosen)


def _units(hands: Hands, need: Need, asked: dict[str, str]) -> list[Candidate]:
    place = need.place
    rows = hands.conn.execute(
        SQL["candidate_units"],
        {
            "incident_id": hands.incident_id,
            "at": hands.at,
            "here": hands.at.astimezone(JAPAN_TIME).time(),
            "skills": sorted(skills_for(need.kind)),
            "lat_deg": place.lat_deg,
            "lon_deg": place.lon_deg,
            "limit": _MOST_CANDIDATES,
            **asdict(Box.around(place, need.rings_km[-1])),
        },
    ).fetchall()
    return [
        Candidate(
            row["id"],
            frozenset(DispatchKind(skill) for skill in row["skills"]),
            Position(row["lat_deg"], row["lon_deg"]),
            Position(row["base_lat_deg"], row["base_lon_deg"]),
            position_age_s=row["age_s"],
            on_shift=row["on_shift"],
            out_of_service=row["out_of_service"],
            busy=row["busy"],
            before=_BEFORE.get(asked.get(row["id"], "")),
            drive_s=row["drive_s"],
        )
        for row in rows
    ]


def _centres(hands: Hands, asked: dict[str, str]) -> list[Candidate]:
    found: list[Candidate] = []
    for row in hands.conn.execute(SQL["candidate_centres"]).fetchall():
        base = Position(row["lat_deg"], row["lon_deg"])
        name = asked_of_centre(row["id"])
        found.append(
            Candidate(
                name,
                frozenset(DispatchKind(skill) for skill in row["skills"]),
                base,
                base,
                before=_BEFORE.get(asked.get(name, "")),
                promise=Promise(row["radius_km"], row["arrival_s"]),
            )
        )
    return found


def _keep(hands: Hands, dispatch_id: UUID, ranking: Ranking) -> None:
    search = {
        "at": hands.at.isoformat(),
        "asked": [
            {
                "unit": entry.asked,
                "arrival_s": round(entry.arrival_s),
                "distance_km": round(entry.distance_km, 1),
                "by": entry.by,
            }
            for entry in ranking.chosen
        ],
        "passed_over": [
            {
                "unit": entry.asked,
                "reason": entry.reason,
                "arrival_s": round(entry.arrival_s),
                "distance_km": round(entry.distance_km, 1),
            }
            for entry in ranking.passed_over[:_MOST_REASONS]
        ],
    }
    hands.conn.execute(SQL["add_search"], {"id": dispatch_id, "search": Jsonb(search)})


def _holder(dispatch: dict[str, Any]) -> str:
    if dispatch["provider_id"] is not None:
        return asked_of_centre(dispatch["provider_id"])
    return dispatch["unit_id"] or ""
