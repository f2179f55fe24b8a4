"""Simulated devices and replays against a real broker (NATS with its MQTT gateway)."""

from __future__ import annotations

import json
import math
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

import device_sim.replay
from device_sim.cars.config import FleetConfig
from device_sim.cars.device import Device
from device_sim.cars.fleet import Fleet
from device_sim.device.link import Broker, Identity
from device_sim.replay import ReplayError, replay
from schemas import topics
from schemas.recording import Recording, load_recording
from schemas.wire.device_pb2 import (
    Accel,
    Ack,
    Button,
    Command,
    Expiry,
    Gps,
    Impact,
    Receipt,
    Signal,
    Stamp,
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
CHECKOUT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("CBUTTON_SAMPLE_DATA", CHECKOUT.parent / "shared" / "data"))
PASSWORD = "secret of the device"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.kill()


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

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def backend(server: NatsServer) -> Iterator[Backend]:
    backend = Backend(server)
    yield backend
    backend.close()


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
        backend = Backend(server)
        (status,) = until(lambda: backend.of("status"), "the retained status")
        assert status.retained
        assert status.message.state == Status.ONLINE
        backend.close()


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


def http(url: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_fleet_as_a_process_with_its_control(
    server: NatsServer, backend: Backend, tmp_path: Path
) -> None:
    config = fleet_json(server) | {"bulk": {"count": 20}}
    (tmp_path / "fleet.json").write_text(json.dumps(config))
    ready, out, err = (tmp_path / name for name in ("ready", "out", "err"))
    with out.open("w") as out_file, err.open("w") as err_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "device_sim", "cars", "--config", tmp_path / "fleet.json"],
            cwd=CHECKOUT,
            env={**os.environ, "CBUTTON_READY_FILE": str(ready)},
            stdout=out_file,
            stderr=err_file,
        )
    try:
        until(lambda: ready.exists() and ready.read_text() == str(process.pid), "ready")
        url = json.loads(out.read_text().splitlines()[0])["url"]
        _, devices = http(f"{url}/devices")
        assert len(devices["devices"]) == 21
        assert all(device["connected"] for device in devices["devices"])
        assert http(f"{url}/devices/nobody")[0] == 404
        assert http(f"{url}/nothing")[0] == 404
        assert http(f"{url}/devices/nobody/do", {"do": "stop"})[0] == 404
        status, problem = http(f"{url}/devices/car-001/do", {"do": "crash", "delta_v_kmh": 900})
        assert (status, problem["title"]) == (422, "Unprocessable Entity")
        assert "delta_v_kmh" in problem["detail"]
        status, planned = http(f"{url}/devices/car-001/do", {"do": "press", "kind": "short"})
        assert status == 202
        press = until(lambda: backend.of("button"), "the press")[0]
        assert abs(press.message.stamp.event_uptime_ms - planned["uptime_ms"] - 300) <= 1
        http(f"{url}/devices/car-001/do", {"do": "crash", "delta_v_kmh": 30, "pdof_deg": 270})
        until(lambda: backend.of("impact"), "the impact")
        _, device = http(f"{url}/devices/car-001")
        assert [event["kind"] for event in device["events"]] == ["press", "crash"]
        assert device["events"][1]["pdof_deg"] == 270.0
        assert device["position"]["lat_deg"] == pytest.approx(36.23, abs=0.02)
        assert device["published"]["button"] == 1
        assert {"boot", "connected", "press", "trigger"} <= {entry["kind"] for entry in device["journal"]}
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, err.read_text()) == (0, "")
    events = [json.loads(line)["event"] for line in out.read_text().splitlines()]
    assert {"ready", "press", "crash", "trigger"} <= set(events)

    def goodbyes() -> set[str]:
        return {heard.device_id for heard in backend.of("status") if heard.message.state == Status.OFFLINE}

    until(lambda: len(goodbyes()) == 21, "everybody's goodbye")


