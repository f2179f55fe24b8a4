"""Looking for incidents, those that ended as well."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api import history, sheet
from api.access import Reason, log_access
from api.auth import Exporter, Reader
from api.context import Context, Here
from api.errors import Problem, problems
from api.history import History, Page, TooMany, Wanted
from incident.service import UnknownIncident
from incident.wording.refusals import Refusal
from runtime.database import Connection

_AT_ONCE: Final = 1000
router: Final = APIRouter(prefix="/v1", tags=["incidents"])
_COLUMNS: Final = (
    *("opened_at", "closed_at", "id", "trigger", "severity", "phase", "answer", "outcome", "taken_by"),
    *("device_id", "policy_id", "place"),
)


@router.get(
    "/history",
    operation_id="find_incidents",
    summary="Look for incidents",
    responses=problems(401, 403),
)
def find_incidents(
    here: Here, who: Reader, wanted: Annotated[Page, Query()], reason: Reason = None
) -> History:
    """Newest first, those that ended as well. Looking for a policy, a device, a car or a person is logged."""
    with here.transaction() as conn:
        found = _find(conn, wanted, before=wanted.before, limit=wanted.limit)
        if wanted.whose:
            log_access(conn, who, "history.search", wanted.whose, reason)
    return found


@router.get(
    "/history.csv",
    operation_id="save_incidents",
    summary="Take the incidents found away as a file",
    responses={
        200: {
            "content": {"text/csv": {"schema": {"type": "string"}, "example": "id,opened_at,…"}},
            "description": "All of them.",
        }
    }
    | problems(401, 403),
    response_class=StreamingResponse,
)
def save_incidents(
    here: Here, who: Exporter, wanted: Annotated[Wanted, Query()], reason: Reason = None
) -> StreamingResponse:
    """Every incident that was looked for, as CSV. It is logged."""
    with here.transaction() as conn:
        first = _find(conn, wanted, before=None, limit=_AT_ONCE)
        log_access(conn, who, "history.export", _words(wanted), reason)
    return sheet.download("incidents.csv", _COLUMNS, _rows(here, wanted, first))


def _rows(here: Context, wanted: Wanted, found: History) -> Iterator[list[object]]:
    while True:
        for one in found.incidents:
            cells = one.model_dump(include=set(_COLUMNS)) | {"place": one.place.ja if one.place else None}
            yield [cells[name] for name in _COLUMNS]
        if not found.more:
            return
        with here.transaction() as conn:
            found = history.find(conn, wanted, before=found.incidents[-1].id, limit=_AT_ONCE)


def _find(conn: Connection, wanted: Wanted, *, before: UUID | None, limit: int) -> History:
    try:
        return history.find(conn, wanted, before=before, limit=limit)
    except UnknownIncident:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "query.before: there is no such incident") from None
    except TooMany:
        why = Refusal.TOO_MANY_FIT.of(most=history.MOST_PEOPLE)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, why) from None


def _words(wanted: Wanted) -> str:
    told = wanted.model_dump(mode="json", exclude_none=True)
    return ", ".join(f"{key} {value}" for key, value in told.items()) or "all"
