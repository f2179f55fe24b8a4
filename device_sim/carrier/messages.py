"""One text message from its order to the handset, or from a person to us.

queued -> sent -> delivered, or undelivered; one from a person is received at once. Pure. Whoever
follows links opens the first one with /a/ in its path and answers on the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from device_sim.carrier.calls import API_VERSION, Direction, Pace
from device_sim.carrier.orders import MessageOrder
from device_sim.carrier.people import STRANGER, Person, Temperament
from device_sim.carrier.timeline import Change, Entry, Outgoing

SEND_S: Final = 0.5
DELIVER_S: Final = 1.5
UNREACHABLE_CODE: Final = 30003
LINK: Final = re.compile(r"https?://[!-~]+/a/[!-~]+")
"""ASCII only: Japanese words follow an address without a space."""

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
    direction: Direction = "outbound-api"


def placed(sid: str, account_sid: str, order: MessageOrder, at: float, pace: Pace) -> Change[Message]:
    """A new message of ours, queued."""
    message = Message(sid, account_sid, order, at, at, next_at=at + pace.scaled(SEND_S))
    return Change(message, (Entry(at, "accepted", {"to": order.to, "from": order.from_}),))


def received(
    sid: str, account_sid: str, order: MessageOrder, at: float, *, url: str, method: str
) -> Change[Message]:
    """Somebody has written to our number; `url` is told."""
    message = Message(
        sid,
        account_sid,
        order,
        at,
        at,
        status="received",
        sent_at=at,
        ended_at=at,
        direction="inbound",
    )
    params = {
        "MessageSid": sid,
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "AccountSid": account_sid,
        "From": order.from_,
        "To": order.to,
        "Body": order.body,
        "NumMedia": "0",
        "NumSegments": str(segments(order.body)),
        "SmsStatus": "received",
        "ApiVersion": API_VERSION,
    }
    outgoing = (Outgoing("sms", url, method, params),) if url else ()
    return Change(message, (Entry(at, "received", {"to": order.to, "from": order.from_}),), outgoing)


def advance(message: Message, now: float, directory: Mapping[str, Person], pace: Pace) -> Change[Message]:
    """Do everything that has become due by `now`, each at its own time."""
    entries: list[Entry] = []
    outgoing: list[Outgoing] = []
    while (at := message.next_at) is not None and at <= now:
        owner = directory.get(message.order.to, STRANGER)
        if message.sent_at is None:
            deliver_at = at + pace.scaled(DELIVER_S)
            message = replace(message, status="sent", sent_at=at, updated_at=at, next_at=deliver_at)
        else:
            lost = owner.temperament is Temperament.UNREACHABLE
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
            outgoing.append(Outgoing("status", message.order.status_callback, "POST", _params(message)))
        if message.status == "delivered" and owner.follows_link and (link := LINK.search(message.order.body)):
            after_s = pace.scaled(owner.follows_link_after_s)
            outgoing.append(Outgoing("link", link[0], "POST", {"answer": owner.follows_link}, after_s))
    return Change(message, tuple(entries), tuple(outgoing))


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
