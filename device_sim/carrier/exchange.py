"""The telephone exchange: moves every call and message on at its time, and fetches documents.

What is decided lies in `device_sim.carrier.board`, `conversation` and their neighbours; here are the
clock, the journal and the network. Each move is committed before anything follows from it: a fetch or a
callback that was under way when the process was killed is done again after the restart, so
webhooks are delivered at least once, and no call is ever begun twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Final

import httpx

from device_sim.carrier import conversation, inbound, messages, ringing
from device_sim.carrier.board import Board, Moved
from device_sim.carrier.calls import Call, Fetch, Pace, Step, World
from device_sim.carrier.conferences import Conference
from device_sim.carrier.inbound import OurNumber, Ring, Text
from device_sim.carrier.journal import Journal, Record, Write
from device_sim.carrier.messages import Message
from device_sim.carrier.nastiness import REORDER_S, Delivery, Nastiness, deliveries, luck
from device_sim.carrier.orders import CallChange, CallOrder, MessageOrder, TwilioError
from device_sim.carrier.people import STRANGER, Person
from device_sim.carrier.post import Post
from device_sim.carrier.timeline import Change, Entry, Outgoing
from device_sim.carrier.webhooks import WebhookFailed, Webhooks
from device_sim.process import tell

IDLE_S: Final = 60.0
_UNSETTLED: Final = frozenset({"status", "conference", "detection"})
"""Requests that get lost, late, doubled and out of order; the others are asked for an answer, or are a person's."""


