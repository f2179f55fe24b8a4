"""The telephone exchange: moves every call and message on at its time, fetches documents, sends callbacks.

What is decided lies in `device_sim.carrier.conversation` and its neighbours; here are the clock, the
journal and the network. Each move is committed before anything follows from it: a fetch or a
callback that was under way when the process was killed is done again after the restart, so
webhooks are delivered at least once, and no call is ever begun twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine
from random import Random
from typing import Final

from device_sim.carrier import calls, conversation, messages
from device_sim.carrier.calls import Call, Fetch, Pace, Stage, Step, World
from device_sim.carrier.journal import Callback, Journal
from device_sim.carrier.messages import Message
from device_sim.carrier.nastiness import REORDER_S, Delivery, Nastiness, deliveries
from device_sim.carrier.orders import CallChange, CallOrder, MessageOrder
from device_sim.carrier.people import Person
from device_sim.carrier.timeline import Entry
from device_sim.carrier.webhooks import WebhookFailed, Webhooks
from device_sim.process import tell

IDLE_S: Final = 60.0


class Exchange:
    """One per process; all methods are called from its event loop."""

    def __init__(
        self,
        account_sid: str,
        journal: Journal,
        webhooks: Webhooks,
        *,
        people: dict[str, Person],
        pace: Pace,
        calls_per_s: float,
        nasty: Nastiness,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take up what the journal says is under way. `people` are overlaid by those changed while running."""
        self.people = people | journal.people()
        self.journal = journal
        self._account_sid = account_sid
        self._webhooks = webhooks
        self._pace = pace
        self._world = World(self.people, pace)
        self._slot_s = pace.scaled(1 / calls_per_s)
        self.clock = clock
        self._calls = {call.sid: call for call in journal.active_calls()}
        self._messages = {message.sid: message for message in journal.active_messages()}
        self._callbacks = {callback.id: callback for callback in journal.waiting_callbacks()}
        self._next_slot_at = journal.next_slot_at()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetching: set[tuple[str, int]] = set()
        self._broken: BaseException | None = None
        self.set_nasty(nasty)

    def set_nasty(self, nasty: Nastiness) -> None:
        """Change what goes wrong from now on."""
        self.nasty = nasty
        self.chance = Random(nasty.seed)  # noqa: S311  chance of a simulated fault, not a secret

    def set_person(self, number: str, person: Person) -> None:
        """Change how a number takes the calls that ring from now on."""
        self.journal.save_person(number, person)
        self.people[number] = person

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the exchange going until told to stop. What is under way stays in the journal."""
        stopping = asyncio.create_task(_wake_on(stop, self._wake))
        try:
            for call in self._calls.values():
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
        call = calls.placed(f"CA{secrets.token_hex(16)}", self._account_sid, order, now)
        self._commit_call(call, [Entry(now, "placed", {"to": order.to, "from": order.from_})])
        self._wake.set()
        return call

    def change_call(self, call: Call, change: CallChange) -> Call:
        """Carry out an update; it is committed when this returns.

        Raises:
            TwilioError: the call's state does not allow it.
        """
        now = self.clock()
        call = self._settle(call, now)
        step = conversation.update(call, change, now, self._world)
        self._commit_step(step, now)
        self._wake.set()
        return step.call

    def place_message(self, order: MessageOrder) -> Message:
        """Accept a message; it is committed when this returns."""
        now = self.clock()
        sid = f"SM{secrets.token_hex(16)}"
        message = messages.placed(sid, self._account_sid, order, now, self._pace)
        entry = Entry(now, "accepted", {"to": order.to, "from": order.from_})
        self.journal.save(message, [entry])
        self._tell(message, [entry])
        self._messages[sid] = message
        self._wake.set()
        return message

    def _tick(self, now: float) -> None:
        self._start_queued(now)
        for call in list(self._calls.values()):
            self._settle(call, now)
        for message in list(self._messages.values()):
            if message.next_at is not None and message.next_at <= now:
                self._move_message(message, now)
        for callback in list(self._callbacks.values()):
            if callback.due_at <= now:
                del self._callbacks[callback.id]
                self._spawn(self._deliver(callback))

    def _next_at(self) -> float:
        times = [self.clock() + IDLE_S]
        times += [call.next_at for call in self._calls.values() if call.next_at is not None]
        times += [message.next_at for message in self._messages.values() if message.next_at is not None]
        times += [callback.due_at for callback in self._callbacks.values()]
        if any(call.stage is Stage.QUEUED for call in self._calls.values()):
            times.append(self._next_slot_at)
        return min(times)

    def _start_queued(self, now: float) -> None:
        for call in [call for call in self._calls.values() if call.stage is Stage.QUEUED]:
            at = max(self._next_slot_at, call.created_at)
            if at > now:
                return
            self._next_slot_at = at + self._slot_s
            step = Step(call, self._world)
            calls.begin(step, at)
            self._commit_step(step, now, next_slot_at=self._next_slot_at)

    def _settle(self, call: Call, now: float) -> Call:
        """Bring a call up to date."""
        if call.next_at is None or call.next_at > now:
            return call
        step = conversation.advance(call, now, self._world)
        self._commit_step(step, now)
        return step.call

    def _commit_step(self, step: Step, now: float, next_slot_at: float | None = None) -> None:
        self._commit_call(step.call, step.entries, step.callbacks, now=now, next_slot_at=next_slot_at)

    def _commit_call(
        self,
        call: Call,
        entries: list[Entry],
        callbacks: list[dict[str, str]] | None = None,
        *,
        now: float = 0.0,
        next_slot_at: float | None = None,
    ) -> None:
        made: list[tuple[str, str, dict[str, str], tuple[Delivery, ...]]] = []
        for params in callbacks or []:
            copies = deliveries(self.nasty, self.chance, now, is_final="CallDuration" in params)
            made.append((call.order.status_callback, call.order.status_callback_method, params, copies))
        # What was held back for a next callback goes out at the end too: there may be none.
        releases = made or call.stage is Stage.ENDED
        waiting = self.journal.save(
            call,
            entries,
            made,
            next_slot_at=next_slot_at,
            release_held_at=now + REORDER_S if releases else None,
        )
        self._callbacks |= {callback.id: callback for callback in waiting}
        self._tell(call, entries)
        if call.stage is Stage.ENDED:
            self._calls.pop(call.sid, None)
        else:
            self._calls[call.sid] = call
        self._fetch_if_asked(call)

    def _move_message(self, message: Message, now: float) -> None:
        step = messages.advance(message, now, self.people, self._pace)
        made = [
            (
                message.order.status_callback,
                "POST",
                params,
                deliveries(self.nasty, self.chance, now, is_final=params["MessageStatus"] != "sent"),
            )
            for params in step.callbacks
        ]
        waiting = self.journal.save(
            step.message, step.entries, made, release_held_at=now + REORDER_S if made else None
        )
        self._callbacks |= {callback.id: callback for callback in waiting}
        self._tell(message, list(step.entries))
        if step.message.next_at is None:
            del self._messages[message.sid]
        else:
            self._messages[message.sid] = step.message

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
        if sid not in self._calls:
            return
        now = self.clock()
        call = self._settle(self._calls[sid], now)
        step = (
            conversation.document_failed(call, fetch.number, reason, now, self._world)
            if reason
            else conversation.document_came(call, fetch.number, document, now, self._world)
        )
        self._commit_step(step, now)
        self._wake.set()

    async def _deliver(self, callback: Callback) -> None:
        try:
            await self._webhooks.send(callback.url, callback.method, callback.params)
        except WebhookFailed as failed:
            self.journal.settle_callback(callback.id, "failed", str(failed))
            tell("callback_failed", sid=callback.sid, reason=str(failed))
        else:
            self.journal.settle_callback(callback.id, "delivered")

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
            self._wake.set()

    def _tell(self, record: Call | Message, entries: list[Entry]) -> None:
        for entry in entries:
            tell(entry.kind, **({"sid": record.sid, "to": record.order.to} | entry.data))


async def _wake_on(stop: asyncio.Event, wake: asyncio.Event) -> None:
    await stop.wait()
    wake.set()
