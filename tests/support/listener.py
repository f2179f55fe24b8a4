"""A listener to the event stream, as a browser is one."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from .backend import OPERATOR, until


class Listener:
    """Reads the stream of one address in a thread. `blocks` are events as (id, kind, data)."""

    def __init__(
        self,
        address: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> None:
        self.blocks: list[tuple[int, str, dict[str, Any]]] = []
        self.comments: list[str] = []
        self.status = 0
        self.begins_at = -1
        self.ended = threading.Event()
        self._limit = limit
        self._client = httpx.Client(timeout=httpx.Timeout(30.0), trust_env=False)
        self._request = self._client.build_request(
            "GET", f"{address}/v1/stream{query}", headers={**OPERATOR, **(headers or {})}
        )
        self._response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        until(lambda: self.comments or self.ended.is_set())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def positions(self) -> list[int]:
        return [position for position, _, _ in self.blocks]

    def stop(self) -> None:
        self._limit = 0
        if self._response is not None:
            # A blocked read ends only when the connection does.
            stream: Any = self._response.extensions["network_stream"]
            with contextlib.suppress(OSError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._client.close()

    def _read(self) -> None:
        try:
            self._response = response = self._client.send(self._request, stream=True)
            self.status = response.status_code
            self.begins_at = int(response.headers.get("x-stream-position", -1))
            block: list[str] = []
            for line in response.iter_lines():
                if line:
                    block.append(line)
                    continue
                self._take(block)
                block = []
                if self._limit is not None and len(self.blocks) >= self._limit:
                    break
            response.close()
        except (httpx.HTTPError, OSError):
            pass
        finally:
            self.ended.set()

    def _take(self, block: list[str]) -> None:
        if block and block[0].startswith(":"):
            self.comments.append(block[0])
        elif block:
            names = [line.partition(": ")[0] for line in block]
            assert names == ["id", "event", "data"], block
            number, kind, data = (line.partition(": ")[2] for line in block)
            self.blocks.append((int(number), kind, json.loads(data)))
