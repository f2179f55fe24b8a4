"""The carrier's API down for a while: connections refused, requests that hang, or errors. Calls go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

How = Literal["refuse", "hang", "500"]


class Down(BaseModel):
    """For how long (real seconds), and how it shows. A restart of the carrier ends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    for_s: float = Field(gt=0)
    how: How = "refuse"


class Outage:
    """One per process. `refuse` and `accept` stop and resume listening."""

    def __init__(self) -> None:
        self.refuse: Callable[[], None] = _nothing
        self.accept: Callable[[], None] = _nothing
        self._down: Down | None = None
        self._over = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def how(self) -> How | None:
        """What a request meets now; None: an answer."""
        return None if self._down is None else self._down.how

    def begin(self, down: Down) -> None:
        """Go down; one that is going on is replaced."""
        self.end()
        self._down = down
        self._over.clear()
        self._timer = asyncio.get_running_loop().call_later(down.for_s, self.end)
        if down.how == "refuse":
            self.refuse()

    def end(self) -> None:
        """Be there again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._down is not None and self._down.how == "refuse":
            self.accept()
        self._down = None
        self._over.set()

    async def wait(self) -> None:
        """Until it is over."""
        await self._over.wait()


def _nothing() -> None:
    return None
