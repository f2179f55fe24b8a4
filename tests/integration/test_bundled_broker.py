"""The bundled broker: who may do what, and what survives."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from support.children import until
from support.servers import Broker, short_folder

from runtime.nats import Nats, accepts
from runtime.state import free_port
from runtime.supervisor import Supervisor
from schemas import topics


class Session:
    """A client with everything it was told, in order."""

    def __init__(self, broker: Broker, user: str, password: str, name: str, *, clean: bool = True) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.granted: list[bool] = []
        self.published: set[int] = set()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
        self.client.username_pw_set(user, password)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_message = lambda _c, _u, m: self.messages.append((m.topic, bytes(m.payload)))
        self.client.on_subscribe = lambda _c, _u, _mid, codes, _p: self.granted.extend(
            not code.is_failure for code in codes
        )
        self.client.on_publish = lambda _c, _u, mid, _code, _p: self.published.add(mid)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        until(self.client.is_connected)

    def subscribe(self, topic: str, qos: int = 1) -> bool:
        before = len(self.granted)
        self.client.subscribe(topic, qos)
        until(lambda: len(self.granted) > before)
        return self.granted[-1]

    def publish(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def service(broker: Broker, name: str = "", *, clean: bool = True) -> Generator[Session]:
    session = Session(
        broker, broker.service_user, broker.service_password, name or uuid.uuid4().hex, clean=clean
    )
    try:
        yield session
    finally:
        session.close()


@contextmanager
def device(broker: Broker, name: str) -> Generator[Session]:
    session = Session(broker, broker.device_user, broker.device_password, name)
    try:
        yield session
    finally:
        session.close()


def new_device() -> str:
    return f"unit-{uuid.uuid4().hex[:12]}"


def test_what_a_device_publishes_upwards_arrives(broker: Broker) -> None:
    name = new_device()
    with service(broker) as backend, device(broker, name) as unit:
        assert backend.subscribe(topics.subscription("03", "button"))
        unit.publish(topics.up("03", name, "button"), b"pressed")
        until(lambda: backend.messages)
        assert backend.messages == [(topics.up("03", name, "button"), b"pressed")]


def test_a_device_hears_its_commands(broker: Broker) -> None:
    name = new_device()
    with service(broker) as backend, device(broker, name) as unit:
        assert unit.subscribe(topics.down("03", name), qos=0)
        backend.publish(topics.down("03", name), b"light")
        until(lambda: unit.messages)
        assert unit.messages == [(topics.down("03", name), b"light")]


@pytest.mark.parametrize(
    "topic", ["cb/v1/03/other/up/button", "cb/v1/+/+/up/#", "#", "$MQTT/sub/#", "$SYS/#"]
)
def test_a_device_may_not_listen_to_others(broker: Broker, topic: str) -> None:
    with device(broker, new_device()) as unit:
        assert unit.subscribe(topic) is False


def test_a_device_cannot_command_others(broker: Broker) -> None:
    name, victim = new_device(), new_device()
    with service(broker) as backend, device(broker, victim) as other, device(broker, name) as unit:
        assert other.subscribe(topics.down("03", victim), qos=0)
        assert backend.subscribe("elsewhere/#")
        unit.publish(topics.down("03", victim), b"light")
        unit.publish("elsewhere/x", b"noise")
        # What may pass comes after what may not: once it is there, the rest would be too.
        assert backend.subscribe(topics.up("03", name, "ack"))
        unit.publish(topics.up("03", name, "ack"), b"after")
        backend.publish(topics.down("03", victim), b"genuine")
        until(lambda: other.messages and backend.messages)
        assert other.messages == [(topics.down("03", victim), b"genuine")]
        assert backend.messages == [(topics.up("03", name, "ack"), b"after")]


def test_the_last_will_is_published(broker: Broker) -> None:
    name = new_device()
    with service(broker) as backend:
        assert backend.subscribe(topics.subscription("04", "status"))
        unit = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
        unit.username_pw_set(broker.device_user, broker.device_password)
        unit.will_set(topics.up("04", name, "status"), b"gone", qos=1, retain=True)
        unit.connect(broker.host, broker.port)
        unit.loop_start()
        until(unit.is_connected)
        unit.loop_stop()
        sock = unit.socket()
        assert sock
        sock.close()
        until(lambda: (topics.up("04", name, "status"), b"gone") in backend.messages)


@pytest.mark.parametrize(
    ("user", "password"), [("cbutton", "guess"), ("device", "guess"), ("nobody", "x"), ("", "")]
)
def test_strangers_are_refused(broker: Broker, user: str, password: str) -> None:
    assert accepts(broker.host, broker.port, broker.service_user, broker.service_password)
    assert not accepts(broker.host, broker.port, user, password)


def test_a_port_nobody_serves_accepts_nobody() -> None:
    assert not accepts("127.0.0.1", free_port(), "cbutton", "x")


def test_a_message_up_to_the_limit_passes(broker: Broker) -> None:
    name = new_device()
    payload = bytes(1_000_000)
    with service(broker) as backend, device(broker, name) as unit:
        assert backend.subscribe(topics.subscription("05", "impact"))
        unit.publish(topics.up("05", name, "impact"), payload)
        until(lambda: backend.messages)
        assert backend.messages[0][1] == payload


@pytest.fixture
def own() -> Generator[tuple[Broker, Nats, Supervisor]]:
    """A broker of one's own, to be killed."""
    with short_folder() as folder, Supervisor(folder) as supervisor:
        port = free_port()
        nats = Nats(
            folder / "broker",
            host="127.0.0.1",
            port=port,
            service_password="s",
            device_password="d",
            admit_devices=False,
        )
        supervisor.start(nats.spec())
        supervisor.wait_ready()
        yield Broker("127.0.0.1", port, "s", "d", nats.url), nats, supervisor


