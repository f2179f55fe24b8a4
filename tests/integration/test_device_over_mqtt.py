"""Simulated devices against a real broker (NATS with its MQTT gateway)."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.device_broker import (
    Backend,
    Heard,
    NatsServer,
    fleet_json,
    until,
)

from device_sim.cars.config import FleetConfig
from device_sim.cars.device import Device
from device_sim.cars.fleet import Fleet
from schemas.wire.device_pb2 import (
    Ack,
    Button,
    Signal,
    Stamp,
    Status,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path) as server:
        yield server


@pytest.fixture
def backend(server: NatsServer) -> Iterator[Backend]:
    with Backend(server) as backend:
        yield backend


@contextmanager
def driving(config: dict[str, Any]) -> Iterator[Device]:
    """The first device of a fleet that runs in a thread meanwhile."""
    fleet = Fleet(FleetConfig.model_validate(config))
    stop = threading.Event()
    broken: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            fleet.run(stop.is_set, lambda: None)
        except BaseException as error:
            broken.put(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield next(iter(fleet.devices.values()))
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        assert broken.empty()


def test_a_device_reports_itself_its_motion_and_its_place(server: NatsServer, backend: Backend) -> None:
    with driving(fleet_json(server)) as device:
        until(lambda: len(backend.of("accel")) >= 4 and backend.of("gps"), "four frames and a batch")
        assert device.core.online
    online, *_, offline = backend.of("status")
    assert (online.message.state, offline.message.state) == (Status.ONLINE, Status.OFFLINE)
    assert {heard.message.stamp.boot_id for heard in backend.heard} == {device.core.boot_id}
    assert {heard.message.stamp.version for heard in backend.heard} == {1}
    numbers = sorted(heard.sequence for heard in backend.heard)
    assert numbers == list(range(2, 2 + len(numbers))), "1 is the will's, which nobody saw"
    frames = [heard.message for heard in backend.of("accel")]
    assert [frame.stamp.event_uptime_ms for frame in frames] == [1000 * n for n in range(len(frames))]
    lag_s = [heard.at_s - heard.message.stamp.event_wall_ms / 1000.0 for heard in backend.of("accel")[:-1]]
    assert max(lag_s) < 2.0, "a second to fill a frame, and little more"
    lat_deg = [fix.lat_deg for heard in backend.of("gps") for fix in heard.message.fixes]
    assert all(36.2 < lat < 36.3 for lat in lat_deg)


def test_the_last_status_is_kept_by_the_broker(server: NatsServer) -> None:
    with driving(fleet_json(server)) as device:
        until(lambda: device.core.published.get("status"), "status delivered")
        with Backend(server) as backend:
            (status,) = until(lambda: backend.of("status"), "the retained status")
        assert status.retained
        assert status.message.state == Status.ONLINE


def test_an_impact_arrives_within_half_a_second_with_its_parts(server: NatsServer, backend: Backend) -> None:
    crash = {"do": "crash", "at_s": 3.0, "delta_v_kmh": 35, "pdof_deg": 20}
    with driving(fleet_json(server, crash)) as device:
        until(lambda: any(part.message.last for part in backend.of("impact")), "the last part")
        event = device.events.entries[0]
    first, *_ = parts = backend.of("impact")
    assert [part.message.part for part in parts] == list(range(11))
    time_zero_s = device.unix_s(event.uptime_ms)
    assert event.kind == "crash"
    assert first.at_s - time_zero_s < 0.6
    assert 0 <= first.message.trigger_uptime_ms - 3000 < 100
    assert first.message.motion.samples in (229, 230)
    assert first.message.fixes[-1].speed_mps > 5.0
    gained = np.concatenate(
        [np.frombuffer(p.message.motion.counts, "<i2").reshape(3, -1).T for p in parts[:2]]
    )
    assert np.abs(gained.astype(float)).max() * first.message.motion.scale_mps2 / 9.81 > 8.0


def test_a_press_is_received_and_its_light_shown(server: NatsServer, backend: Backend) -> None:
    def answer(heard: Heard) -> None:
        if heard.name == "button":
            backend.receipt(heard)
            backend.command(heard, signal=Signal(light=Signal.HELP_COMING, tone=Signal.CONFIRM))

    backend.answer = answer
    with driving(fleet_json(server, {"do": "press", "kind": "long", "at_s": 1.0})) as device:
        until(lambda: len(backend.of("ack")) >= 2, "two acknowledgements")
        assert device.core.display.shown == "HELP_COMING"
        time.sleep(5.5)
        kinds = [entry.kind for entry in device.core.journal.entries]
    (press,) = backend.of("button")
    assert press.message.kind == Button.LONG
    assert press.message.stamp.event_uptime_ms == 4000
    assert press.at_s - device.unix_s(4000.0) < 0.5
    assert {ack.message.result for ack in backend.of("ack")} == {Ack.DONE}
    assert "receipt" in kinds
    assert "not_connected" not in kinds


def test_a_press_nobody_confirms_is_sent_again_until_somebody_does(
    server: NatsServer, backend: Backend
) -> None:
    with driving(fleet_json(server, {"do": "press", "kind": "short", "at_s": 1.0})) as device:
        until(lambda: len(backend.of("button")) == 2, "the press again")
        assert device.core.display.shown == "NOT_CONNECTED"
        first, again = backend.of("button")
        backend.receipt(again)
        until(lambda: not device.core.display.not_connected, "the receipt")
    assert first.sequence == again.sequence
    assert 4.9 < again.at_s - first.at_s < 6.0
    assert again.message.stamp.event_uptime_ms == first.message.stamp.event_uptime_ms
    assert again.message.stamp.sent_uptime_ms > first.message.stamp.sent_uptime_ms + 4900


def test_nothing_is_lost_when_the_broker_is_killed(server: NatsServer, backend: Backend) -> None:
    script = ({"do": "press", "kind": "short", "at_s": 5.0}, {"do": "crash", "at_s": 6.0, "delta_v_kmh": 30})
    with driving(fleet_json(server, *script)) as device:
        until(lambda: len(backend.of("accel")) >= 3, "three frames")
        server.kill()
        until(lambda: not device.core.online, "the device notices")
        time.sleep(6.0)
        server.start()
        until(lambda: device.core.online, "the device is back", 90.0)
        came_back = time.time()
        until(lambda: any(part.message.last for part in backend.of("impact")), "the last part")
        until(lambda: len(backend.of("accel")) >= 15, "the backlog")
    frames = {heard.message.stamp.event_uptime_ms for heard in backend.of("accel")}
    assert frames >= {1000 * n for n in range(15)}
    assert {part.message.part for part in backend.of("impact")} == set(range(11))
    press = backend.of("button")[0]
    assert press.message.stamp.event_uptime_ms == 5300
    assert press.message.stamp.sent_uptime_ms > 5300 + 2000
    assert press.at_s < came_back + 2.0
    fresh = [heard for heard in backend.heard if heard.at_s > came_back - 1.0]
    order = [heard.name for heard in fresh if heard.name != "status"]
    assert order.index("button") < order.index("impact") < order.index("accel")


def test_no_coverage_brings_the_last_will_and_then_the_backlog(server: NatsServer, backend: Backend) -> None:
    with driving(fleet_json(server, {"do": "offline", "for_s": 3.0, "at_s": 2.0})) as device:
        until(lambda: len(backend.of("status")) >= 3, "online, the will, online")
        until(lambda: len(backend.of("accel")) >= 7, "the backlog")
        assert device.core.online
    first, will, again, *_ = backend.of("status")
    states = [heard.message.state for heard in (first, will, again)]
    assert states == [Status.ONLINE, Status.OFFLINE, Status.ONLINE]
    assert will.sequence < first.sequence < again.sequence
    assert again.at_s - will.at_s > 3.0
    starts = [heard.message.stamp.event_uptime_ms for heard in backend.of("accel")]
    assert starts == sorted(starts), "oldest first"
    assert starts[:7] == [1000 * n for n in range(7)]


def test_a_wrong_password_is_refused_and_tried_again_later(server: NatsServer) -> None:
    with driving(fleet_json(server, password="guess")) as device:
        reasons = until(
            lambda: [e.data["reason"] for e in device.core.journal.entries if e.kind == "disconnected"],
            "refusal",
        )
        assert not device.core.online
    assert "authori" in str(reasons[0]).lower()


@pytest.mark.parametrize("clock", ["wrong", "none"])
def test_clocks_that_are_wrong_or_not_set(server: NatsServer, backend: Backend, clock: str) -> None:
    with driving(fleet_json(server, clock=clock)):
        status = until(lambda: backend.of("status"), "status")[0]
    stamp = status.message.stamp
    if clock == "none":
        assert (stamp.clock, stamp.event_wall_ms) == (Stamp.UNSET, 0)
    else:
        years_behind = (time.time() - stamp.event_wall_ms / 1000.0) / (365.25 * 86400)
        assert stamp.clock == Stamp.GPS
        assert years_behind == pytest.approx(19.6, abs=0.1)
