"""One incident is merged into another, or taken up again: the door for what is about more than one incident.

Devices are locked before incidents, and incidents in the order of their ids: two of these never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from incident import service
from incident.escalation import merging
from incident.escalation.commands import Merge, Reopen
from incident.escalation.events import Event, Placed
from incident.escalation.refusal import CommandRefused
from incident.service import Incidents, UnknownIncident
from incident.wording.refusals import Refusal, incident
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Phase

SQL: Final = Queries("incident.record", "merged.sql")


def merge(
    conn: Connection,
    incidents: Incidents,
    incident_id: UUID,
    into: UUID,
    *,
    operator: str,
    note_id: UUID | None,
) -> None:
    """End an incident as being about the same as another, in the caller's transaction.

    `note_id` is where the reason is written; None without one. Merged there already, nothing changes.
    Raises UnknownIncident and CommandRefused.
    """
    parties = _lock(conn, [incident_id, into])
    one, other = parties.get(incident_id), parties.get(into)
    if one is None or other is None:
        raise UnknownIncident(incident_id if one is None else into)
    if one["merged_into"] == into:
        return
    row, other_row = _locked(conn, incident_id), _locked(conn, into)
    state, _ = incidents.read(conn, row)
    other_state, plan = incidents.read(conn, other_row)
    policies = {one["policy_id"], other["policy_id"]} - {None}
    why = Refusal.INTO_ITSELF.of() if incident_id == into else None
    if why is None and len(policies) > 1 and note_id is None:
        why = Refusal.TWO_POLICIES.of()
    if why is None and state.phase is not Phase.CLOSED:
        why = merging.obstacle(state, other_state, plan)
    if why is not None:
        raise CommandRefused("Merge", state.phase, why)
    actor = f"operator:{operator}"
    at = service.now(conn)
    reason = str(note_id) if note_id is not None else None
    event = Merge(at, operator, str(into), merging.goes_over(state, other_state), reason)
    absorbed = merging.absorbed(event, str(incident_id), state)
    incidents.handle(conn, into, lambda _: merging.makes_room(other_state, event), actor=actor)
    incidents.handle(conn, incident_id, lambda _: event, actor=actor)
    given = conn.execute(SQL["give_what_it_lacks"], {"id": into, "merged": incident_id}).fetchone()
    events: list[Event] = list(merging.after(state, other_state, absorbed))
    if given is not None and other_row["lat_deg"] is None and row["lat_deg"] is not None:
        events.append(Placed(at))
    incidents.handle(conn, into, lambda _: events, actor=actor)


def reopen(
    conn: Connection, incidents: Incidents, incident_id: UUID, *, operator: str, note_id: UUID
) -> None:
    """Take a closed incident up again, in the caller's transaction. Raises UnknownIncident and CommandRefused."""
    parties = _lock(conn, [incident_id])
    if incident_id not in parties:
        raise UnknownIncident(incident_id)
    device_id = parties[incident_id]["device_id"]
    if device_id is not None and parties[incident_id]["phase"] == Phase.CLOSED:
        found = conn.execute(service.SQL["open_incident_of_device"], {"device_id": device_id}).fetchone()
        if found is not None:
            why = Refusal.CAR_HAS_ANOTHER.of(incident=incident(found["id"]))
            raise CommandRefused("Reopen", Phase.CLOSED, why)
    incidents.handle(
        conn,
        incident_id,
        lambda at: Reopen(at, operator, str(note_id)),
        actor=f"operator:{operator}",
    )


def _lock(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Lock devices, then incidents; the incidents as they stand under the locks, by id."""
    key = {"ids": list(ids)}
    for device in sorted(
        {row["device_id"] or "" for row in conn.execute(SQL["parties"], key).fetchall()} - {""}
    ):
        conn.execute(service.SQL["lock_device"], {"device_id": device})
    for incident_id in sorted(set(ids)):
        conn.execute(service.SQL["lock_incident"], {"id": incident_id})
    return {row["id"]: row for row in conn.execute(SQL["parties"], key).fetchall()}


def _locked(conn: Connection, incident_id: UUID) -> dict[str, Any]:
    row = conn.execute(service.SQL["lock_incident"], {"id": incident_id}).fetchone()
    if row is None:
        raise UnknownIncident(incident_id)
    return row
