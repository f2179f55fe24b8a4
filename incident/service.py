"""The one door to an incident: lock, read the database's clock, decide, save, in one transaction.

Ingest, the API and the engine all come in here. Nothing in here reaches out: effects are
rows in the outbox, and leave after the commit. Lock order everywhere: device, policyholder,
incident, then whatever belongs to the incident, then the dispatching lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from incident.escalation.decide import decide, open_incident, raises
from incident.escalation.effects import Decision
from incident.escalation.events import Answered, Event, Joined, LineWaits, Opened, Placed, RoadKnown, Wrote
from incident.escalation.state import State
from incident.places import describe as places
from incident.plan.in_use import Plans
from incident.plan.plan import Plan
from incident.plan.tables import Languages
from incident.record.apply import apply
from incident.record.hands import SQL, Hands, Insurer
from incident.record.ledger import Ledger
from incident.record.lights import show
from incident.record.whereabouts import Whereabouts, find
from incident.wording import JAPAN_TIME
from runtime.database import Connection
from runtime.settings import Settings
from schemas.impact import Position, Severity
from schemas.incident import Reach, RoadKind, Trigger

_STATE: TypeAdapter[State] = TypeAdapter(State)


class UnknownIncident(LookupError):
    """There is no incident with that id."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an incident is about, checked and placed in time: a device's, or of a policyholder without one."""

    device_id: str | None
    trigger: Trigger
    severity: Severity | None
    at: datetime
    late: bool
    position: Position | None
    flags: tuple[str, ...] = ()
    revises: bool = False
    holder_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a report went: the incident, and whether it was opened by it."""

    incident_id: UUID
    opened: bool


class Incidents:
    """Everything that may happen to incidents. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._insurer = Insurer(settings.insurer_ja, settings.insurer_en, settings.api_url)
        self._plans = Plans(settings.time_scale)
        places.warm()  # not while the first incident waits for it

    def report(self, conn: Connection, report: Report) -> Filed:
        """Open an incident for what happened, or join the one that is open for the device or its owner.

        Must run inside the caller's transaction; raises psycopg errors only.
        """
        incident_id = self._open_incident(conn, report)
        if incident_id is None:
            return Filed(self._open(conn, report), opened=True)
        # Help that is sent at once must know where to, and the car may have driven on since it opened.
        if (where := find(conn, report.device_id, report.position, report.at)) is not None:
            self._place_one(conn, incident_id, where)
            if self._begins_anew(conn, incident_id, report):
                self._move(conn, incident_id, where)
        if report.flags:
            conn.execute(SQL["add_flags"], {"id": incident_id, "flags": list(report.flags)})
        self.handle(
            conn,
            incident_id,
            lambda at: _joined(at, report),
            actor="device",
        )
        return Filed(incident_id, opened=False)

    def _open_incident(self, conn: Connection, report: Report) -> UUID | None:
        """The open incident a report belongs to; until the end of the transaction nobody else opens or closes one."""
        key = {"device_id": report.device_id, "holder_id": report.holder_id}
        if report.device_id is None:
            conn.execute(SQL["lock_holder"], key)
            found = conn.execute(SQL["open_incident_of_holder"], key).fetchone()
            return found["id"] if found is not None else None
        conn.execute(SQL["lock_device"], key)
        found = conn.execute(SQL["open_incident_of_device"], key).fetchone()
        if found is not None:
            return found["id"]
        # Their telephone, or they themselves, may have told of it first, and could not say which car.
        conn.execute(SQL["lock_holder_of_device"], key)
        found = conn.execute(SQL["give_device"], key).fetchone()
        if found is None:
            return None
        incident_id: UUID = found["id"]
        hands = self.hands(conn, incident_id)
        if hands is not None:
            hands.note("device_known", device=report.device_id)
            show(hands, _STATE.validate_python(found["state"]).light)
        return incident_id

    def place(self, conn: Connection, device_id: str, position: Position, at: datetime) -> None:
        """Tell an open incident of a device where it is, if it did not know."""
        for row in conn.execute(SQL["unplaced_incidents"], {"devices": [device_id]}).fetchall():
            if (where := find(conn, device_id, position, at)) is not None:
                self._place_one(conn, row["id"], where)

    def _place_one(self, conn: Connection, incident_id: UUID, where: Whereabouts) -> None:
        locked = conn.execute(SQL["lock_incident"], {"id": incident_id}).fetchone()
        if locked is not None and locked["lat_deg"] is None and locked["phase"] != "closed":
            facts = where.facts(conn)
            conn.execute(SQL["place_incident"], where.columns(incident_id, facts))
            self.handle(
                # The road first: who may be sent to the place depends on it.
                conn,
                incident_id,
                lambda at: [RoadKnown(at, facts.road.kind), Placed(at)],
                actor="device",
            )

    def _move(self, conn: Connection, incident_id: UUID, where: Whereabouts) -> None:
        facts = where.facts(conn)
        if conn.execute(SQL["move_incident"], where.columns(incident_id, facts)).fetchone() is not None:
            self.handle(conn, incident_id, lambda at: RoadKnown(at, facts.road.kind), actor="device")

    def unplaced(self, conn: Connection, device_ids: Sequence[str]) -> bool:
        """Whether any of these devices has an open incident whose place is not known."""
        return bool(conn.execute(SQL["unplaced_incidents"], {"devices": list(device_ids)}).fetchall())

    def handle(
        self,
        conn: Connection,
        incident_id: UUID,
        event_at: Callable[[datetime], Event | Sequence[Event]],
        *,
        actor: str,
    ) -> State:
        """Let one or more events happen to an incident; the state after them.

        `event_at` makes the events from the database's time, read after the lock.
        Raises UnknownIncident and decide.CommandRefused.
        """
        row = conn.execute(SQL["lock_incident"], {"id": incident_id}).fetchone()
        if row is None:
            raise UnknownIncident(incident_id)
        at = now(conn)
        happened = event_at(at)
        ledger = Ledger(conn)
        events = [happened] if isinstance(happened, Event) else happened
        state = self.happen(ledger, row, at, events, actor=actor)
        ledger.flush()
        # What people say is about where their incident goes on; what carrier and units tell is about this one.
        heard = [event for event in events if isinstance(event, (Answered, LineWaits, Wrote))]
        if row["merged_into"] is not None and heard:
            self.handle(conn, row["merged_into"], lambda _: heard, actor=actor)
        return state

    def happen(
        self, ledger: Ledger, row: dict[str, Any], at: datetime, events: Sequence[Event], *, actor: str
    ) -> State:
        """Let events happen to one incident out of many; what follows is left in the ledger.

        row: the incident, as the query `lock_incident` gives it, under its lock; at: read after that lock.
        """
        before = _STATE.validate_python(row["state"])
        plan = self._plans.of(ledger.aside, row["plan_version"])
        hands = self._hands(ledger, at, row, plan.languages)
        state = before
        for event in events:
            state = self._carry_out(hands, decide(state, event, plan), plan, actor)
        if state != before:
            ledger.add("save_states", {"id": row["id"], "at": at, **_columns(state)})
        return state

    def read(self, conn: Connection, row: dict[str, Any]) -> tuple[State, Plan]:
        """How a locked incident stands, and the plan it goes by."""
        return _STATE.validate_python(row["state"]), self._plans.of(conn, row["plan_version"])

    def hands(self, conn: Connection, incident_id: UUID) -> Hands | None:
        """The hands for one incident, under its lock; None if there is none of that id."""
        row = conn.execute(SQL["lock_incident"], {"id": incident_id}).fetchone()
        if row is None:
            return None
        languages = self._plans.languages(conn, row["plan_version"])
        return self._hands(Ledger(conn, at_once=True), now(conn), row, languages)

    def device_online(self, conn: Connection, device_id: str) -> None:
        """A device is back: tell it again what its light should show, and hurry what waits for it."""
        found = conn.execute(SQL["open_incident_of_device"], {"device_id": device_id}).fetchone()
        row = found and conn.execute(SQL["lock_incident"], {"id": found["id"]}).fetchone()
        at = now(conn)
        if row:
            hands = self._hands(Ledger(conn, at_once=True), at, row, Languages())
            show(hands, _STATE.validate_python(row["state"]).light)
        conn.execute(SQL["wake_commands"], {"device_id": device_id, "at": at})

    def command_acknowledged(self, conn: Connection, device_id: str, command_id: str, result: str) -> None:
        """A device says what became of a command; words about commands not known here change nothing."""
        try:
            outbox_id = UUID(command_id)
        except ValueError:
            return
        done = result == "DONE"
        row = conn.execute(
            SQL["finish_command"],
            {"id": outbox_id, "device_id": device_id, "done": done, "error": None if done else result},
        ).fetchone()
        if row is None or "signal" not in row["payload"]:
            return
        conn.execute(
            SQL["insert_event"],
            {
                "incident_id": row["incident_id"],
                "at": now(conn),
                "actor": "device",
                "kind": "command_done",
                "data": Jsonb({"light": row["payload"]["signal"]["light"], "result": result}),
            },
        )

    def _open(self, conn: Connection, report: Report) -> UUID:
        at = now(conn)
        contract = conn.execute(
            SQL["contract_of_device" if report.device_id else "contract_of_holder"],
            {
                "device_id": report.device_id,
                "holder_id": report.holder_id,
                "on": at.astimezone(JAPAN_TIME).date(),
            },
        ).fetchone()
        flags = set(report.flags)
        where = find(conn, report.device_id, report.position, report.at)
        facts = where.facts(conn) if where is not None else None
        if where is None:
            flags.add("no_position")
        if contract is None or contract["policy_id"] is None:
            flags.add("no_policy")
        elif not contract["policy_valid"]:
            flags.add("policy_lapsed")
        if report.late:
            flags.add("late")
        plan_version, plan = self._plans.current(conn)
        values: dict[str, Any] = contract or {}
        reach = Reach(values.get("reach") or Reach.VOICE)
        road = facts.road.kind if facts is not None else RoadKind.UNKNOWN
        opened = Opened(at, report.trigger, report.severity, report.late, road, reach)
        decision = open_incident(opened, plan)
        incident_id = uuid4()
        placed: dict[str, Any] = {
            "id": incident_id,
            "lat_deg": None,
            "lon_deg": None,
            "at": None,
            "place": None,
        }
        if where is not None and facts is not None:
            placed = where.columns(incident_id, facts)
        conn.execute(
            SQL["insert_incident"],
            placed
            | {
                "device_id": report.device_id,
                "vehicle_id": values.get("vehicle_id"),
                "policy_id": values.get("policy_id"),
                "holder_id": values.get("holder_id"),
                "plan_version": plan_version,
                "trigger": report.trigger,
                "severity": report.severity,
                "phase": decision.state.phase,
                "occurred_at": report.at,
                "opened_at": at,
                "flags": sorted(flags),
                "state": Jsonb(_STATE.dump_python(decision.state, mode="json")),
            },
        )
        ledger = Ledger(conn)
        hands = Hands(
            ledger,
            at,
            self._insurer,
            incident_id,
            report.device_id,
            values.get("holder_id"),
            where.position if where else None,
            plan.languages,
        )
        state = self._carry_out(hands, decision, plan, "device")
        ledger.add("save_states", {"id": incident_id, "at": at, **_columns(state)})
        ledger.flush()
        return incident_id

    def _begins_anew(self, conn: Connection, incident_id: UUID, report: Report) -> bool:
        row = conn.execute(SQL["lock_incident"], {"id": incident_id}).fetchone()
        if row is None:
            raise UnknownIncident(incident_id)
        state, plan = self.read(conn, row)
        return raises(state, _joined(report.at, report), plan)

    def _hands(self, ledger: Ledger, at: datetime, row: dict[str, Any], languages: Languages) -> Hands:
        position = None if row["lat_deg"] is None else Position(row["lat_deg"], row["lon_deg"])
        return Hands(
            ledger, at, self._insurer, row["id"], row["device_id"], row["holder_id"], position, languages
        )

    @staticmethod
    def _carry_out(hands: Hands, decision: Decision, plan: Plan, actor: str) -> State:
        """Write a decision down, and decide what its effects lead to within the same transaction."""
        following: deque[Event] = deque()
        while True:
            state = decision.state
            hands.write(decision.notes, actor)
            for effect in decision.effects:
                following.extend(apply(hands, plan, state, effect))
            if not following:
                return state
            decision, actor = decide(state, following.popleft(), plan), "system"


def now(conn: Connection) -> datetime:
    """The database's clock: the one time source of every decision."""
    row = conn.execute(SQL["now"]).fetchone()
    if row is None:
        raise AssertionError("SELECT gave no row")
    return row["now"]


def hint(conn: Connection) -> None:
    """Wake engine and streams. Only after a commit: inside the transaction it halves the commit rate."""
    conn.execute(SQL["hint"])


def device_of(conn: Connection, holder_id: UUID) -> str | None:
    """The device of a policyholder who has one only; what they say is then about that car."""
    row = conn.execute(SQL["device_of_holder"], {"holder_id": holder_id}).fetchone()
    return row["device_id"] if row is not None else None


def _joined(at: datetime, report: Report) -> Joined:
    return Joined(at, report.trigger, report.severity, report.late, report.revises)


def _columns(state: State) -> dict[str, Any]:
    return {
        "phase": state.phase,
        "road": state.road,
        "severity": state.severity,
        "answer": state.answer,
        "outcome": state.outcome,
        "taken_by": state.taken_by,
        "generation": state.generation,
        "merged_into": state.merged_into,
        "state": _STATE.dump_python(state, mode="json"),
    }
