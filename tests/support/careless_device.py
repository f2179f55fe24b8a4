"""A device whose firmware was written in a hurry: sound in most things, wrong in some."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from support.device_traces import motion

from schemas import topics
from schemas.wire import device_pb2 as wire


class CarelessDevice:
    """Sends each press once, and obeys every command whatever its expiry, and whatever is in it."""

    def __init__(self) -> None:
        self._boot_id = secrets.randbits(64) | 1
        self._boot_s = time.monotonic()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="careless-1", protocol=MQTTv311, clean_session=True
        )
        self._client.on_message = self._obey

    def do(self, order: dict[str, Any]) -> None:
        """What a person does to it."""
        match order["do"]:
            case "power_on":
                self._switch_on(order)
            case "press_short":
                self._send("button", wire.Button(kind=wire.Button.SHORT, held_ms=300))
            case "press_long":  # told at release
                self._send("button", wire.Button(kind=wire.Button.LONG, held_ms=5200))
            case _:
                pass

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _switch_on(self, order: dict[str, Any]) -> None:
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.username_pw_set(order["user"], order["password"])
        will = wire.Status(stamp=self._stamp(), state=wire.Status.OFFLINE)
        will.stamp.sent_uptime_ms = will.stamp.event_uptime_ms
        self._client.will_set(self._topic("status"), will.SerializeToString(), qos=1, retain=True)
        self._client.connect(order["host"], order["port"], 30)
        self._client.loop_start()
        self._client.subscribe(topics.down("03", "careless-1"), qos=0)
        assert subscribed.wait(10)
        self._send("status", wire.Status(state=wire.Status.ONLINE, firmware="0.1", hardware="a"), retain=True)
        self._thread.start()

    def _drive(self) -> None:
        from_ms = self._uptime_ms()
        while not self._stop.wait(max(0.0, (from_ms + 1000 - self._uptime_ms()) / 1000)):
            self._send("accel", wire.Accel(stamp=self._stamp(from_ms), motion=motion(100)))
            from_ms += 1000

    def _obey(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        command = wire.Command.FromString(bytes(message.payload))
        self._send("ack", wire.Ack(command_id=command.command_id, result=wire.Ack.DONE))

    def _send(self, name: str, message: Any, *, retain: bool = False) -> None:
        with self._lock:
            if not message.HasField("stamp"):
                message.stamp.CopyFrom(self._stamp())
            message.stamp.sent_uptime_ms = self._uptime_ms()
            self._client.publish(self._topic(name), message.SerializeToString(), qos=1, retain=retain)

    def _stamp(self, event_ms: int | None = None) -> wire.Stamp:
        return wire.Stamp(
            version=1,
            boot_id=self._boot_id,
            sequence=next(self._numbers),
            event_uptime_ms=self._uptime_ms() if event_ms is None else event_ms,
        )

    def _uptime_ms(self) -> int:
        return round((time.monotonic() - self._boot_s) * 1000)

    def _topic(self, name: str) -> str:
        return topics.up("03", "careless-1", name)
