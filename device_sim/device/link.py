"""One MQTT connection of one device: paho-mqtt without its threads, driven from outside."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_sim.device.writer import Outgoing
from schemas import topics

KEEPALIVE_S: Final = 30
_CONNECT_TIMEOUT_S: Final = 5.0
_NEVER_QUEUE: Final = 65_000


@dataclass(frozen=True, slots=True)
class Broker:
    """Where devices connect to, and as whom; no user = no credentials."""

    host: str
    port: int
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """A device's place in the topics; its id is also its MQTT client id."""

    shard: str
    device_id: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has accepted the connection and granted the subscription."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection was refused or has ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker has acknowledged the message of this number."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Received:
    """A command's payload."""

    payload: bytes


LinkEvent = Accepted | Lost | Delivered | Received


class Link:
    """A clean MQTT 3.1.1 session from CONNECT to its end; a new one is made for every attempt.

    `closing` is called with the file descriptor just before it is closed, so that whoever
    waits for it can let go. Nothing here is retried.
    """

    def __init__(self, broker: Broker, identity: Identity, will: Outgoing) -> None:
        self.closing: Callable[[int], None] | None = None
        self._broker = broker
        self._identity = identity
        self._events: deque[LinkEvent] = deque()
        self._numbers: dict[int, int] = {}
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity.device_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        client.will_set(self._topic(will.name), will.payload, qos=1, retain=will.retain)
        client.max_inflight_messages_set(_NEVER_QUEUE)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_socket_close = self._on_socket_close
        self._client = client

    def open(self) -> None:
        """Connect and send CONNECT; blocks for up to 5 s, so it may run in another thread.

        Raises OSError when the broker cannot be reached.
        """
        self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)

    @property
    def fileno(self) -> int | None:
        """The socket's descriptor; None while there is none."""
        sock = self._client.socket()
        number = -1 if sock is None else sock.fileno()
        return None if number < 0 else number

    @property
    def wants_write(self) -> bool:
        """Whether something waits for the socket to take it."""
        return self._client.want_write()

    def readable(self) -> None:
        """The socket has something to read."""
        self._client.loop_read()

    def writable(self) -> None:
        """The socket takes more."""
        self._client.loop_write()

    def keep_alive(self) -> None:
        """Ping when due; to be called about once a second."""
        self._client.loop_misc()

    def drain(self) -> list[LinkEvent]:
        """What has happened since last asked, in order."""
        events: list[LinkEvent] = []
        with contextlib.suppress(IndexError):
            while True:
                events.append(self._events.popleft())
        return events

    def publish(self, message: Outgoing) -> None:
        """Send at QoS 1; `Delivered` follows, or `Lost`."""
        info = self._client.publish(self._topic(message.name), message.payload, qos=1, retain=message.retain)
        self._numbers[info.mid] = message.sequence

    def cut(self) -> None:
        """Break the connection as a dead radio would: no DISCONNECT, so the broker publishes the will."""
        sock = self._client.socket()
        if sock is not None and sock.fileno() >= 0:
            if self.closing is not None:
                self.closing(sock.fileno())
            sock.close()

    def disconnect(self) -> None:
        """End the session in order: DISCONNECT, no will."""
        self._client.disconnect()

    def _topic(self, name: str) -> str:
        return topics.up(self._identity.shard, self._identity.device_id, name)

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            self._events.append(Lost(f"refused: {reason}"))
        else:
            self._client.subscribe(topics.down(self._identity.shard, self._identity.device_id), qos=0)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _: Properties | None
    ) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        self._events.append(Lost(f"subscription refused: {refused[0]}") if refused else Accepted())

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, _reason: ReasonCode, _: Properties | None
    ) -> None:
        sequence = self._numbers.pop(mid, None)
        if sequence is not None:
            self._events.append(Delivered(sequence))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        # Commands are never retained: one that is would be found again after every reconnect.
        if not message.retain:
            self._events.append(Received(bytes(message.payload)))

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode | MQTTErrorCode, _: Any
    ) -> None:
        self._events.append(Lost(str(reason)))

    def _on_socket_close(self, _client: Client, _data: Any, sock: Any) -> None:
        if self.closing is not None and sock.fileno() >= 0:
            self.closing(sock.fileno())
