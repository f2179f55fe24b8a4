"""A worker killed between an impact and the look that completes its evidence."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Sequence

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr
from support.children import until
from support.crash_trace import CRASH_S, Said, between, crash_trace
from support.insured import Insured, insured_world
from support.servers import running_broker, short_folder

from runtime.nats import DEVICE_USER
from runtime.settings import Settings
from runtime.stack import environment, role
from runtime.supervisor import Supervisor
from schemas import topics

SHARD, DEVICE = "0a", "CB-KILLED"
LANES = ("urgent", "bulk")


class Workers:
    """Both lanes as processes that are started again when they die, and a device that publishes."""

    def __init__(self, world: Insured, supervisor: Supervisor, client: mqtt.Client) -> None:
        self.world = world
        self._supervisor = supervisor
        self._client = client

    def publish(self, said: Sequence[Said]) -> None:
        for each in said:
            self._client.publish(topics.up(SHARD, DEVICE, each.name), each.payload, qos=1).wait_for_publish(
                10
            )

    def kill(self, lane: str) -> None:
        """SIGKILL; it is gone when this returns."""
        child = self._child(lane)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        until(lambda: self._child(lane).restarts > child.restarts)

    def _child(self, lane: str):
        (child,) = [child for child in self._supervisor.status() if child.name == lane]
        return child


@pytest.fixture
def workers(database_url: str) -> Generator[Workers]:
    with (
        running_broker() as broker,
        insured_world(database_url) as world,
        short_folder() as folder,
        Supervisor(folder) as supervisor,
    ):
        settings = Settings.unconfigured(
            database_url=SecretStr(world.url), mqtt_url=SecretStr(broker.url), shards=(SHARD,)
        )
        env = environment(settings)
        supervisor.start(*(role(lane, "ingest", "--lane", lane, env=env) for lane in LANES))
        supervisor.wait_ready()
        world.conn.execute("INSERT INTO devices (id, shard) VALUES (%s, %s)", [DEVICE, SHARD])
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set(DEVICE_USER, broker.device_password)
        client.connect(broker.host, broker.port)
        client.loop_start()
        try:
            yield Workers(world, supervisor, client)
        finally:
            client.disconnect()
            client.loop_stop()


def test_the_evidence_is_completed_by_whoever_comes_after(workers: Workers) -> None:
    world, said = workers.world, crash_trace()
    workers.publish(between(said, -CRASH_S - 1, 12.0))
    final = (
        "SELECT * FROM impacts WHERE analysis -> 'final' = 'true' AND NOT EXISTS (SELECT * FROM candidates)"
    )
    until(lambda: world.rows(final), within_s=30.0)
    # Both die before its time, and once more when it has come.
    for lane in LANES:
        workers.kill(lane)
    workers.publish(between(said, 12.0, 40.0))
    until(lambda: world.one("SELECT max(uptime_ms) AS ms FROM accel_frames")["ms"] > 36_000, within_s=30.0)
    assert world.one("SELECT max(uptime_ms) AS ms FROM impact_frames")["ms"] < 31_000
    locked = "SELECT pg_advisory_lock(hashtextextended('device:' || %s, 0))"
    world.conn.execute(locked, [DEVICE])
    world.conn.execute("UPDATE evidence_due SET due_at = clock_timestamp()")
    waiting = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    until(lambda: world.one(waiting)["n"], within_s=20.0)
    workers.kill("bulk")
    world.conn.execute(locked.replace("lock(", "unlock(", 1), [DEVICE])
    until(lambda: world.one("SELECT looks FROM evidence_due")["looks"] == 1, within_s=30.0)
    kept = world.one(
        "SELECT min(uptime_ms) AS first, max(uptime_ms + 1000 * samples / rate_hz) AS last FROM impact_frames"
    )
    assert kept["first"] < 1000 * (CRASH_S - 9.9)
    assert kept["last"] >= 1000 * (CRASH_S + 20)
    impact = world.one("SELECT * FROM impacts")
    assert impact["analysis"]["speed_after_kmh"] < 5
    assert world.one("SELECT count(*) AS n FROM incidents")["n"] == 1
