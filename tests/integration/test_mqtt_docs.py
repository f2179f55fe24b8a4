"""The lines of docs/mqtt.md that people type are typed here, against the bundled broker."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from support.need import need
from support.servers import Broker

from ingest.envelope import (
    AccelFrame,
    AckReport,
    GpsBatch,
    Press,
    Rejection,
    StatusReport,
    Uplink,
    read,
)
from schemas import topics
from schemas.incident import Trigger
from schemas.wire import device_pb2, examples

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line]
PUBLISHING = [line for line in LINES if line.startswith("mosquitto_pub ")]
DEVICE = "by-hand-1"
SHARD = "05"


@pytest.fixture
def environment(broker: Broker) -> dict[str, str]:
    """The variables the page asks for, and no others."""
    export = next(line for line in LINES if line.startswith("export "))
    names = {word.partition("=")[0] for word in export.split()[1:]}
    variables = {
        "HOST": broker.host,
        "PORT": str(broker.port),
        "LOGIN": broker.device_user,
        "PASSWORD": broker.device_password,
        "DEVICE": f"{topics.PREFIX}/{SHARD}/{DEVICE}",
    }
    assert names == set(variables)
    return {"PATH": os.environ["PATH"], **variables}


class Backend:
    """Listens to the device as the backend does."""

    def __init__(self, broker: Broker) -> None:
        self.arrived: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
        granted: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
        self.client.username_pw_set(broker.service_user, broker.service_password)
        self.client.on_message = lambda _client, _data, message: self.arrived.put(message)
        self.client.on_subscribe = lambda *granted_for: granted.put(granted_for)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        self.client.subscribe(f"{topics.PREFIX}/{SHARD}/{DEVICE}/up/#", qos=1)
        granted.get(timeout=10)
        time.sleep(0.3)
        while not self.arrived.empty():  # a status kept from another line
            self.arrived.get()

    def next(self) -> MQTTMessage:
        return self.arrived.get(timeout=10)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def backend(broker: Broker) -> Generator[Backend]:
    running = Backend(broker)
    yield running
    running.stop()


def type_in(line: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euc", line], env=environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def published(line: str, environment: dict[str, str], backend: Backend) -> tuple[str, Uplink, MQTTMessage]:
    need("mosquitto_pub")
    type_in(line, environment)
    message = backend.next()
    topic = topics.parse_up(message.topic)
    assert topic is not None, message.topic
    uplink = read(topic, message.payload, datetime.now(UTC))
    assert not isinstance(uplink, Rejection), uplink
    return topic.name, uplink, message


def test_the_page_has_a_line_for_every_message_a_person_would_send() -> None:
    names = [found.group(1) for line in PUBLISHING if (found := re.search(r"/up/(\w+)", line))]
    assert len(names) == len(PUBLISHING)
    assert set(names) == set(topics.UPLINKS) - {"impact"}
    assert all(re.match(r"mosquitto_(pub|sub) |export ", line) for line in LINES)


@pytest.mark.parametrize("line", PUBLISHING, ids=range(len(PUBLISHING)))
def test_a_line_arrives_and_can_be_read(line: str, environment: dict[str, str], backend: Backend) -> None:
    name, uplink, message = published(line, environment, backend)
    expected = {
        "button": Press,
        "status": StatusReport,
        "gps": GpsBatch,
        "accel": AccelFrame,
        "ack": AckReport,
    }[name]
    assert isinstance(uplink, expected)
    assert message.qos == 1
    assert (" -r " in line) is (name == "status")
    assert not uplink.stamp.late


def test_the_presses_are_what_the_page_says_they_are(environment: dict[str, str], backend: Backend) -> None:
    lines = [line for line in PUBLISHING if "/up/button" in line]
    presses = [published(line, environment, backend)[1] for line in lines]
    short, long = presses
    assert isinstance(short, Press)
    assert isinstance(long, Press)
    assert (short.kind, long.kind) == (Trigger.SHORT_PRESS, Trigger.LONG_PRESS)
    assert "no_stamp" in short.defects
    assert set(long.defects) == {"clock_unset"}
    assert long.position is not None


def test_the_statuses_come_and_go_and_the_last_one_stays(
    environment: dict[str, str], backend: Backend, broker: Broker
) -> None:
    lines = [line for line in PUBLISHING if "/up/status" in line]
    reports = [published(line, environment, backend)[1] for line in lines]
    assert [report.online for report in reports if isinstance(report, StatusReport)] == [True, False]
    backend.client.unsubscribe(f"{topics.PREFIX}/{SHARD}/{DEVICE}/up/#")
    backend.client.subscribe(topics.up(SHARD, DEVICE, "status"), qos=1)
    kept = backend.next()
    assert kept.retain
    found = topics.parse_up(kept.topic)
    assert found is not None
    assert read(found, kept.payload, datetime.now(UTC)) == reports[-1]


def test_the_line_that_waits_for_a_command_shows_its_bytes(
    environment: dict[str, str], backend: Backend
) -> None:
    need("mosquitto_sub")
    (line,) = [line for line in LINES if line.startswith("mosquitto_sub ")]
    with subprocess.Popen(
        ["bash", "-euc", line], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as waiting:
        try:
            payload = examples.COMMANDS["signal"].SerializeToString()
            deadline_s = time.monotonic() + 20
            while waiting.poll() is None and time.monotonic() < deadline_s:
                backend.client.publish(topics.down(SHARD, DEVICE), payload, qos=0)
                time.sleep(0.2)
            output, errors = waiting.communicate(timeout=5)
        finally:
            waiting.kill()
    assert not errors
    assert device_pb2.Command.FromString(bytes.fromhex(output)) == examples.COMMANDS["signal"]
