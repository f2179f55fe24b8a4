"""The live stream of everything that happens, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import Annotated, Final

import psycopg
from fastapi import APIRouter, Header, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api import sessions
from api.auth import Watcher
from api.context import Context, Here
from api.errors import Problem, problems
from api.rights import RIGHTS, Right
from api.sessions import Session
from api.stream import Entry, Subscriber, follow, now_or, read_end, read_page, send_stream

router: Final = APIRouter(prefix="/v1", tags=["incidents"])
_BEGIN_S: Final = 3.0
_SESSION_CHECK_S: Final = 5.0
_EXAMPLE: Final = """: connected

id: 42
event: taken
data: {"position":42,"incident_id":"0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11","at":"2026-10-01T03:00:04.512Z",\
"actor":"operator:sato","kind":"taken","data":{"operator":"sato"}}

: heartbeat

"""


class EventStream(Response):
    """Server-sent events behind a position."""

    media_type = "text/event-stream"

    def __init__(self, here: Context, after: int, session: Session | None) -> None:
        super().__init__(headers={"X-Stream-Position": str(after), "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._here, self._after, self._session = here, after, session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send until either side ends it."""
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
        subscriber = Subscriber()
        chunks = follow(self._here.hub, subscriber, self._page_after, self._after)
        watch = asyncio.ensure_future(self._end_with_session(subscriber))
        try:
            await send_stream(chunks, subscriber.ended, receive, send)
        finally:
            watch.cancel()

    async def _end_with_session(self, subscriber: Subscriber) -> None:
        """End when its listener signs out or is shut out; meanwhile, the session counts as heard of."""
        while self._session is not None:
            await asyncio.sleep(_SESSION_CHECK_S)
            # Without a database nothing happens in the stream either.
            with contextlib.suppress(psycopg.Error):
                if not await run_in_threadpool(_may_listen, self._here, self._session):
                    subscriber.ended.set()
                    return

    async def _page_after(self, position: int) -> list[Entry]:
        return await run_in_threadpool(_read_page, self._here, position)


@router.get(
    "/stream",
    operation_id="stream_events",
    summary="Follow events live",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: id is the position, event the kind, data a StreamEvent. A comment "
            "comes every 15 s. X-Stream-Position tells behind which position it begins.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    }
    | problems(401, 403),
)
async def stream_events(
    here: Here,
    who: Watcher,
    last_event_id: Annotated[
        int | None, Header(ge=0, description="Resume behind this position; goes before `after`.")
    ] = None,
    after: Annotated[int | None, Query(ge=0, description="Begin behind this position; default: now.")] = None,
) -> EventStream:
    """Every event of every incident, in one order, without gap or repeat across reconnections.

    A listener who reads too slowly is disconnected and may resume. A position that does not exist yet
    (of a database that was restored since) counts as now. It ends with the session it was asked for by.
    """
    try:
        async with asyncio.timeout(_BEGIN_S):
            await here.hub.begun()
    except TimeoutError:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "the stream cannot be read yet", headers={"Retry-After": "1"}
        ) from None
    end = await run_in_threadpool(_read_end, here)
    return EventStream(here, now_or(after if last_event_id is None else last_event_id, end), who.session)


def _may_listen(here: Context, session: Session) -> bool:
    with here.transaction() as conn:
        found = sessions.still(conn, session, here.settings)
    return found is not None and Right.WATCH in RIGHTS[found.role]


def _read_end(here: Context) -> int:
    with here.transaction() as conn:
        return read_end(conn)


def _read_page(here: Context, after: int) -> list[Entry]:
    with here.transaction() as conn:
        return read_page(conn, after)
