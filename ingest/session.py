"""Persistent sessions at the broker: one per shard and lane, acknowledged by hand.

The broker keeps what a session has not acknowledged, so a message is acknowledged only
once what follows from it is committed. Copies that the broker sends again while the first
is still being worked on are dropped here; an acknowledgement is sent only on the very
connection that brought the message, because packet ids begin anew on the next one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from schemas import topics

_KEEPALIVE_S: Final = 20
# A copy that crossed our acknowledgement on its way comes within seconds.
_REMEMBERED_ACKS: Final = 10_000


# A loaded broker refuses what it could not set up in time, and grants it a moment later.
_ASK_AGAIN_S: Final = 1.0
_MOST_REFUSALS: Final = 5


class SubscriptionRefused(RuntimeError):
    """The broker does not let a session subscribe; running without it would lose messages."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as the broker delivered it; `again` is whether it says that it did so before."""

    session: Session
    connection: int
    mid: int
    qos: int
    topic: str
    payload: bytes
    received_at: datetime
    again: bool


class Session:
    """One persistent session with its network thread; deliveries go to a shared queue."""

    def __init__(
        self, mqtt_url: str, shard: str, lane: str, names: Sequence[str], inbox: queue.SimpleQueue[Delivery]
    ) -> None:
        self.client_id = f"ingest-{shard}-{lane}"
        self.refused: str | None = None
        self._refusals = 0
        self._refused_at_s = 0.0
        self._filters = [(topics.subscription(shard, name), 1) for name in names]
        self._inbox = inbox
        self._lock = threading.Lock()
        self._connection = 0
        self._in_flight: set[int] = set()
        self._done: dict[int, None] = {}  # in the order of their acknowledgement
        self._subscribed = threading.Event()
        self._log = structlog.get_logger(role="ingest", session=self.client_id)
        self._url = urlsplit(mqtt_url)
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=False,
            protocol=MQTTv311,
            manual_ack=True,
        )
        if self._url.username:
            client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        client.reconnect_delay_set(min_delay=1, max_delay=2)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._client = client

    def start(self) -> None:
        """Connect in the background, again and again until it works."""
        self._client.connect_async(self._url.hostname or "127.0.0.1", self._url.port or 1883, _KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect; the broker keeps the session and what it has not delivered."""
        self._client.disconnect()
        self._client.loop_stop()

    def wait_subscribed(self, timeout_s: float) -> bool:
        """Whether the session was granted within a time. Raises SubscriptionRefused."""
        done = self._subscribed.wait(timeout_s)
        self.check()
        return done

    def check(self) -> None:
        """Ask again for a session that the broker refused, now and then.

        Raises SubscriptionRefused once it has done so time and again.
        """
        if self.refused is None or monotonic() - self._refused_at_s < _ASK_AGAIN_S:
            return
        if self._refusals >= _MOST_REFUSALS:
            raise SubscriptionRefused(f"{self.client_id}: {self.refused}")
        self._log.warning("asking again", refused=self.refused)
        self.refused = None
        self._client.subscribe(self._filters)

    def acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker that a message is done with; stale connections are left alone."""
        if delivery.qos == 0:
            return
        with self._lock:
            if delivery.connection == self._connection:
                self._client.ack(delivery.mid, delivery.qos)
                self._in_flight.discard(delivery.mid)
                self._done[delivery.mid] = None
                if len(self._done) > _REMEMBERED_ACKS:
                    del self._done[next(iter(self._done))]

    def leave(self, delivery: Delivery) -> None:
        """Leave a message at the broker: its next copy is a delivery like the first."""
        with self._lock:
            if delivery.connection == self._connection:
                self._in_flight.discard(delivery.mid)

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._log.warning("broker refuses the connection", reason=str(reason))
            return
        self._new_connection()
        client.subscribe(self._filters)

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._new_connection()
        if reason.is_failure:
            self._log.warning("broker lost", reason=str(reason))

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure or reason.value < 1 for reason in reasons):
            self._refusals += 1
            self._refused_at_s = monotonic()
            self.refused = f"subscription refused: {[str(reason) for reason in reasons]}"
            return
        self._refusals = 0
        self._subscribed.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        with self._lock:
            if message.qos > 0:
                if message.mid in self._in_flight:
                    return
                if message.dup and message.mid in self._done:
                    # Sent again just before our acknowledgement reached the broker.
                    self._client.ack(message.mid, message.qos)
                    return
                self._done.pop(message.mid, None)
                self._in_flight.add(message.mid)
            delivery = Delivery(
                self,
                self._connection,
                message.mid,
                message.qos,
                message.topic,
                bytes(message.payload),
                datetime.now(UTC),
                message.dup,
            )
        self._inbox.put(delivery)

    def _new_connection(self) -> None:
        with self._lock:
            self._connection += 1
            self._in_flight.clear()
            self._done.clear()


def take(inbox: queue.SimpleQueue[Delivery], *, most: int, wait_s: float, gather_s: float) -> list[Delivery]:
    """Up to `most` deliveries: waits for the first, then a little for company."""
    batch: list[Delivery] = []
    try:
        batch.append(inbox.get(timeout=wait_s))
    except queue.Empty:
        return batch
    until_s = monotonic() + gather_s
    while len(batch) < most:
        try:
            left_s = until_s - monotonic()
            batch.append(inbox.get(timeout=left_s) if left_s > 0 else inbox.get_nowait())
        except queue.Empty:
            break
    return batch