def test_a_killed_broker_still_delivers_what_it_acknowledged(own: tuple[Broker, Nats, Supervisor]) -> None:
    broker, _, supervisor = own
    topic = topics.up("00", "unit-1", "accel")
    with service(broker, "ingest-00-bulk", clean=False) as backend:
        assert backend.subscribe(topics.subscription("00", "accel"))
    with service(broker) as unit:
        for n in range(500):
            unit.client.publish(topic, str(n).encode(), qos=1)
        until(lambda: len(unit.published) == 500)
        pid = supervisor.status()[0].pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: supervisor.status()[0].restarts == 1 and supervisor.status()[0].state == "ready")
    with service(broker, "ingest-00-bulk", clean=False) as backend:
        until(lambda: len(backend.messages) >= 500, within_s=20)
        assert [payload for _, payload in backend.messages[:500]] == [str(n).encode() for n in range(500)]


def test_devices_are_let_in_when_told_and_nobody_is_cut_off(own: tuple[Broker, Nats, Supervisor]) -> None:
    broker, nats, supervisor = own
    assert not accepts(broker.host, broker.port, "device", "d")
    with service(broker) as backend:
        assert backend.subscribe("probe")
        nats.admit()
        supervisor.signal("broker", signal.SIGHUP)
        until(lambda: accepts(broker.host, broker.port, "device", "d"))
        backend.publish("probe", b"still here")
        until(lambda: backend.messages)
    pid = supervisor.status()[0].pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: supervisor.status()[0].state == "ready" and supervisor.status()[0].pid != pid)
    assert accepts(broker.host, broker.port, "device", "d")


def test_what_was_not_acknowledged_comes_again(own: tuple[Broker, Nats, Supervisor]) -> None:
    broker, _, _ = own
    topic = topics.up("00", "unit-1", "button")
    reader = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="ingest-00-urgent", clean_session=False, manual_ack=True
    )
    reader.username_pw_set("cbutton", "s")
    seen: list[tuple[float, bytes, bool]] = []
    reader.on_message = lambda _c, _u, m: seen.append((time.monotonic(), bytes(m.payload), m.dup))
    reader.connect(broker.host, broker.port)
    reader.loop_start()
    until(reader.is_connected)
    reader.subscribe(topics.subscription("00", "button"), 1)
    time.sleep(0.2)
    with service(broker) as unit:
        unit.publish(topic, b"pressed")
    until(lambda: len(seen) >= 2, within_s=12)
    reader.disconnect()
    reader.loop_stop()
    first, second = seen[:2]
    assert (first[1], second[1], second[2]) == (b"pressed", b"pressed", True)
    assert 4.0 < second[0] - first[0] < 8.0
