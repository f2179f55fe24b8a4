"""Following the stream, without a database: the seam between what is read and what is live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from api.stream import PAGE, Entry, Hub, Subscriber, follow, send_stream


def entry(position: int) -> Entry:
    return Entry(position, f"<{position}>".encode())


class Store:
    """Positions 1 to `end`, handed out in pages; `on_read` happens after each page was taken."""

    def __init__(self, end: int, on_read: Callable[[], Any] = lambda: None) -> None:
        self.end, self.reads, self._on_read = end, 0, on_read

    async def page_after(self, after: int) -> list[Entry]:
        page = [entry(position) for position in range(after + 1, min(self.end, after + PAGE) + 1)]
        self.reads += 1
        self._on_read()
        return page


async def take(chunks: AsyncGenerator[bytes], until: int) -> list[int]:
    """Positions in the stream, up to one of them."""
    text = ""
    async for chunk in chunks:
        text += chunk.decode()
        if f"<{until}>" in text:
            break
    return [int(word.rstrip(">")) for word in text.replace(": connected\n\n", "").split("<")[1:]]


def begun(position: int) -> Hub:
    hub = Hub()
    hub.begin(position)
    return hub


@pytest.mark.parametrize("behind", [0, 1, 3, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 3 * PAGE + 7])
def test_what_lies_behind_is_read_and_what_comes_is_added(behind: int) -> None:
    async def run() -> None:
        hub, store = begun(behind), Store(behind)
        chunks = follow(hub, Subscriber(), store.page_after, 0)
        reading = asyncio.ensure_future(take(chunks, behind + 2))
        await asyncio.sleep(0.02)
        assert hub.listeners
        hub.publish([entry(behind + 1)])
        hub.publish([entry(behind + 2)])
        assert await reading == list(range(1, behind + 3))
        await chunks.aclose()
        assert not hub.listeners

    asyncio.run(run())


@pytest.mark.parametrize("at_read", [1, 2, 3])
def test_what_comes_between_reading_and_listening_is_neither_lost_nor_repeated(at_read: int) -> None:
    async def run() -> None:
        hub = begun(5)

        def arrives() -> None:
            # Committed and published right after a page was read: it is in no page read so far.
            if store.reads == at_read:
                store.end += 1
                hub.publish([entry(store.end)])

        store = Store(5, arrives)
        chunks = follow(hub, Subscriber(), store.page_after, 0)
        reading = asyncio.ensure_future(take(chunks, 7))
        await asyncio.sleep(0.01)
        while store.end < 7:
            store.end += 1
            hub.publish([entry(store.end)])
            await asyncio.sleep(0)
        assert await reading == [1, 2, 3, 4, 5, 6, 7]
        await chunks.aclose()

    asyncio.run(asyncio.wait_for(run(), 5))


def test_what_the_database_has_before_the_hub_has_it_comes_once() -> None:
    async def run() -> None:
        hub, store = begun(3), Store(6)  # the reader has not come to 4, 5 and 6 yet
        chunks = follow(hub, Subscriber(), store.page_after, 0)
        reading = asyncio.ensure_future(take(chunks, 7))
        await asyncio.sleep(0.01)
        for position in (4, 5, 6, 7):
            hub.publish([entry(position)])
        assert await reading == [1, 2, 3, 4, 5, 6, 7]
        await chunks.aclose()

    asyncio.run(asyncio.wait_for(run(), 5))


def test_in_quiet_times_a_comment_comes() -> None:
    async def run() -> None:
        chunks = follow(begun(0), Subscriber(), Store(0).page_after, 0, heartbeat_s=0.01)
        assert [await anext(chunks) for _ in range(3)] == [
            b": connected\n\n",
            b": heartbeat\n\n",
            b": heartbeat\n\n",
        ]
        await chunks.aclose()

    asyncio.run(run())


def test_who_does_not_keep_up_is_let_go() -> None:
    async def run() -> None:
        hub, slow = begun(0), Subscriber()
        hub.join(slow)
        hub.publish([entry(position) for position in range(1, slow.queue.maxsize + 1)])
        assert not slow.ended.is_set()
        hub.publish([entry(slow.queue.maxsize + 1)])
        assert slow.ended.is_set()

    asyncio.run(run())


def test_closing_ends_everybody_and_whoever_comes_late() -> None:
    async def run() -> None:
        hub, early, late = begun(0), Subscriber(), Subscriber()
        hub.join(early)
        hub.close()
        hub.join(late)
        assert early.ended.is_set()
        assert late.ended.is_set()

    asyncio.run(run())


def run_response(
    chunks: AsyncGenerator[bytes],
    ended: asyncio.Event,
    receive: Callable[[], Awaitable[Any]],
    *,
    blocked: bool = False,
) -> Awaitable[list[Any]]:
    async def run() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)
            if blocked:
                await asyncio.Event().wait()

        await asyncio.wait_for(send_stream(chunks, ended, receive, send), 5)
        return sent

    return run()


async def never() -> Any:
    await asyncio.Event().wait()


async def disconnect() -> Any:
    await asyncio.sleep(0.01)
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("how", ["ended", "disconnected", "failed", "deaf"])
def test_a_response_comes_to_its_end_however_it_ends(how: str) -> None:
    closed = False

    async def chunks() -> AsyncGenerator[bytes]:
        nonlocal closed
        try:
            yield b"a"
            if how == "failed":
                raise OSError
            await asyncio.Event().wait()
        finally:
            closed = True

    async def run() -> list[Any]:
        ended = asyncio.Event()
        if how in ("ended", "deaf"):
            asyncio.get_running_loop().call_later(0.02, ended.set)
        receive = disconnect if how == "disconnected" else never
        return await run_response(chunks(), ended, receive, blocked=how == "deaf")

    sent = asyncio.run(run())
    assert closed
    assert [message["body"] for message in sent] == [b"a", b""]
    assert sent[-1]["more_body"] is False
