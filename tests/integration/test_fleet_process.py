"""The fleet as a process of its own, with its control server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.device_broker import (
    Backend,
    NatsServer,
    fleet_json,
    until,
)

from schemas.wire.device_pb2 import (
    Status,
)

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path) as server:
        yield server


@pytest.fixture
def backend(server: NatsServer) -> Iterator[Backend]:
    with Backend(server) as backend:
        yield backend


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
