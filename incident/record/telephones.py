"""Effects on telephones: calls to drivers, contacts and operators, as rows in the outbox."""

from __future__ import annotations

from uuid import UUID, uuid4

from psycopg.rows import DictRow

from incident.escalation.effects import PlaceCall, RankCall
from incident.escalation.events import CallEnded, DeskRung, Event
from incident.escalation.urgency import Urgency
from incident.plan.plan import Round
from incident.record.hands import SQL, Hands
from runtime.sql import Queries
from schemas.incident import CallParty

DESK = Queries("incident.record", "desk.sql")
_ROLES = {
    Round.TAKER_OR_FREE: "operator",
    Round.ALL: "operator",
    Round.SUPERVISOR: "supervisor",
    Round.SECOND_SITE: "second_site",
}
# Somebody waits on a line: before every call that nobody waits for.
_FIRST = Urgency.OPERATOR


def place(hands: Hands, call: PlaceCall) -> list[Event]:
    """Queue a call to the driver, or to the emergency contact of that rank."""
    party, attempt = call.party, call.attempt
    key = {"holder_id": hands.holder_id, "rank": call.rank}
    query = "driver_phone" if party is CallParty.DRIVER else "contact_phone"
    phone = hands.conn.look(SQL[query], key).fetchone()
    if phone is None:
        return [CallEnded(hands.at, party, attempt, "no_number")]
    call_id = uuid4()
    hands.conn.add(
        "insert_calls",
        {
            "id": call_id,
            "incident_id": hands.incident_id,
            "party": party,
            "attempt": attempt,
            "number": phone["number"],
            "language": hands.languages.choose(phone["language"]),
        },
    )
    hands.queue("call", {"ring_s": call.ring_s}, row_id=call_id, priority=call.priority)
    hands.note("call_queued", party=party, attempt=attempt)
    return []


def rank(hands: Hands, call: RankCall) -> None:
    """Move a call that still waits in our own queue."""
    key = {"incident_id": hands.incident_id, "party": call.party, "attempt": call.attempt}
    hands.conn.execute(SQL["rank_call"], key | {"priority": call.priority})


def ring_desk(hands: Hands, number: int, name: Round, ring_s: float, only: str | None) -> list[Event]:
    """Queue a call to each telephone of a round of the desk, or to that of one operator only."""
    # Two incidents must not choose the same person: choosing is one at a time.
    hands.conn.execute(SQL["lock_dispatching"])
    check_desk(hands)
    rows: list[DictRow] = []
    if only is not None or name is Round.TAKER_OR_FREE:
        taker = hands.conn.execute(SQL["taker_of_incident"], {"id": hands.incident_id}).fetchone()
        wanted = only or (taker and taker["taken_by"])
        key = {"role": "operator", "only": wanted, "limit": 1}
        rows = hands.conn.execute(DESK["desk_round"], key).fetchall() if wanted else []
    if not rows and only is None:
        key = {"role": _ROLES[name], "only": None, "limit": 1 if name is Round.TAKER_OR_FREE else 20}
        rows = hands.conn.execute(DESK["desk_round"], key).fetchall()
    for row in rows:
        key = {"incident_id": hands.incident_id, "party": CallParty.OPERATOR}
        found = hands.conn.execute(DESK["next_attempt"], key).fetchone()
        attempt: int = found["attempt"] if found else 1
        call_id = uuid4()
        hands.conn.execute(
            DESK["insert_desk_call"],
            {
                "id": call_id,
                "incident_id": hands.incident_id,
                "attempt": attempt,
                "number": row["phone"],
                "language": row["language"],
                "operator": row["name"],
            },
        )
        hands.queue("call", {"ring_s": ring_s}, row_id=call_id, priority=_FIRST)
        hands.note("call_queued", party=CallParty.OPERATOR, attempt=attempt, operator=row["name"])
    return [DeskRung(hands.at, number, len(rows))]


def check_desk(hands: Hands, attempt: int | None = None) -> None:
    """Have the carrier asked about operators' calls whose end may have been missed, and about this one."""
    key = {"incident_id": hands.incident_id, "attempt": attempt}
    for call in hands.conn.execute(DESK["doubtful_desk_calls"], key).fetchall():
        hands.queue("check_call", {"call_id": str(call["id"])}, priority=_FIRST)


def connect(hands: Hands, party: CallParty) -> None:
    """Have somebody's live call brought to the operator; one that ended meanwhile is nobody's any more."""
    key = {"incident_id": hands.incident_id, "party": party}
    call = hands.conn.execute(DESK["live_line"], key).fetchone()
    if call is not None:
        hands.queue("connect_call", {"call_id": str(call["id"])}, priority=_FIRST)


def check(hands: Hands, party: CallParty, attempt: int) -> None:
    """Have the carrier asked what became of a call."""
    key = {"incident_id": hands.incident_id, "party": party, "attempt": attempt}
    call = hands.conn.execute(SQL["call_by_attempt"], key).fetchone()
    if call is not None:
        hands.queue("check_call", {"call_id": str(call["id"])}, priority=2)


def cancel(hands: Hands, party: CallParty | None) -> list[Event]:
    """Withdraw what waits in our own queue, and have withdrawn what the carrier has."""
    key = {"incident_id": hands.incident_id, "party": party, "at": hands.at}
    withdrawn = hands.conn.execute(SQL["withdraw_waiting_calls"], key).fetchall()
    for call in hands.conn.execute(SQL["calls_to_cancel"], key).fetchall():
        _cancel(hands, call["id"])
    return [CallEnded(hands.at, CallParty(row["party"]), row["attempt"], "withdrawn") for row in withdrawn]


def _cancel(hands: Hands, call_id: UUID) -> None:
    hands.queue("cancel_call", {"call_id": str(call_id)}, priority=1)
