"""Requests that come too slowly, or not to their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from api.edge import Edge

SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "path": "/x", "headers": []}
PIECE = {"type": "http.request", "body": b"ab", "more_body": True}
LAST = {"type": "http.request", "body": b"c", "more_body": False}
GONE = {"type": "http.disconnect"}


def serve(
    *messages: dict[str, Any], headers: list[tuple[bytes, bytes]] | None = None
) -> tuple[Any, list[Any]]:
    """What the application received, and what was sent, when these messages come and then none."""
    received: list[Any] = []
    sent: list[Any] = []
    coming = list(messages)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        received.append(await receive())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        received.append(await receive())

    async def receive() -> Any:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    edge = Edge(application, CollectorRegistry(), body_s=0.05)
    asyncio.run(edge({**SCOPE, "headers": headers or []}, receive, send))
    return received, sent


def test_the_application_gets_the_whole_body_once_and_then_the_end() -> None:
    received, sent = serve(PIECE, PIECE, LAST, GONE)
    assert received == [{"type": "http.request", "body": b"ababc", "more_body": False}, GONE]
    assert [message["status"] for message in sent] == [204]


def test_a_body_that_stops_half_way_is_given_up() -> None:
    received, sent = serve(PIECE)
    assert received == []
    assert sent[0]["status"] == 408


def test_nobody_is_answered_who_has_gone() -> None:
    assert serve(PIECE, GONE) == ([], [])


@pytest.mark.parametrize("length", [b"65537", b"-1", b"x", b"99999999999999999999"])
def test_a_length_that_cannot_be_served_is_refused_unread(length: bytes) -> None:
    received, sent = serve(headers=[(b"content-length", length)])
    assert received == []
    assert sent[0]["status"] == 413
