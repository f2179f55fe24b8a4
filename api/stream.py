"""The live stream of events: read once from the database, handed to every browser.

One thread a process reads new positions in order and hands them to the subscribers. Whoever
joins reads from the database first, up to where the thread has come, and is then fed from
its own queue: positions tell what was seen already, so there is neither gap nor repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from api.background import wait_for_hint
from api.sequencer import CHANNEL
from api.shown import Shown
from runtime.database import Connection
from runtime.sql import Queries

SQL = Queries("api")
PAGE: Final = 500
HEARTBEAT_S: Final = 15.0
_POLL_S: Final = 0.5
_QUEUE: Final = 2000
_LAST_WORDS_S: Final = 1.0


class StreamEvent(BaseModel):
    """One line of an incident's record, with its place among all lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "position": 42,
                    "incident_id": "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11",
                    "at": "2026-10-01T03:00:04.512Z",
                    "actor": "operator:sato",
                    "kind": "taken",
                    "data": {"operator": "sato"},
                }
            ]
        }
    )

    position: int
    incident_id: UUID
    at: AwareDatetime
    actor: str
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it goes to a browser."""

    position: int
    text: bytes
    incident_id: UUID | None = None


def read_page(conn: Connection, after: int) -> list[Entry]:
    """Up to PAGE entries beyond a position, in order."""
    rows = conn.execute(SQL["stream_page"], {"after": after, "limit": PAGE}).fetchall()
    return [_entry(row) for row in rows]


def read_end(conn: Connection) -> int:
    """The last position there is; 0 for none."""
    row = conn.execute(SQL["stream_end"]).fetchone()
    return int(row["position"]) if row is not None else 0


def _entry(row: dict[str, Any]) -> Entry:
    # How somebody has to be reached is nothing for every listener; the incident tells it to those who may know.
    row["data"].pop("reach", None)
    event = StreamEvent.model_construct(**row)
    text = f"id: {event.position}\nevent: {event.kind}\ndata: {event.model_dump_json()}\n\n"
    return Entry(event.position, text.encode(), event.incident_id)


class Subscriber:
    """One listener's queue. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Entry] = asyncio.Queue(_QUEUE)
        self.ended = asyncio.Event()

    def offer(self, entries: Sequence[Entry]) -> None:
        """Put entries into the queue; a listener too slow to empty it is let go, and may resume."""
        try:
            for entry in entries:
                self.queue.put_nowait(entry)
        except asyncio.QueueFull:
            self.ended.set()


class Hub:
    """All listeners of this process, and how far it has read. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.position = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun = asyncio.Event()
        self._closed = False
        self.listeners: set[Subscriber] = set()
        self.shown = Shown()

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say which event loop listeners live on."""
        self._loop = loop

    def call_soon(self, call: Callable[..., None], *arguments: object) -> None:
        """Run something on the event loop, from any thread; dropped when the loop is gone."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call, *arguments)

    def begin(self, position: int) -> None:
        """Reading starts behind this position."""
        self.position = position
        self.shown.begin(position)
        self._begun.set()

    def publish(self, entries: Sequence[Entry]) -> None:
        """Hand on what was read."""
        self.position = entries[-1].position
        # Before anybody hears of it, and asks for what changed.
        self.shown.happened([(each.position, each.incident_id) for each in entries if each.incident_id])
        for subscriber in tuple(self.listeners):
            subscriber.offer(entries)

    async def begun(self) -> None:
        """Wait until the database was reached for the first time."""
        await self._begun.wait()

    def join(self, subscriber: Subscriber) -> None:
        """Hand on to this listener what is read from now on."""
        self.listeners.add(subscriber)
        if self._closed:
            subscriber.ended.set()

    def leave(self, subscriber: Subscriber) -> None:
        """A listener has gone."""
        self.listeners.discard(subscriber)

    def close(self) -> None:
        """End every stream: this process is going down."""
        self._closed = True
        for subscriber in self.listeners:
            subscriber.ended.set()

    def close_soon(self) -> None:
        """The same, from any thread."""
        self.call_soon(self.close)


class Reader:
    """Reads new positions in a thread (`work`) and hands them to the hub on its event loop."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last: int | None = None

    def work(self, conn: Connection, stopping: threading.Event) -> None:
        """Read until stopped; continues where the lost connection before it had come to."""
        conn.execute("LISTEN " + CHANNEL)
        if self._last is None:
            self._last = read_end(conn)
            self._hub.call_soon(self._hub.begin, self._last)
        while not stopping.is_set():
            entries = read_page(conn, self._last)
            if entries:
                self._last = entries[-1].position
                self._hub.call_soon(self._hub.publish, entries)
            if len(entries) < PAGE:
                wait_for_hint(conn, stopping, _POLL_S)


async def follow(
    hub: Hub,
    subscriber: Subscriber,
    page_after: Callable[[int], Awaitable[list[Entry]]],
    after: int,
    *,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncGenerator[bytes]:
    """The text of a stream behind a position. The hub must have begun; raises what `page_after` raises."""
    yield b": connected\n\n"
    # From far behind the way is long: the queue would overflow meanwhile, so it is joined late.
    joined = False
    try:
        while True:
            page = await page_after(after) if after < hub.position or not joined else []
            if page:
                after = page[-1].position
                yield b"".join(entry.text for entry in page)
            elif joined:
                break
            if len(page) < PAGE and not joined:
                hub.join(subscriber)
                joined = True
        while True:
            waiting = await _next(subscriber, heartbeat_s)
            fresh = [entry for entry in waiting if entry.position > after]
            if fresh:
                after = fresh[-1].position
                yield b"".join(entry.text for entry in fresh)
            elif not waiting:
                yield b": heartbeat\n\n"
    finally:
        hub.leave(subscriber)


async def _next(subscriber: Subscriber, wait_s: float) -> list[Entry]:
    """What has come, waiting for the first; empty when nothing came for so long."""
    try:
        async with asyncio.timeout(wait_s):
            found = [await subscriber.queue.get()]
    except TimeoutError:
        return []
    while not subscriber.queue.empty():
        found.append(subscriber.queue.get_nowait())
    return found


Message = MutableMapping[str, Any]


async def send_stream(
    chunks: AsyncGenerator[bytes],
    ended: asyncio.Event,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Send chunks until they end, the listener leaves, or `ended` is set, whichever comes first."""

    async def send_all() -> None:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(work) for work in (send_all(), gone(), ended.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await chunks.aclose()
    # Somebody who does not read would never take the end of the response either.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS_S):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def now_or(after: int | None, end: int) -> int:
    """Where a stream begins: behind `after`, or now.

    A position beyond the end belongs to another database, as after a restore: then it is now, too.
    """
    return end if after is None else min(after, end)
