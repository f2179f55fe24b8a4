"""Requests that wait in the journal, made when they are due: callbacks to the customer, visits of people to pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Protocol

import httpx

from device_sim.carrier import inbound, links
from device_sim.carrier.inbound import OurNumber
from device_sim.carrier.journal import Callback, Journal
from device_sim.carrier.orders import MessageOrder
from device_sim.carrier.twiml import TwimlError
from device_sim.carrier.webhooks import Reply, WebhookFailed, Webhooks
from device_sim.process import tell

Spawn = Callable[[Coroutine[object, object, None]], None]


class Writer(Protocol):
    """Whoever sends the text messages that a customer answers a message with."""

    number: OurNumber

    def place_message(self, order: MessageOrder) -> object:
        """Accept a message."""
        ...


class Post:
    """One per process. What it made is settled in the journal afterwards, so a killed one makes it again."""

    def __init__(
        self, journal: Journal, webhooks: Webhooks, browser: httpx.AsyncClient, writer: Writer, spawn: Spawn
    ) -> None:
        """Take up what waits in the journal."""
        self._journal = journal
        self._webhooks = webhooks
        self._browser = browser
        self._writer = writer
        self._spawn = spawn
        self._waiting: dict[int, Callback] = {}
        self.add(journal.waiting_callbacks())

    def add(self, callbacks: Iterable[Callback]) -> None:
        """Requests that now wait."""
        self._waiting |= {callback.id: callback for callback in callbacks}

    def next_at(self) -> float:
        """When the next is due; infinite for never."""
        return min((callback.due_at for callback in self._waiting.values()), default=float("inf"))

    def make_due(self, now: float) -> None:
        """Begin whatever is due."""
        for callback in list(self._waiting.values()):
            if callback.due_at <= now:
                del self._waiting[callback.id]
                self._spawn(self._make(callback))

    async def _make(self, callback: Callback) -> None:
        try:
            match callback.kind:
                case "link":
                    await links.answer(self._browser, callback.url, callback.params)
                case "sms":
                    await self._bring_message(callback)
                case _:
                    await self._webhooks.send(callback.url, callback.method, callback.params)
        except (WebhookFailed, links.PageFailed, TwimlError) as failed:
            self._journal.settle_callback(callback.id, "failed", str(failed))
            tell("callback_failed", kind=callback.kind, sid=callback.sid, reason=str(failed))
        else:
            self._journal.settle_callback(callback.id, "delivered")
            if callback.kind == "link":
                tell("link_followed", sid=callback.sid, **callback.params)

    async def _bring_message(self, callback: Callback) -> None:
        for body in inbound.replies((await self._asked(callback)).text):
            order = MessageOrder(callback.params["From"], callback.params["To"], body, "")
            self._writer.place_message(order)

    async def _asked(self, callback: Callback) -> Reply:
        number = self._writer.number
        try:
            return await self._webhooks.send(callback.url, callback.method, callback.params)
        except WebhookFailed:
            if not number.sms_fallback_url:
                raise
            more = {"ErrorCode": "11200", "ErrorUrl": callback.url}
            return await self._webhooks.send(
                number.sms_fallback_url, number.sms_fallback_method, callback.params | more
            )
