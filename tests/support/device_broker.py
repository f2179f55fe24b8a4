"""A broker that can be killed, and a backend of a few lines that hears devices and may answer them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from device_sim.device.link import Broker
from runtime.state import free_port
from schemas import topics
from schemas.wire.device_pb2 import (
    Accel,
    Ack,
    Button,
    Command,
    Expiry,
    Gps,
    Impact,
    Receipt,
    Status,
)

KINDS: dict[str, Any] = {
    "accel": Accel,
    "ack": Ack,
    "button": Button,
    "gps": Gps,
    "impact": Impact,
    "status": Status,
}
PASSWORD = "secret of the device"


def until(condition: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {timeout_s} s: {what}")


class NatsServer:
    """A broker in a temporary folder that can be killed and started again with what it kept."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "nats.conf"
        self._log = folder / "nats.log"
        self._config.write_text(
            f"""
            host: 127.0.0.1
            port: -1
            server_name: test
            mqtt {{ host: 127.0.0.1, port: {self.port}, ack_wait: "3s" }}
            jetstream {{ store_dir: "{folder / "store"}" }}
            authorization {{ users: [
                {{ user: "device", password: "{PASSWORD}" }}, {{ user: "backend", password: "other" }}
            ] }}
            """
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("nats-server"), "-c", self._config], stdout=log, stderr=log
            )
        until(self._answers, f"the broker answers\n{self._log.read_text()}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def broker(self, password: str = PASSWORD) -> Broker:
        return Broker("127.0.0.1", self.port, "device", password)


@dataclass
class Heard:
    name: str
    device_id: str
    message: Any
    at_s: float
    retained: bool

    @property
    def sequence(self) -> int:
        return self.message.stamp.sequence


class Backend:
    """The other side: a persistent session that hears every device and may answer."""

    def __init__(self, server: NatsServer) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], None] = lambda _: None
        self._ready = threading.Event()
        self._commands = 0
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="backend", clean_session=False)
        client.username_pw_set("backend", "other")
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda *_: client.subscribe("cb/v1/#", qos=1)
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._on_message
        client.connect("127.0.0.1", server.port)
        client.loop_start()
        self._client = client
        assert self._ready.wait(10)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        topic = topics.parse_up(message.topic)
        if topic is None:
            return
        content = KINDS[topic.name].FromString(message.payload)
        heard = Heard(topic.name, topic.device_id, content, time.time(), message.retain)
        self.heard.append(heard)
        self.answer(heard)

    def of(self, name: str) -> list[Heard]:
        return [heard for heard in self.heard if heard.name == name]

    def command(self, heard: Heard, shard: str = "0a", **body: Any) -> str:
        self._commands += 1
        stamp = heard.message.stamp
        expiry = Expiry(boot_id=stamp.boot_id, uptime_ms=stamp.sent_uptime_ms + 10_000)
        command = Command(version=1, command_id=f"cmd-{self._commands}", expiry=expiry, **body)
        self._client.publish(topics.down(shard, heard.device_id), command.SerializeToString(), qos=1)
        return command.command_id

    def receipt(self, heard: Heard) -> None:
        stamp = heard.message.stamp
        self.command(
            heard, receipt=Receipt(boot_id=stamp.boot_id, sequence=stamp.sequence, incident_id="inc-1")
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def counts_of(frames: list[Heard]) -> np.ndarray:
    ordered = {frame.sequence: frame.message.motion for frame in frames}
    pieces = [np.frombuffer(ordered[number].counts, "<i2").reshape(3, -1).T for number in sorted(ordered)]
    return np.concatenate(pieces)


def fleet_json(server: NatsServer, *script: dict[str, Any], **changes: Any) -> dict[str, Any]:
    car = {
        "device_id": "car-001",
        "shard": "0a",
        "route": "matsumoto-town",
        "seed": 3,
        "script": script,
        **changes,
    }
    return {
        "broker": {"host": "127.0.0.1", "port": server.port, "user": "device", "password": PASSWORD},
        "cars": [car],
    }
