"""One thread that drives any number of devices: sockets, due times, calls from other threads."""

from __future__ import annotations

import heapq
import itertools
import queue
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from device_sim.device.link import Link

T = TypeVar("T")

_OPENERS = 16


class Member(Protocol):
    """Something the loop drives."""

    @property
    def link(self) -> Link | None:
        """The connection whose socket is to be watched."""
        ...

    def step(self, now_s: float) -> float:
        """Do what is due at a time of `time.monotonic`; returns when to be called again at the latest."""
        ...


class DeviceLoop:
    """Runs in the thread that calls `turn`; only `call` and `opener` are for any thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._executor = ThreadPoolExecutor(_OPENERS, thread_name_prefix="connect")
        self._members: list[Member] = []
        self._due: dict[Member, float] = {}
        self._heap: list[tuple[float, int, Member]] = []
        self._order = itertools.count()
        self._watched: dict[int, tuple[Member, Link, int]] = {}

    def add(self, member: Member) -> None:
        """Drive a member from now on."""
        self._members.append(member)
        self._schedule(member, 0.0)

    def opener(self, member: Callable[[], Member]) -> Callable[[Callable[[], None]], Future[None]]:
        """Runs blocking connects of a member in a thread, and steps the member when one is done."""

        def submit(connect: Callable[[], None]) -> Future[None]:
            future = self._executor.submit(connect)
            future.add_done_callback(lambda _: self._post(lambda: self._step(member())))
            return future

        return submit

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Run a function in the loop's thread."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001 (handed to the caller)
                future.set_exception(error)

        self._post(run)
        return future

    def turn(self, timeout_s: float) -> None:
        """Wait for something to happen, at most so long, and deal with it."""
        next_due = self._heap[0][0] if self._heap else float("inf")
        wait_s = min(timeout_s, max(0.0, next_due - time.monotonic()))
        for key, ready in self._selector.select(wait_s):
            if key.fd == self._wake_out.fileno():
                self._wake_out.recv(4096)
            elif key.fd in self._watched:
                member, link, _ = self._watched[key.fd]
                if ready & selectors.EVENT_READ:
                    link.readable()
                if ready & selectors.EVENT_WRITE and link.fileno is not None:
                    link.writable()
                self._step(member)
        while not self._calls.empty():
            self._calls.get_nowait()()
        now_s = time.monotonic()
        while self._heap and self._heap[0][0] <= now_s:
            due_s, _, member = heapq.heappop(self._heap)
            if self._due.get(member) == due_s:
                self._step(member)

    def close(self) -> None:
        """Let go of everything; the members' connections are theirs to end."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._selector.close()
        self._wake_out.close()
        self._wake_in.close()

    def _step(self, member: Member) -> None:
        if member in self._due:
            self._schedule(member, member.step(time.monotonic()))
            self._watch(member)

    def _schedule(self, member: Member, due_s: float) -> None:
        self._due[member] = due_s
        heapq.heappush(self._heap, (due_s, next(self._order), member))

    def _watch(self, member: Member) -> None:
        link = member.link
        fileno = link.fileno if link is not None else None
        if link is None or fileno is None:
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if link.wants_write else 0)
        watched = self._watched.get(fileno)
        if watched is None:
            link.closing = self._unwatch
            self._selector.register(fileno, wanted)
        elif watched[2] != wanted:
            self._selector.modify(fileno, wanted)
        self._watched[fileno] = (member, link, wanted)

    def _unwatch(self, fileno: int) -> None:
        if self._watched.pop(fileno, None) is not None:
            self._selector.unregister(fileno)

    def _post(self, function: Callable[[], None]) -> None:
        self._calls.put(function)
        try:
            self._wake_in.send(b"\0")
        except BlockingIOError:
            pass  # it will wake up anyway
        except OSError:
            pass  # the loop is closed
