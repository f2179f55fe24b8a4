"""The outbox drained by hand, against a carrier in this process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from support.insured import Insured
from support.small_carrier import Cut, Refuse, Resource

from incident.channels.push import PushSender
from incident.channels.sms import SmsSender
from incident.channels.telephony import Carrier
from incident.channels.twilio_carrier import TwilioCarrier
from incident.engine.engine import Engine
from incident.escalation.events import Answered
from incident.voice.calls import Calls
from incident.voice.dialer import Dialer
from runtime.database import Connection
from schemas.incident import Answer, CallParty


class Sender:
    """What the engine's threads do by turns: calls first, then texts."""

    def __init__(self, world: Insured, carrier: Carrier | None = None, **changes: Any) -> None:
        settings = world.settings.model_copy(update=changes)
        carrier = carrier or TwilioCarrier(settings)
        self.dialer = Dialer(settings, world.incidents, carrier)
        self.sms = SmsSender(settings, world.incidents, carrier)
        self.push = PushSender(world.incidents, None)

    def step(self, conn: Connection) -> bool:
        """One effect; false if nothing is due."""
        return self.dialer.step(conn) or self.sms.step(conn) or self.push.step(conn)


def sender(world: Insured, carrier: Carrier | None = None, **changes: Any) -> Sender:
    """A sender with settings of its own."""
    return Sender(world, carrier, **changes)


def drain(world: Insured, one: Sender | None = None) -> int:
    """Everything that is due; how many effects that were."""
    one = one or sender(world)
    steps = 0
    while one.step(world.conn):
        steps += 1
        assert steps < 100, "it spins"
    return steps


def cut(done: bool) -> Callable[[object], None]:
    """A hook that ends the connection without an answer."""

    def hook(_: object) -> None:
        raise Cut(done)

    return hook


def quietly(_: object) -> None:
    """A hook that does nothing."""


def refuse(status: int, body: str = '{"code": 1, "message": "no", "status": 1}') -> Callable[[object], None]:
    """A hook that answers with an HTTP status."""

    def hook(_: object) -> None:
        raise Refuse(status, body)

    return hook


def webhook(world: Insured, resource: Resource, status: str) -> None:
    """The carrier's news, on a connection of its own, as the API takes it."""
    call_id = UUID(str(resource["url"]).rpartition("/")[2])
    with world.connection() as conn:
        Calls(world.incidents).report(conn, call_id, str(resource["sid"]), status)


def fine(at: datetime) -> Answered:
    """The driver says in the app that all is well."""
    return Answered(at, Answer.FINE, CallParty.DRIVER, "app")


def fire(world: Insured, incident_id: UUID, *names: str) -> None:
    """Timers come due, and the engine does what it should."""
    for name in names:
        world.make_due(incident_id, name)
    Engine(world.incidents).step(world.conn)
