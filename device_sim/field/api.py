"""The insurer's HTTP API as units and drivers use it: a token, JSON, and patience while it is down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx

from device_sim.process import sleep_unless

TIMEOUT_S: Final = 5.0
FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 5.0


class ApiDown(Exception):
    """No usable answer: not reachable, broken off, or a fault on the other side. Worth asking again."""


class ApiRefused(Exception):
    """The API said no: `status` 4xx with its words. 409 means that our view was stale."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"HTTP {status}: {detail}")
        self.status = status


async def keep_turning(
    turn: Callable[[float], Awaitable[None]], stop: asyncio.Event, poll_s: float, say: Callable[..., None]
) -> None:
    """Take turn after turn, `poll_s` real seconds apart, until told to stop.

    A turn gets the monotonic time. While the API is down or refuses, the waits double from 0.2 s
    to 5 s, and a trouble is said once: `say("api_down" or "refused", detail=…)`.
    """
    wait_s, trouble = FIRST_WAIT_S, ""
    while not stop.is_set():
        try:
            await turn(time.monotonic())
        except (ApiDown, ApiRefused) as error:
            if str(error) != trouble:
                trouble = str(error)
                say("api_down" if isinstance(error, ApiDown) else "refused", detail=trouble)
            await sleep_unless(stop, wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        else:
            wait_s, trouble = FIRST_WAIT_S, ""
            await sleep_unless(stop, poll_s)


class Api:
    """One party's access. `on_contact` is called after every answer that was not a failure."""

    def __init__(
        self, client: httpx.AsyncClient, api_url: str, token: str, on_contact: Callable[[], None]
    ) -> None:
        self._client = client
        self._url = api_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._on_contact = on_contact

    async def get(self, path: str) -> dict[str, Any]:
        """Read; raises as `send`."""
        return await self._request("GET", path, None)

    async def send(self, method: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Change something.

        Raises:
            ApiDown: no usable answer; the change may or may not have happened.
            ApiRefused: the API does not want it.
        """
        return await self._request(method, path, body)

    async def _request(self, method: str, path: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        try:
            answer = await self._client.request(
                method, self._url + path, json=body, headers=self._headers, timeout=TIMEOUT_S
            )
        except httpx.TransportError as error:
            raise ApiDown(f"{type(error).__name__}: {error}") from None
        if 400 <= answer.status_code < 500:
            raise ApiRefused(answer.status_code, _detail(answer))
        if not answer.is_success:
            raise ApiDown(f"HTTP {answer.status_code}")
        try:
            value: object = answer.json() if answer.content else {}
        except ValueError:
            raise ApiDown(f"{method} {path} did not answer with JSON") from None
        if not isinstance(value, dict):
            raise ApiDown(f"{method} {path} did not answer with an object")
        self._on_contact()
        return value  # pyright: ignore[reportUnknownVariableType] JSON


def _detail(answer: httpx.Response) -> str:
    try:
        problem: object = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(problem.get("detail", problem)) if isinstance(problem, dict) else str(problem)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] JSON
