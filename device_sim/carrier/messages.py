"""One text message from its order to the handset: queued -> sent -> delivered, or undelivered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from device_sim.carrier.calls import API_VERSION, Pace
from device_sim.carrier.orders import MessageOrder
from device_sim.carrier.people import Person, Temperament
from device_sim.carrier.timeline import Entry

SEND_S: Final = 0.5
DELIVER_S: Final = 1.5
UNREACHABLE_CODE: Final = 30003

GSM7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet of 3GPP TS 23.038; anything else makes the message UCS-2."""


@dataclass(frozen=True)
class Message:
    """One message. Times are epoch seconds; `status` is the word of Twilio's message resource."""

    sid: str
    account_sid: str
    order: MessageOrder
    created_at: float
    updated_at: float
    status: str = "queued"
    next_at: float | None = None
    sent_at: float | None = None
    ended_at: float | None = None
    error_code: int | None = None


@dataclass(frozen=True)
class MessageStep:
    """A message moved on, with what that brought about."""

    message: Message
    entries: tuple[Entry, ...]
    callbacks: tuple[dict[str, str], ...]


def placed(sid: str, account_sid: str, order: MessageOrder, at: float, pace: Pace) -> Message:
    """A new message, queued."""
    return Message(sid, account_sid, order, at, at, next_at=at + pace.scaled(SEND_S))


def advance(message: Message, now: float, directory: Mapping[str, Person], pace: Pace) -> MessageStep:
    """Do everything that has become due by `now`, each at its own time."""
    entries: list[Entry] = []
    callbacks: list[dict[str, str]] = []
    while (at := message.next_at) is not None and at <= now:
        if message.sent_at is None:
            deliver_at = at + pace.scaled(DELIVER_S)
            message = replace(message, status="sent", sent_at=at, updated_at=at, next_at=deliver_at)
        else:
            owner = directory.get(message.order.to)
            lost = owner is not None and owner.temperament is Temperament.UNREACHABLE
            message = replace(
                message,
                status="undelivered" if lost else "delivered",
                error_code=UNREACHABLE_CODE if lost else None,
                updated_at=at,
                ended_at=at,
                next_at=None,
            )
        entries.append(Entry(at, message.status))
        if message.order.status_callback:
            callbacks.append(_params(message))
    return MessageStep(message, tuple(entries), tuple(callbacks))


def segments(body: str) -> int:
    """How many text messages the network makes of `body` (3GPP TS 23.040: 160 or 70, 153 or 67 when joined)."""
    if set(body) <= GSM7:
        return 1 if len(body) <= 160 else ceil(len(body) / 153)
    units = len(body.encode("utf-16-le")) // 2
    return 1 if units <= 70 else ceil(units / 67)


def _params(message: Message) -> dict[str, str]:
    params = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
        "AccountSid": message.account_sid,
        "From": message.order.from_,
        "To": message.order.to,
        "ApiVersion": API_VERSION,
    }
    return params if message.error_code is None else params | {"ErrorCode": str(message.error_code)}
