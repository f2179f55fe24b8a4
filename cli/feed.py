"""What happens to incidents, as it happens: follows the API's event stream through restarts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Final

import httpx

_LOOK_UP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One line of an incident's record."""

    position: int
    incident_id: str
    at: datetime
    actor: str
    kind: str
    data: dict[str, Any]


class Feed:
    """Reads the stream in a thread of its own; a lost connection is resumed without gap or repeat."""

    def __init__(self, api_url: str, token: str, *, after: int | None = None) -> None:
        self._url = f"{api_url}/v1/stream"
        self._token = token
        self._after = after
        self._events: SimpleQueue[FeedEvent] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading; returns once the connection is closed."""
        self._stopping.set()
        self._thread.join()

    def take(self, wait_s: float = 0.0) -> Iterator[FeedEvent]:
        """What has come since the last time; waits for the first."""
        try:
            yield self._events.get(timeout=wait_s) if wait_s else self._events.get_nowait()
            while True:
                yield self._events.get_nowait()
        except Empty:
            return

    def _follow(self) -> None:
        while not self._stopping.is_set():
            headers = {"Authorization": f"Bearer {self._token}"}
            if self._after is not None:
                headers["Last-Event-ID"] = str(self._after)
            try:
                with (
                    httpx.Client(timeout=httpx.Timeout(5.0, read=_LOOK_UP_S), trust_env=False) as client,
                    client.stream("GET", self._url, headers=headers) as response,
                ):
                    response.raise_for_status()
                    if self._after is None:
                        self._after = int(response.headers["X-Stream-Position"])
                    self._read(response)
            except httpx.ReadTimeout:
                continue  # nothing happened for a moment: look whether to stop, and go on from there
            except httpx.HTTPError:
                self._stopping.wait(0.3)

    def _read(self, response: httpx.Response) -> None:
        for line in response.iter_lines():
            if self._stopping.is_set():
                return
            if not line.startswith("data:"):
                continue
            raw = json.loads(line.removeprefix("data:"))
            self._after = int(raw["position"])
            self._events.put(
                FeedEvent(
                    self._after,
                    raw["incident_id"],
                    datetime.fromisoformat(raw["at"]),
                    raw["actor"],
                    raw["kind"],
                    raw["data"],
                )
            )