class Exchange:
    """One per process; all methods are called from its event loop."""

    def __init__(
        self,
        account_sid: str,
        journal: Journal,
        webhooks: Webhooks,
        browser: httpx.AsyncClient,
        *,
        people: dict[str, Person],
        number: OurNumber,
        pace: Pace,
        calls_per_s: float,
        nasty: Nastiness,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take up what the journal says is under way.

        `people` and `number` give way to what was changed while running.
        """
        self.people = people | journal.people()
        self.number = journal.number() or number
        self.journal = journal
        self.clock = clock
        self._account_sid = account_sid
        self._webhooks = webhooks
        self._pace = pace
        self._world = World(self.people, pace)
        self._slot_s = pace.scaled(1 / calls_per_s)
        self._board = Board(journal.active_calls(), journal.active_conferences(), self._world)
        self._messages = {message.sid: message for message in journal.active_messages()}
        self._next_slot_at = journal.next_slot_at()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetching: set[tuple[str, int]] = set()
        self._broken: BaseException | None = None
        self._post = Post(journal, webhooks, browser, self, self._spawn)
        self.set_nasty(nasty)

    def set_nasty(self, nasty: Nastiness) -> None:
        """Change what goes wrong from now on."""
        self.nasty = nasty
        self.chance = Random(nasty.seed)  # noqa: S311  chance of a simulated fault, not a secret

    def set_person(self, number: str, person: Person) -> None:
        """Change how a number takes the calls that ring from now on."""
        self.journal.save_person(number, person)
        self.people[number] = person

    def set_number(self, number: OurNumber) -> None:
        """Change what is asked when somebody rings our number or writes to it."""
        self.journal.save_number(number)
        self.number = number

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the exchange going until told to stop. What is under way stays in the journal."""
        stopping = asyncio.create_task(_wake_on(stop, self._wake))
        try:
            for call in self._board.calls.values():
                self._fetch_if_asked(call)
            while not stop.is_set():
                self._wake.clear()
                if self._broken is not None:
                    raise self._broken
                self._tick(self.clock())
                wait_s = max(0.0, self._next_at() - self.clock())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), wait_s)
        finally:
            for task in (stopping, *self._tasks):
                task.cancel()
            await asyncio.gather(stopping, *self._tasks, return_exceptions=True)

    def place_call(self, order: CallOrder) -> Call:
        """Accept a call; it is committed when this returns."""
        now = self.clock()
        fares = luck(self.nasty, self.chance, self.people.get(order.to, STRANGER))
        call = ringing.placed(
            _sid("CA"), self._account_sid, order, now, fares if order.detection else "right"
        )
        step = Step(call, self._world, [Entry(now, "placed", {"to": order.to, "from": order.from_})])
        return self._take(step, now)

    def ring(self, ring: Ring) -> Call:
        """Somebody rings our number; it is committed when this returns.

        Raises:
            TwilioError: our number has no address to be asked.
        """
        now = self.clock()
        order = inbound.call_order(ring, self.number)
        if ring.caller is not None:
            self.set_person(ring.from_, ring.caller)
        step = ringing.arriving(_sid("CA"), self._account_sid, order, now, self._world)
        conversation.arrived(step, now)
        return self._take(step, now)

    def change_call(self, call: Call, change: CallChange) -> Call:
        """Carry out an update; it is committed when this returns.

        Raises:
            TwilioError: the call's state does not allow it.
        """
        now = self.clock()
        self._advance(now)
        current = self._board.calls.get(call.sid) or self.journal.call(call.sid)
        if current is None:
            raise TwilioError(404, 20404, f"The requested resource Calls/{call.sid}.json was not found")
        return self._take(conversation.update(current, change, now, self._world), now)

    def place_message(self, order: MessageOrder) -> Message:
        """Accept a message; it is committed when this returns."""
        now = self.clock()
        change = messages.placed(_sid("SM"), self._account_sid, order, now, self._pace)
        self._keep_message(change, now)
        return change.record

    def receive_message(self, text: Text) -> Message:
        """Somebody writes to our number; it is committed when this returns."""
        now = self.clock()
        change = messages.received(
            _sid("SM"),
            self._account_sid,
            inbound.message_order(text),
            now,
            url=self.number.sms_url,
            method=self.number.sms_method,
        )
        self._keep_message(change, now)
        return change.record

    def _tick(self, now: float) -> None:
        for call in self._board.queued():
            at = max(self._next_slot_at, call.created_at)
            if at > now:
                break
            self._next_slot_at = at + self._slot_s
            step = Step(call, self._world)
            ringing.begin(step, at)
            self._commit(self._board.take(step, at), now, next_slot_at=self._next_slot_at)
        self._advance(now)
        for message in list(self._messages.values()):
            if message.next_at is not None and message.next_at <= now:
                self._keep_message(messages.advance(message, now, self.people, self._pace), now)
        self._post.make_due(now)

    def _next_at(self) -> float:
        now = self.clock()
        times = [now + IDLE_S, self._board.next_at(), self._post.next_at()]
        times += [message.next_at for message in self._messages.values() if message.next_at is not None]
        times += [max(self._next_slot_at, call.created_at) for call in self._board.queued()[:1]]
        return min(times)

    def _advance(self, now: float) -> None:
        for moved in self._board.advance(now):
            self._commit(moved, now)

    def _take(self, step: Step, now: float) -> Call:
        self._commit(self._board.take(step, now), now)
        self._wake.set()
        return self._board.calls.get(step.call.sid, step.call)

    def _commit(self, moved: Moved, now: float, next_slot_at: float | None = None) -> None:
        writes = [self._write(change, now) for change in moved]
        self._post.add(self.journal.save(writes, next_slot_at=next_slot_at))
        for change in moved:
            _tell(change.record, change.entries)
        for sid in {change.record.sid for change in moved} & self._board.calls.keys():
            self._fetch_if_asked(self._board.calls[sid])

    def _keep_message(self, change: Change[Message], now: float) -> None:
        message = change.record
        self._post.add(self.journal.save([self._write(change, now)]))
        _tell(message, change.entries)
        if message.next_at is None:
            self._messages.pop(message.sid, None)
        else:
            self._messages[message.sid] = message
        self._wake.set()

    def _write(self, change: Change[Record], now: float) -> Write:
        copies = tuple((outgoing, self._copies(outgoing, now)) for outgoing in change.outgoing)
        # What was held back for a next callback goes out at the end too: there may be none.
        releases = copies or change.record.ended_at is not None
        return Write(change, copies, now + REORDER_S if releases else None)

    def _copies(self, outgoing: Outgoing, now: float) -> tuple[Delivery, ...]:
        if outgoing.kind not in _UNSETTLED:
            return (Delivery(now + outgoing.after_s, "pending"),)
        params = outgoing.params
        is_final = (
            "CallDuration" in params
            or params.get("MessageStatus", "sent") != "sent"
            or params.get("StatusCallbackEvent") == "conference-end"
        )
        return deliveries(self.nasty, self.chance, now, is_final=is_final)

    def _fetch_if_asked(self, call: Call) -> None:
        fetch = call.fetch
        if fetch is not None and (call.sid, fetch.number) not in self._fetching:
            self._fetching.add((call.sid, fetch.number))
            self._spawn(self._fetch(call.sid, fetch))

    async def _fetch(self, sid: str, fetch: Fetch) -> None:
        document, reason = "", ""
        try:
            document = (await self._webhooks.send(fetch.url, fetch.method, fetch.params)).text
        except WebhookFailed as failed:
            reason = str(failed)
        self._fetching.discard((sid, fetch.number))
        now = self.clock()
        self._advance(now)
        if (call := self._board.calls.get(sid)) is None:
            return
        if reason:
            step = conversation.document_failed(call, fetch.number, reason, now, self._world)
        else:
            step = conversation.document_came(call, fetch.number, document, now, self._world)
        self._take(step, now)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
            self._wake.set()


def _sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def _tell(record: Record, entries: Sequence[Entry]) -> None:
    who = {"name": record.name} if isinstance(record, Conference) else {"to": record.order.to}
    for entry in entries:
        tell(
            f"conference_{entry.kind}" if "name" in who else entry.kind,
            **({"sid": record.sid} | who | entry.data),
        )


async def _wake_on(stop: asyncio.Event, wake: asyncio.Event) -> None:
    await stop.wait()
    wake.set()
