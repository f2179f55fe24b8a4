"""A device's connection over time: back-off, reconnecting, what is sent and what is awaited."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from device_sim.device.core import DeviceCore
from device_sim.device.link import Accepted, Broker, Delivered, Identity, Link, LinkEvent, Lost, Received

Opener = Callable[[Callable[[], None]], "Future[None]"]
"""Runs a blocking function somewhere and says when it is done."""

ACCEPTED_WITHIN_S: Final = 10.0
ACKNOWLEDGED_WITHIN_S: Final = 20.0
_LONGEST_S: Final = 60.0
_PING_EVERY_S: Final = 1.0


class Backoff:
    """Seconds to wait before the next attempt: 1, 2, 4 .. 60, each times 0.5 to 1.

    The jitter keeps a fleet that lost its broker from coming back all at once.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._attempts = 0

    def next_s(self) -> float:
        """The wait after one more failure."""
        longest = min(_LONGEST_S, 2.0**self._attempts)
        self._attempts = min(self._attempts + 1, 16)
        return longest * self._rng.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Something was delivered: start from the beginning."""
        self._attempts = 0


class Session:
    """Keeps a device core connected; `now_s` is any monotonic clock, the same in every call."""

    def __init__(
        self,
        core: DeviceCore,
        broker: Broker,
        identity: Identity,
        opener: Opener,
        *,
        rng: random.Random | None = None,
        first_at_s: float = 0.0,
    ) -> None:
        self._core = core
        self._broker = broker
        self._identity = identity
        self._opener = opener
        self._backoff = Backoff(rng or random.Random())  # noqa: S311 (jitter, no secret)
        self._link: Link | None = None
        self._opening: Future[None] | None = None
        self._retry_at_s = first_at_s
        self._accepted_by_s = 0.0
        self._accepted = False
        self._ping_at_s = 0.0
        self._sent_s: dict[int, float] = {}

    @property
    def link(self) -> Link | None:
        """The connection to wait for, once its socket is open."""
        return None if self._opening is not None else self._link

    def step(self, now_s: float, uptime_ms: float) -> None:
        """Do all that can be done now: connect, take in what came, hand out messages."""
        if self._opening is not None and self._opening.done():
            self._opened(now_s, uptime_ms)
        if self._link is None and now_s >= self._retry_at_s:
            self._open(uptime_ms)
        if self.link is not None:
            self._take_in(self.link, now_s, uptime_ms)
        if self.link is not None:
            self._look_after(self.link, now_s, uptime_ms)
            self._hand_out(self.link, now_s, uptime_ms)

    def due_s(self) -> float:
        """When to step next at the latest, apart from the core, the socket and the opener's own news."""
        if self._opening is not None:
            return float("inf")
        return self._retry_at_s if self._link is None else self._ping_at_s

    def offline(self, now_s: float, for_s: float, uptime_ms: float) -> None:
        """No coverage for a while: the connection breaks without a word, and none can be made."""
        self._drop(now_s, uptime_ms, "no coverage")
        self._backoff.reset()
        self._retry_at_s = now_s + for_s + self._backoff.next_s()

    def end(self) -> None:
        """Disconnect in order, or give up an attempt under way."""
        link, opening = self._link, self._opening
        self._link = self._opening = None
        if link is None:
            return
        if opening is not None:
            opening.add_done_callback(lambda _: link.cut())
        else:
            link.disconnect()

    def _open(self, uptime_ms: float) -> None:
        link = Link(self._broker, self._identity, self._core.connecting(uptime_ms))
        self._link, self._accepted = link, False
        self._opening = self._opener(link.open)

    def _opened(self, now_s: float, uptime_ms: float) -> None:
        error = self._opening.exception() if self._opening else None
        self._opening = None
        self._accepted_by_s = now_s + ACCEPTED_WITHIN_S
        self._ping_at_s = now_s + _PING_EVERY_S
        if isinstance(error, OSError):
            self._drop(now_s, uptime_ms, f"unreachable: {error}")
        elif error is not None:
            raise error

    def _take_in(self, link: Link, now_s: float, uptime_ms: float) -> None:
        for event in link.drain():
            if self._link is link:
                self._handle(event, now_s, uptime_ms)

    def _handle(self, event: LinkEvent, now_s: float, uptime_ms: float) -> None:
        match event:
            case Accepted():
                self._accepted = True
                self._core.connected(uptime_ms)
            case Delivered(sequence):
                self._backoff.reset()
                self._sent_s.pop(sequence, None)
                self._core.delivered(sequence)
            case Received(payload):
                self._core.command(payload, uptime_ms)
            case Lost(reason):
                self._drop(now_s, uptime_ms, reason)

    def _look_after(self, link: Link, now_s: float, uptime_ms: float) -> None:
        if not self._accepted and now_s > self._accepted_by_s:
            self._drop(now_s, uptime_ms, "not accepted in time")
        elif self._sent_s and now_s - next(iter(self._sent_s.values())) > ACKNOWLEDGED_WITHIN_S:
            self._drop(now_s, uptime_ms, "not acknowledged in time")
        elif now_s >= self._ping_at_s:
            self._ping_at_s = now_s + _PING_EVERY_S
            link.keep_alive()

    def _hand_out(self, link: Link, now_s: float, uptime_ms: float) -> None:
        if self._link is not link:
            return
        for message in self._core.outgoing(uptime_ms):
            self._sent_s[message.sequence] = now_s
            link.publish(message)

    def _drop(self, now_s: float, uptime_ms: float, reason: str) -> None:
        link, opening = self._link, self._opening
        self._link = self._opening = None
        self._sent_s.clear()
        self._retry_at_s = now_s + self._backoff.next_s()
        if link is None:
            return
        if opening is not None:
            opening.add_done_callback(lambda _: link.cut())
        else:
            link.cut()
        self._core.disconnected(uptime_ms, reason)
