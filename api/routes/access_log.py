"""The access log, for whoever watches over who looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api import access_log, sheet
from api.access import Reason, log_access
from api.access_log import LogList, LogPage, LogWanted
from api.auth import AccessLogReader
from api.context import Context, Here
from api.errors import problems

router: Final = APIRouter(prefix="/v1", tags=["administration"])
_COLUMNS: Final = ("id", "at", "role", "name", "action", "object", "reason", "incident_id", "policy_id")
_AT_ONCE: Final = 1000


@router.get(
    "/access_log", operation_id="read_access_log", summary="Who looked at what", responses=problems(401, 403)
)
def read_access_log(
    here: Here, who: AccessLogReader, wanted: Annotated[LogPage, Query()], reason: Reason = None
) -> LogList:
    """Newest first. Looking at the log is logged as well; the line of this look is not yet among them."""
    with here.transaction() as conn:
        found = access_log.page(conn, wanted, before=wanted.before, limit=wanted.limit)
        log_access(conn, who, "access_log.read", _words(wanted), reason)
    return found


@router.get(
    "/access_log.csv",
    operation_id="save_access_log",
    summary="Take the log away as a file",
    responses={
        200: {
            "content": {"text/csv": {"schema": {"type": "string"}, "example": "at,actor,action,…"}},
            "description": "All of it.",
        }
    }
    | problems(401, 403),
    response_class=StreamingResponse,
)
def save_access_log(
    here: Here, who: AccessLogReader, wanted: Annotated[LogWanted, Query()], reason: Reason = None
) -> StreamingResponse:
    """Every line that was looked for, as CSV. It is logged."""
    with here.transaction() as conn:
        first = access_log.page(conn, wanted, before=None, limit=_AT_ONCE)
        log_access(conn, who, "access_log.export", _words(wanted), reason)
    return sheet.download("access-log.csv", _COLUMNS, _rows(here, wanted, first))


def _rows(here: Context, wanted: LogWanted, found: LogList) -> Iterator[list[object]]:
    while True:
        for one in found.entries:
            yield [getattr(one, name) for name in _COLUMNS]
        if not found.more:
            return
        with here.transaction() as conn:
            found = access_log.page(conn, wanted, before=found.entries[-1].id, limit=_AT_ONCE)


def _words(wanted: LogWanted) -> str:
    told = wanted.model_dump(mode="json", exclude_none=True, exclude={"before", "limit"})
    return ", ".join(f"{key} {value}" for key, value in told.items()) or "all"
