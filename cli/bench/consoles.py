"""More consoles that follow the same events, without a browser: each with a stream, and asking for what changed."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import httpx

from runtime.settings import Settings

_SPAWN: Final = multiprocessing.get_context("spawn")
_GATHER_S: Final = 0.2
_AT_ONCE: Final = 100
_INCIDENT: Final = re.compile(rb'"position":(\d+),"incident_id":"([0-9a-f-]{36})"')


@contextmanager
def watching(settings: Settings, many: int) -> Generator[None]:
    """So many consoles, in a process of their own."""
    if not many:
        yield
        return
    token = next(iter(settings.operator_tokens.values())).get_secret_value()
    process = _SPAWN.Process(target=_watch, args=(settings.nearest_api_url, token, many), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(10.0)


def _watch(address: str, token: str, many: int) -> None:
    async def all_of_them() -> None:
        async with httpx.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(30.0),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        ) as client:
            await asyncio.gather(*(_console(client) for _ in range(many)))

    asyncio.run(all_of_them())


async def _console(client: httpx.AsyncClient) -> None:
    """One console: the whole queue, then the stream, and what it tells of, gathered."""
    queue = await client.get("/v1/queue")
    position = queue.json()["position"]
    changed: dict[bytes, int] = {}
    async with client.stream("GET", f"/v1/stream?after={position}") as stream:
        asking = asyncio.ensure_future(_ask(client, changed))
        try:
            async for chunk in stream.aiter_bytes():
                for at, found in _INCIDENT.findall(chunk):
                    changed[found] = int(at)
        finally:
            asking.cancel()


async def _ask(client: httpx.AsyncClient, changed: dict[bytes, int]) -> None:
    while True:
        await asyncio.sleep(_GATHER_S)
        if not changed:
            continue
        ids = list(changed)[:_AT_ONCE]
        seen = max(changed.pop(found) for found in ids)
        with suppress(httpx.HTTPError):
            await client.get("/v1/queue", params={"ids": [found.decode() for found in ids], "seen": seen})
