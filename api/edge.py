"""Around every request: its size and time are limited, it is counted, and one line is logged.

The line and the figures name the route's template, never the address itself, its query, a
token or a body.
"""

from __future__ import annotations

import asyncio
import re
import time
from http import HTTPStatus
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, respond

LARGEST_BODY: Final = 64 * 2**10
LARGEST_PHOTO: Final = 5 * 2**20
_PHOTOS: Final = re.compile(r"/v1/unit/dispatches/[^/]+/photos")
_BODY_S: Final = 10.0
_HEADERS: Final = (
    (b"cache-control", b"no-store"),  # almost every answer holds somebody's data
    (b"x-content-type-options", b"nosniff"),
)
_QUIET: Final = ("/healthz", "/readyz", "/metrics")


class Edge:
    """ASGI middleware. `body_s` is how long a request's body may take to arrive."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, body_s: float = _BODY_S) -> None:
        self._app = app
        self._body_s = body_s
        self._log = structlog.get_logger(role="api")
        self._requests = Counter(
            "cbutton_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "cbutton_http_request_seconds", "Time to answer.", ("method", "route"), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        status = 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                told = {name for name, _ in message["headers"]}
                ours = [header for header in _HEADERS if header[0] not in told]
                message = {**message, "headers": [*message["headers"], *ours]}
            await send(message)

        try:
            body = await self._body(scope, receive)
            if isinstance(body, Problem):
                await respond(body)(scope, receive, send_on)
            elif body is not None:
                await self._app(scope, _replay(body, receive), send_on)
            else:
                status = 499  # gone before the request was complete; nobody is there to answer
        finally:
            self._record(scope, status, time.perf_counter() - started_s)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Problem | None:
        """The whole body; a problem if it is too large or too slow; None if the asker has gone."""
        headers = dict(scope["headers"])
        # Photos only, and from somebody who at least shows a token: whether it is good is seen once it is here.
        photo = _PHOTOS.fullmatch(scope["path"]) is not None and b"authorization" in headers
        largest = LARGEST_PHOTO if photo else LARGEST_BODY
        too_large = Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a request may have {largest} bytes",
            headers={"Connection": "close"},
        )
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > largest:
            return too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > largest:
                        return too_large
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            return Problem(
                HTTPStatus.REQUEST_TIMEOUT, "the request took too long", headers={"Connection": "close"}
            )

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        template = str(getattr(route, "path", "unmatched"))
        method = scope["method"] if template != "unmatched" else "any"
        self._requests.labels(method, template, str(status)).inc()
        self._seconds.labels(method, template).observe(seconds)
        write = self._log.debug if template in _QUIET else self._log.info
        write("request", method=method, route=template, status=status, ms=round(seconds * 1000, 1))


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body once, and then what comes after it."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message
