"""The operators' queue: every incident that is not closed, as it stands, and from where the stream goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api import reading
from api.context import SQL
from api.fields import BothLanguages, examples
from api.stream import read_end
from api.views import AT, INCIDENT, IncidentView
from api.views_detail import STANDING
from incident.service import now
from runtime.database import Connection
from schemas.incident import AmbulanceState, CallParty, RoadKind

MOST: Final = 5000
_ROW: Final[dict[str, Any]] = {**INCIDENT, **STANDING}


class QueueRow(IncidentView):
    """An incident in the queue."""

    model_config = examples(_ROW)

    place: BothLanguages | None = Field(description="Where it is in words; null without a position.")
    road: RoadKind
    ambulance: AmbulanceState | None
    waiting: list[CallParty] = Field(description="Those on a line who wait for a person.")
    on_line: str | None = Field(description="The operator who talks on its line now.")


class QueueView(BaseModel):
    """Open incidents, newest first."""

    model_config = examples({"position": 42, "at": AT, "incidents": [_ROW]})

    position: int = Field(description="Follow the stream behind this position: nothing is missed.")
    at: AwareDatetime = Field(description="The clock here, by which all times are told.")
    incidents: list[QueueRow]


def queue(conn: Connection) -> QueueView:
    """Every open incident. What happens meanwhile comes by the stream, perhaps a second time."""
    position = read_end(conn)
    key = {"phase": None, "before_at": None, "before_id": UUID(int=0), "limit": MOST}
    ids = [row["id"] for row in conn.execute(SQL["open_incidents"], key).fetchall()]
    return QueueView(position=position, at=now(conn), incidents=_rows(conn, ids))


def some(conn: Connection, ids: Sequence[UUID]) -> QueueView:
    """The incidents of these ids as they stand now, closed ones as well; those that do not exist are left out."""
    position = read_end(conn)
    return QueueView(position=position, at=now(conn), incidents=_rows(conn, ids))


def _rows(conn: Connection, ids: Sequence[UUID]) -> list[QueueRow]:
    return [QueueRow.model_validate(row) for row in reading.rows_of(conn, ids)]