def test_a_bad_configuration_ends_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "fleet.json").write_text('{"broker": {"port": 1}, "cars": [{"device_id": "x"}]}')
    command = [sys.executable, "-m", "device_sim", "cars", "--config", tmp_path / "fleet.json"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cars.0.shard: Field required" in done.stderr
    assert "Traceback" not in done.stderr


def made_up(seconds: float = 30.0, rate_hz: float = 104.3) -> Recording:
    rng = np.random.default_rng(4)
    count = round(seconds * rate_hz)
    motion = rng.normal(0.0, 0.5, (count, 3)) + np.asarray([0.0, 0.0, 9.8])
    motion[count // 2 : count // 2 + 8, 0] -= 60.0
    fixes_s = np.arange(0.0, seconds, 0.25)
    return Recording(
        name="made-up",
        acc_t_s=100.0 + np.arange(count) / rate_hz,
        acc_mps2=motion,
        gps_t_s=100.0 + fixes_s,
        gps_lat_deg=36.0 + 1e-5 * fixes_s,
        gps_lon_deg=138.0 + 0 * fixes_s,
        gps_speed_mps=np.full(fixes_s.size, 4.4),
        gps_heading_deg=np.full(fixes_s.size, np.nan),
        full_scale_g=0.0,
        lowpass_hz=0.0,
        epoch_s=0.0,
    )


def counts_of(frames: list[Heard]) -> np.ndarray:
    ordered = {frame.sequence: frame.message.motion for frame in frames}
    pieces = [np.frombuffer(ordered[number].counts, "<i2").reshape(3, -1).T for number in sorted(ordered)]
    return np.concatenate(pieces)


def test_a_replay_publishes_every_sample_and_says_what_it_published(
    server: NatsServer, backend: Backend
) -> None:
    recording = made_up()
    seen: list[float] = []
    played = replay(
        recording,
        server.broker(),
        Identity("0a", "car-001"),
        speed=math.inf,
        progress=lambda at, of: seen.append(at / of),
    )
    total = sum(played.published.values())
    until(lambda: len(backend.heard) >= total, "everything published is heard")
    heard = {name: len(backend.of(name)) for name in KINDS if backend.of(name)}
    assert heard == played.published
    assert heard == {"accel": 31, "gps": 3, "impact": 11, "status": 2}
    counts = counts_of(backend.of("accel"))
    expected = np.rint(recording.acc_mps2 / (16 * 9.80665 / 32768))
    assert np.array_equal(counts, expected)
    frames = [frame.message for frame in backend.of("accel")]
    assert {frame.motion.samples for frame in frames[:-1]} == {104}
    assert frames[0].motion.rate_hz == pytest.approx(104.3, abs=0.01)
    assert frames[0].motion.full_scale_g == 16.0
    assert frames[1].stamp.event_uptime_ms == 997
    assert max(frame.stamp.event_wall_ms for frame in frames) <= time.time() * 1000, (
        "never ahead of the clock"
    )
    fixes = [fix for batch in backend.of("gps") for fix in batch.message.fixes]
    assert [fix.uptime_ms for fix in fixes] == [1000 * n for n in range(30)]
    assert fixes[3].speed_mps == pytest.approx(4.4)
    assert played.triggers == pytest.approx([15.0], abs=0.1)
    assert seen[-1] == pytest.approx(1.0)
    assert seen == sorted(seen)


def test_a_replay_keeps_time_with_its_speed(server: NatsServer, backend: Backend) -> None:
    begun_s = time.monotonic()
    replay(made_up(6.0), server.broker(), Identity("0a", "car-001"), speed=2.0, trigger=False)
    assert 2.8 < time.monotonic() - begun_s < 6.0
    until(lambda: len(backend.of("accel")) == 7, "all frames")
    frames = backend.of("accel")
    assert 0.35 < (frames[5].at_s - frames[0].at_s) / 5 < 0.65
    assert not backend.of("impact")
    stamps = [frame.message.stamp for frame in frames]
    assert [stamp.sent_uptime_ms - stamp.event_uptime_ms < 1200 for stamp in stamps] == [True] * 7


def test_a_replay_survives_a_broker_that_is_killed(server: NatsServer, backend: Backend) -> None:
    recording = made_up(12.0)

    def progress(at_s: float, of_s: float) -> None:
        if at_s > 4.0 and not killed.is_set():
            killed.set()
            server.kill()
            threading.Timer(1.0, server.start).start()

    killed = threading.Event()
    played = replay(recording, server.broker(), Identity("0a", "car-001"), speed=3.0, progress=progress)
    assert killed.is_set()
    assert played.published["accel"] == 13
    until(lambda: len({frame.sequence for frame in backend.of("accel")}) == 13, "all frames")
    assert counts_of(backend.of("accel")).shape == recording.acc_mps2.shape


def test_a_replay_without_a_broker_says_why(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_sim.replay, "_NO_PROGRESS_S", 2.0)
    with pytest.raises(ReplayError, match=r"did not accept the device for 2 s \(.*authori"):
        replay(made_up(), server.broker("guess"), Identity("0a", "car-001"))
    nobody = Broker("127.0.0.1", free_port())
    with pytest.raises(ReplayError, match=r"unreachable: .*refused"):
        replay(made_up(), nobody, Identity("0a", "car-001"))


def test_a_replay_can_be_stopped(server: NatsServer) -> None:
    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    begun_s = time.monotonic()
    played = replay(made_up(), server.broker(), Identity("0a", "car-001"), stopping=stop.is_set)
    assert time.monotonic() - begun_s < 5.0
    assert 1 <= played.published["accel"] <= 3


@pytest.mark.parametrize(
    "name", ["drive_highway_104hz", "drop_fall_1", "drive_rough_100hz_171151", "drive_city_17hz_21"]
)
def test_real_recordings_are_played_or_refused(server: NatsServer, backend: Backend, name: str) -> None:
    path = SAMPLES / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"sample data is not here: {path}")
    recording = load_recording(path)
    if "17hz" in name:
        with pytest.raises(ReplayError, match=r"16\.7 Hz is outside"):
            replay(recording, server.broker(), Identity("0a", "car-001"), speed=math.inf)
        return
    played = replay(recording, server.broker(), Identity("0a", "car-001"), speed=math.inf)
    until(lambda: len(backend.of("accel")) == played.published["accel"], "all frames")
    counts = counts_of(backend.of("accel"))
    assert counts.shape == recording.acc_mps2.shape
    scale = (recording.full_scale_g or 16.0) * 9.80665 / 32768
    assert np.abs(counts * scale - recording.acc_mps2).max() <= scale
    assert bool(played.triggers) == name.startswith("drop")
