"""The operators' queue: every incident that is not closed, as it stands, and from where the stream goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

from api import reading
from api.context import SQL
from api.fields import BothLanguages, examples
from api.shown import Shown
from api.views.detail import STANDING
from api.views.incident import AT, INCIDENT, IncidentView
from runtime.database import Connection
from schemas.incident import AmbulanceState, CallParty, RoadKind

MOST: Final = 5000
_AT: Final = TypeAdapter(datetime)
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


def queue(conn: Connection) -> bytes:
    """A QueueView of every open incident. What happens meanwhile comes by the stream, perhaps a second time."""
    position, at = _moment(conn)
    key = {"phase": None, "before_at": None, "before_id": UUID(int=0), "limit": MOST}
    ids = [row["id"] for row in conn.execute(SQL["open_incidents"], key).fetchall()]
    return _view(position, at, _rows(conn, ids).values())


def some(conn: Connection, shown: Shown, ids: Sequence[UUID], seen: int | None) -> bytes:
    """A QueueView of these incidents as they stand, closed ones as well; those that do not exist are left out.

    seen: the position of the last event the asker knows of: what was read a moment ago, and behind that event, will do.
    """
    position, at = _moment(conn)
    at_s = time.monotonic()
    known = shown.fresh(ids, seen=seen, at_s=at_s) if seen is not None else {}
    if lacking := [each for each in ids if each not in known]:
        read = _rows(conn, lacking)
        shown.keep(read, position=position, at_s=at_s)
        known |= read
    return _view(position, at, known.values())


def _moment(conn: Connection) -> tuple[int, datetime]:
    """How far the stream has come, and when that is. What is read later shows at least this."""
    row = conn.execute(SQL["stream_end"]).fetchone()
    if row is None:
        raise AssertionError("an aggregate gave no row")
    return row["position"], row["at"]


def _rows(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    return {
        row["id"]: QueueRow.model_validate(row).model_dump_json().encode()
        for row in reading.rows_of(conn, ids)
    }


def _view(position: int, at: datetime, rows: Iterable[bytes]) -> bytes:
    """A QueueView as JSON, of rows that are JSON already: to check a thousand anew takes as long as to read them."""
    return b'{"position":%d,"at":%b,"incidents":[%b]}' % (position, _AT.dump_json(at), b",".join(rows))
