"""Operators: the queue as a whole, for a console that shows all of it."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from api import queue
from api.auth import Watcher
from api.context import Here
from api.errors import problems
from api.packed import packed
from api.queue import QueueView

router: Final = APIRouter(prefix="/v1/queue", tags=["incidents"])


@router.get(
    "",
    operation_id="get_queue",
    summary="See the whole queue",
    response_model=QueueView,
    responses=problems(401, 403),
)
def get_queue(
    here: Here,
    _: Watcher,
    ids: Annotated[
        list[UUID] | None,
        Query(max_length=200, description="Only these, closed ones as well: what the stream told of."),
    ] = None,
    seen: Annotated[
        int | None,
        Query(
            ge=0,
            description="With ids: the position of the last event known of them. A row that was read a moment ago for "
            "somebody else, and behind that event, will do. Without, each is read anew.",
        ),
    ] = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Every open incident as it stands, and the position behind which the stream goes on from there."""
    with here.transaction() as conn:
        body = queue.queue(conn) if ids is None else queue.some(conn, here.hub.shown, ids, seen)
    return packed(body, "application/json", accept_encoding)
