"""What a unit in the field reports about the work it was offered."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from incident.dispatch import DispatchRefused, check_move
from incident.events import DispatchMoved, Event
from incident.service import SQL, Incidents
from runtime.database import Connection
from schemas.incident import DispatchKind, DispatchState


class NotYours(LookupError):
    """The dispatch does not exist, or was not offered to this unit."""


def report(
    conn: Connection,
    incidents: Incidents,
    unit_id: str,
    dispatch_id: UUID,
    wanted: DispatchState,
    *,
    eta_s: float | None = None,
    words: str | None = None,
) -> None:
    """Move a dispatch as its unit says; saying the present state again changes nothing.

    Raises NotYours, and DispatchRefused where the report does not fit the state.
    """
    owner = conn.execute(SQL["dispatch_of_unit"], {"id": dispatch_id, "unit_id": unit_id}).fetchone()
    if owner is None:
        raise NotYours(dispatch_id)

    def event_at(at: datetime) -> list[Event]:
        dispatch = conn.execute(SQL["lock_dispatch"], {"id": dispatch_id, "unit_id": unit_id}).fetchone()
        if dispatch is None:
            raise NotYours(dispatch_id)
        state, kind = DispatchState(dispatch["state"]), DispatchKind(dispatch["kind"])
        if state is wanted:
            return []
        check_move(state, wanted)
        eta_at = at + timedelta(seconds=eta_s) if eta_s is not None else None
        if wanted is DispatchState.DECLINED:
            conn.execute(SQL["reopen_dispatch"], {"id": dispatch_id})
        else:
            conn.execute(
                SQL["move_dispatch"],
                {"id": dispatch_id, "state": wanted, "at": at, "eta_at": eta_at, "report": words},
            )
        return [DispatchMoved(at, kind, wanted, unit_id, eta_at)]

    incidents.handle(conn, owner["incident_id"], event_at, actor=f"unit:{unit_id}")


__all__ = ["DispatchRefused", "NotYours", "report"]
