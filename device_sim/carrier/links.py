"""A person with a browser: opens the page a text message links to, and sends its form."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

TRIES: Final = 10
PAUSE_S: Final = 1.0
PATIENCE_S: Final = 10.0
"""Real seconds, as everywhere in HTTP."""


class PageFailed(Exception):
    """The page could not be had, or did not take the answer."""


async def answer(client: httpx.AsyncClient, url: str, form: Mapping[str, str]) -> int:
    """Get the page, then post `form` to the same address, trying again as people do; the last HTTP status.

    Raises:
        PageFailed: the page says no, or nothing was heard of it however often it was tried.
    """
    reason = ""
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(PAUSE_S)
        try:
            page = await client.get(url, follow_redirects=True, timeout=PATIENCE_S)
            taken = page
            if page.is_success:
                taken = await client.post(url, data=dict(form), follow_redirects=True, timeout=PATIENCE_S)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            reason = f"{type(error).__name__}: {error}"
            continue
        if taken.is_success:
            return taken.status_code
        reason = f"HTTP {taken.status_code}"
        if taken.status_code < 500:
            break
    raise PageFailed(f"{url}: {reason}")
