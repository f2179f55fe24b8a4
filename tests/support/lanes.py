"""One lane of ingest in this process, between the real broker and database, worked by hand."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from support.children import until
from support.insured import Insured
from support.servers import Broker
from support.shocks import driving

from ingest.assess import Assessor
from ingest.bulk import BulkLane
from ingest.driver import Driver
from ingest.session import Delivery, Session, take
from ingest.urgent import UrgentLane
from runtime.nats import DEVICE_USER
from schemas import topics
from schemas.wire import device_pb2 as wire

DEVICE = "CB-LUCK-1"
SHARDS = itertools.cycle(topics.SHARDS)
Message = wire.Button | wire.Accel | wire.Gps | wire.Status | wire.Impact | wire.Ack


class Lane:
    """One lane of one shard: publishes as the device, takes from the broker, and works off by hand."""

    def __init__(self, world: Insured, broker: Broker, lane: str, shard: str | None = None) -> None:
        self.world = world
        self._broker = broker
        self.shard = shard or next(SHARDS)
        world.conn.execute(
            "INSERT INTO devices (id, shard) VALUES (%s, %s) ON CONFLICT DO NOTHING", [DEVICE, self.shard]
        )
        self.assessor = Assessor(world.incidents, Driver.by(world.settings), lane, (self.shard,))
        self.worker: UrgentLane | BulkLane = (
            UrgentLane(world.incidents, self.assessor, dead_letter_bytes=10**6)
            if lane == "urgent"
            else BulkLane(world.incidents, dead_letter_bytes=10**6)
        )
        self._session = (broker.url, self.shard, lane, topics.URGENT if lane == "urgent" else topics.BULK)
        self.inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self.session = Session(*self._session, self.inbox)
        self._published: set[bytes] = set()
        self.connect()
        self.device = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.device.username_pw_set(DEVICE_USER, broker.device_password)
        self.device.connect(broker.host, broker.port)
        self.device.loop_start()

    def connect(self) -> None:
        self.session.start()
        assert self.session.wait_subscribed(10)

    def start_anew(self) -> None:
        """As a worker that died and was started again: nothing is remembered but what the broker keeps."""
        self.session.stop()
        self.inbox = queue.SimpleQueue()
        self.session = Session(*self._session, self.inbox)
        self.connect()

    def publish(self, name: str, *payloads: Message | bytes) -> None:
        for payload in payloads:
            raw = payload if isinstance(payload, bytes) else payload.SerializeToString()
            self._published.add(raw)
            self.device.publish(topics.up(self.shard, DEVICE, name), raw, qos=1).wait_for_publish(10)

    def take(self, count: int, *, within_s: float = 15.0) -> list[Delivery]:
        """Up to the `count`-th of what this lane sent; what another left on the shard comes along, not counted."""
        until_s = time.monotonic() + within_s
        taken: list[Delivery] = []
        mine = 0
        while mine < count and time.monotonic() < until_s:
            found = take(self.inbox, most=count - mine, wait_s=0.1, gather_s=0.0)
            mine += sum(delivery.payload in self._published for delivery in found)
            taken += found
        assert mine == count, [(each.topic, each.again) for each in taken]
        return taken

    def work(self, count: int, *, within_s: float = 15.0) -> None:
        self.worker.work(self.world.conn, self.take(count, within_s=within_s))

    def reasons(self) -> list[str]:
        """Why letters of its own device were put aside; a shard has those of others as well."""
        mine = topics.up(self.shard, DEVICE, "")
        letters = self.world.rows("SELECT topic, reason FROM dead_letters ORDER BY id")
        return [row["reason"] for row in letters if row["topic"].startswith(mine)]

    def stop(self) -> None:
        self.session.stop()
        self.device.disconnect()
        self.device.loop_stop()
        # What the broker keeps of the session ends here.
        last = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self.session.client_id, protocol=mqtt.MQTTv311
        )
        last.username_pw_set(self._broker.service_user, self._broker.service_password)
        last.connect(self._broker.host, self._broker.port)
        last.loop_start()
        until(last.is_connected)
        last.disconnect()
        last.loop_stop()


@contextmanager
def running_lane(world: Insured, broker: Broker, name: str, shard: str | None = None) -> Generator[Lane]:
    lane = Lane(world, broker, name, shard)
    try:
        yield lane
    finally:
        lane.stop()


def stamp(
    sequence: int = 1, *, boot: int = 5, uptime_ms: int = 60_000, held_ms: int = 0, **more: Any
) -> wire.Stamp:
    values: dict[str, Any] = {
        "version": 1,
        "boot_id": boot,
        "sequence": sequence,
        "event_uptime_ms": uptime_ms,
        "sent_uptime_ms": uptime_ms + held_ms,
    }
    return wire.Stamp(**(values | more))


def frame(which: wire.Stamp, acc_mps2: Any = None) -> wire.Accel:
    acc = driving(1.0) if acc_mps2 is None else acc_mps2
    counts = np.rint(acc / 0.0048).clip(-32768, 32767).astype("<i2")
    motion = wire.Motion(
        rate_hz=100,
        samples=counts.shape[1],
        scale_mps2=0.0048,
        full_scale_g=16,
        lowpass_hz=42,
        counts=counts.tobytes(),
    )
    return wire.Accel(stamp=which, motion=motion)
