"""A worker of ingest killed between a pulse and its analysis: the impact is the one it would have been."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr
from support.children import until
from support.insured import Insured, insured_world
from support.servers import Broker, running_broker, short_folder

from device_sim.device.core import DeviceCore
from device_sim.device.motion import Block
from device_sim.device.writer import Firmware, Outgoing, WallClock
from device_sim.physics.car import Car
from device_sim.physics.pulses import Pulse, Shape
from device_sim.physics.rollover import Rollover
from runtime.nats import DEVICE_USER
from runtime.settings import Settings
from runtime.stack import environment, role
from runtime.supervisor import Supervisor
from schemas import topics
from schemas.wire.device_pb2 import Fix, Gps, Stamp

SHARD = "05"
BOOT = 0x51DE0FF
CRASH_S = 14.8
LANES = ("urgent", "bulk")
# The hard one comes when the device's first part (0.3 s after its trigger) and the frame of that second have ended.
LIGHT_THEN_HARD = ((0.0, Pulse(9.0, 40.0, seed=2)), (0.36, Pulse(32.0, 20.0, duration_ms=120.0, seed=3)))
# What a decision says of the crash; where the car was is what was known when it was first decided.
FIGURES = (
    "boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound, pdof_deg, peak_g, duration_ms,"
    " rollover, multiple, reasons, late, speed_before_kmh, incident_id IS NOT NULL AS filed"
)


@dataclass(frozen=True)
class Sent:
    """A message as the device published it, and when."""

    at_s: float
    message: Outgoing


@cache
def crash(*, lane: str, over: bool = False) -> tuple[Sent, ...]:
    """All that a device says of half a minute with a crash in it; without a trigger all goes by the bulk lane."""
    car = Car("hakone-old-tokaido", 3, rolling_at_s=CRASH_S)
    if over:
        car.roll_over(CRASH_S, Rollover(Pulse(13.0, 90.0, Shape.HAVERSINE, 120.0), 90.0, 2.0))
    else:
        for after_s, pulse in LIGHT_THEN_HARD:
            car.crash(CRASH_S + after_s, pulse)
    booted_ms = round(time.time() * 1000) - 45_000
    core = DeviceCore(
        BOOT, car.sensor, WallClock(Stamp.GPS, booted_ms), firmware=Firmware(trigger=lane == "urgent")
    )
    core.connected(0.0)
    sent: list[Sent] = []
    for tenth in range(1, 300):
        stretch = car.drive(10)
        for fix in stretch.fixes:
            values = asdict(fix)
            core.fix(Fix(uptime_ms=round(values.pop("at_s") * 1000), **values))
        core.motion(Block(stretch.start_s * 1000, stretch.rate_hz, stretch.counts))
        for message in core.outgoing(tenth * 100.0):
            core.delivered(message.sequence)
            sent.append(Sent(tenth / 10, message))
    return tuple(sent)


class Workers:
    """Both lanes of ingest as processes that are started again when they die, and devices that publish."""

    def __init__(self, world: Insured, broker: Broker, supervisor: Supervisor) -> None:
        self.world = world
        self._supervisor = supervisor
        settings = Settings.unconfigured(
            database_url=SecretStr(world.url), mqtt_url=SecretStr(broker.url), shards=(SHARD,)
        )
        env = environment(settings)
        supervisor.start(*(role(lane, "ingest", "--lane", lane, env=env) for lane in LANES))
        supervisor.wait_ready()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(DEVICE_USER, broker.device_password)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def device(self, name: str) -> str:
        self.world.conn.execute("INSERT INTO devices (id, shard) VALUES (%s, %s)", [name, SHARD])
        return name

    def publish(self, device: str, sent: Sequence[Sent]) -> None:
        waiting = [
            self._client.publish(topics.up(SHARD, device, each.message.name), each.message.payload, qos=1)
            for each in sent
        ]
        for published in waiting:
            published.wait_for_publish(10)

    def kill(self, lane: str) -> None:
        """SIGKILL; it is gone when this returns."""
        (child,) = [child for child in self._supervisor.status() if child.name == lane]
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        until(lambda: self._restarts(lane) > child.restarts)

    def _restarts(self, lane: str) -> int:
        (child,) = [child for child in self._supervisor.status() if child.name == lane]
        return child.restarts

    def candidates(self, device: str, lane: str) -> int:
        query = "SELECT count(*) AS n FROM candidates WHERE device_id = %s AND lane = %s"
        return self.world.one(query, device, lane)["n"]

    def decided(self, device: str, sent: Sequence[Sent]) -> list[dict[str, Any]]:
        """The impacts, once everything published is stored, decided, and looked at again.

        The order in which motion and positions arrive may differ, so only the second look has seen it all.
        """
        names = [each.message.name for each in sent]
        batches = [Gps.FromString(each.message.payload) for each in sent if each.message.name == "gps"]
        wanted = {
            "accel": names.count("accel"),
            "impact": names.count("impact"),
            "open": 0,
            "fixes": len({fix.uptime_ms for batch in batches for fix in batch.fixes}),
        }

        def counts() -> dict[str, Any]:
            return self.world.one(
                "SELECT (SELECT count(*) FROM accel_frames WHERE device_id = %s) AS accel,"
                " (SELECT count(*) FROM impact_parts WHERE device_id = %s) AS impact,"
                " (SELECT count(*) FROM candidates WHERE device_id = %s) AS open,"
                " (SELECT count(*) FROM gps_fixes WHERE device_id = %s) AS fixes",
                device,
                device,
                device,
                device,
            )

        until(lambda: counts() == wanted, within_s=60.0)
        self.world.conn.execute(
            "UPDATE evidence_due SET due_at = clock_timestamp()"
            " WHERE impact_id IN (SELECT id FROM impacts WHERE device_id = %s)",
            [device],
        )
        looking = (
            "SELECT count(*) AS n FROM evidence_due WHERE due_at <= clock_timestamp()"
            " AND impact_id IN (SELECT id FROM impacts WHERE device_id = %s)"
        )
        until(lambda: self.world.one(looking, device)["n"] == 0, within_s=60.0)
        query = f"SELECT {FIGURES} FROM impacts WHERE device_id = %s ORDER BY uptime_ms"
        return self.world.rows(query, device)


@contextmanager
def running(database_url: str) -> Generator[Workers]:
    with (
        running_broker() as broker,
        insured_world(database_url) as world,
        short_folder() as folder,
        Supervisor(folder) as supervisor,
    ):
        workers = Workers(world, broker, supervisor)
        try:
            yield workers
        finally:
            workers.close()


@pytest.fixture
def workers(database_url: str) -> Generator[Workers]:
    with running(database_url) as made:
        yield made


def split(sent: Sequence[Sent], lane: str) -> tuple[Sequence[Sent], Sequence[Sent]]:
    """Up to the first message that holds some of the pulse, and what follows."""
    name = "impact" if lane == "urgent" else "accel"
    at = next(
        index for index, each in enumerate(sent) if each.message.name == name and each.at_s > CRASH_S + 0.1
    )
    return sent[: at + 1], sent[at + 1 :]


@pytest.mark.parametrize("lane", LANES)
def test_killed_with_half_a_pulse_stored_it_decides_as_if_nothing_had_been(
    workers: Workers, lane: str
) -> None:
    sent = crash(lane=lane)
    half, rest = split(sent, lane)
    untouched = workers.device("CB-UNTOUCHED")
    workers.publish(untouched, sent)
    wanted = workers.decided(untouched, sent)
    assert [row["severity"] for row in wanted] == ["severe"]
    assert wanted[0]["delta_v_kmh"] == pytest.approx(32.0, rel=0.05)

    killed = workers.device("CB-KILLED")
    workers.publish(killed, half)
    until(lambda: workers.candidates(killed, lane))
    workers.kill(lane)
    assert workers.candidates(killed, lane) == 1, "it was to be killed before it had decided"
    known = workers.world.rows("SELECT severity FROM impacts WHERE device_id = %s", killed)
    assert [row for row in known if row["severity"] == "severe"] == []
    workers.publish(killed, rest)
    assert workers.decided(killed, sent) == wanted


@pytest.mark.parametrize("over", [False, True])
def test_killed_again_and_again_while_a_crash_arrives_it_decides_the_same(
    workers: Workers, over: bool
) -> None:
    sent = crash(lane="urgent", over=over)
    untouched = workers.device("CB-UNTOUCHED")
    workers.publish(untouched, sent)
    wanted = workers.decided(untouched, sent)
    assert wanted[0]["rollover"] is over

    killed = workers.device("CB-KILLED")
    before, after = split(sent, "urgent")
    workers.publish(killed, before)
    for number, each in enumerate(after):
        if number % 6 == 1:
            workers.kill(LANES[number // 6 % 2])
        workers.publish(killed, [each])
        time.sleep(0.05)
    assert workers.decided(killed, sent) == wanted
    incidents = "SELECT count(*) AS n FROM incidents WHERE device_id = %s"
    assert workers.world.one(incidents, killed)["n"] == 1
