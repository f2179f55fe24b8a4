"""The backend's side of MQTT for one device under test: hears all of it, sends it commands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from cli.device_check.trace import Heard, hear
from schemas import topics
from schemas.wire.device_pb2 import Ack, Command

T = TypeVar("T")

_CONNECT_WITHIN_S: Final = 10.0
_KEPT_WITHIN_S: Final = 1.0
_LOOK_S: Final = 0.1


class ListenerError(RuntimeError):
    """The broker cannot be used; the message says why."""


class Listener:
    """Hears one device: the one named, or the first that speaks.

    heard: everything it published, in the order of arrival, copies included; it only grows.
    strangers: ids of commands to the device that somebody else published.
    lost: how often our own connection broke; what was published meanwhile is not heard.
    auto_receipt: whether presses are confirmed at once.
    """

    def __init__(self, mqtt_url: str, *, device_id: str = "", shard: str = "") -> None:
        self.device_id = device_id
        self.shard = shard
        self.heard: list[Heard] = []
        self.strangers: list[str] = []
        self.lost = 0
        self.auto_receipt = True
        self._url = urlsplit(mqtt_url)
        self._sent: set[str] = set()
        self._changed = threading.Condition()
        self._refused: str | None = None
        self._subscribed = False
        self._client = self._make_client()

    def __enter__(self) -> Self:
        """Connect and subscribe. Raises ListenerError."""
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        try:
            self._client.connect(*self._address, keepalive=20)
        except (OSError, ValueError) as error:
            raise ListenerError(f"cannot reach the broker at {self._where}: {error}") from error
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self._subscribed or self._refused is not None, _CONNECT_WITHIN_S)
        if self._refused is not None or not self._subscribed:
            self.__exit__()
            reason = self._refused or "no answer to CONNECT"
            raise ListenerError(f"the broker at {self._where} cannot be used: {reason}")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait(
        self, found: Callable[[Sequence[Heard]], T | None], within_s: float, tick: Callable[[float], None]
    ) -> T | None:
        """What `found` makes of what was heard, as soon as it is not None; None when the time is over.

        `tick` is called about ten times a second with the seconds left.
        """
        deadline_s = time.monotonic() + within_s
        while True:
            with self._changed:
                result = found(self.heard)
                left_s = deadline_s - time.monotonic()
                if result is not None or left_s <= 0:
                    return result
                self._changed.wait(min(_LOOK_S, left_s))
            tick(max(0.0, left_s))

    def send(self, command: Command) -> None:
        """Publish a command to the device, at QoS 0 as the backend does."""
        self.send_bytes(command.command_id, command.SerializeToString())

    def send_bytes(self, command_id: str, payload: bytes) -> None:
        """The same for a command that this side's definitions do not know."""
        self._sent.add(command_id)
        self._client.publish(topics.down(self.shard, self.device_id), payload, qos=0)

    def confirm(self, press: Heard) -> str:
        """Send the receipt of a press; the command's id, a new one each time as the backend's are."""
        boot_id, sequence = press.number
        command = Command(version=1, command_id=f"receipt-{boot_id:016x}-{sequence}-{len(self._sent)}")
        command.receipt.boot_id, command.receipt.sequence = boot_id, sequence
        command.receipt.incident_id = "00000000-0000-4000-8000-000000000000"
        self.send(command)
        return command.command_id

    def acks(self, command_id: str, since: int = 0) -> list[Heard]:
        """What the device said of a command, from an index of `heard` on."""
        return [
            each
            for each in self.heard[since:]
            if isinstance(each.message, Ack) and each.message.command_id == command_id
        ]

    def kept(self) -> list[Heard]:
        """What the broker keeps of the device's topics, asked for by a connection of its own. Raises ListenerError."""
        found: list[Heard] = []

        def subscribe(client: Client, *_: Any) -> None:
            client.subscribe(self._filter, qos=1)

        def take(_client: Client, _data: Any, message: MQTTMessage) -> None:
            if message.retain:
                found.append(_heard(message))

        client = self._make_client()
        client.on_connect, client.on_message = subscribe, take
        try:
            client.connect(*self._address)
        except OSError as error:
            raise ListenerError(f"the broker at {self._where} has gone: {error}") from error
        client.loop_start()
        time.sleep(_KEPT_WITHIN_S)
        client.disconnect()
        client.loop_stop()
        return found

    @property
    def _address(self) -> tuple[str, int]:
        return self._url.hostname or "127.0.0.1", self._url.port or 1883

    @property
    def _where(self) -> str:
        host, port = self._address
        return f"{host}:{port}"

    @property
    def _filter(self) -> str:
        return f"{topics.PREFIX}/{self.shard or '+'}/{self.device_id or '+'}/up/#"

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311, clean_session=True)
        client.connect_timeout = _CONNECT_WITHIN_S
        if self._url.username:
            client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        return client

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._say_refused(str(reason))
            return
        down = f"{topics.PREFIX}/{self.shard or '+'}/{self.device_id or '+'}/down/cmd"
        client.subscribe([(self._filter, 1), (down, 0)])

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._say_refused("the login may not subscribe to the devices' topics")
            return
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure and self._subscribed:
            self.lost += 1

    def _say_refused(self, reason: str) -> None:
        with self._changed:
            self._refused = reason
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        place = message.topic.split("/")
        if message.retain or len(place) < 6:
            return  # what the broker kept is of another time
        shard, device_id = place[2], place[3]
        if place[4] == "down":
            self._note_stranger(device_id, bytes(message.payload))
            return
        with self._changed:
            if not self.device_id or not self.shard:
                self.device_id, self.shard = device_id, shard
            if (shard, device_id) != (self.shard, self.device_id):
                return
            heard = _heard(message)
            self.heard.append(heard)
            self._changed.notify_all()
        if heard.name == "button" and heard.message is not None and self.auto_receipt:
            self.confirm(heard)

    def _note_stranger(self, device_id: str, payload: bytes) -> None:
        try:
            command_id = Command.FromString(payload).command_id
        except Exception:  # noqa: BLE001 - whatever it is, it is none of ours
            command_id = "?"
        if device_id == self.device_id and command_id not in self._sent:
            self.strangers.append(command_id)


def _heard(message: MQTTMessage) -> Heard:
    return hear(
        message.topic,
        bytes(message.payload),
        qos=message.qos,
        at_s=time.monotonic(),
        received_at=datetime.now(UTC),
    )
