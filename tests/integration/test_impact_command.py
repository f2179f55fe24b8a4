"""`cbutton impact` beside a running API."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import pytest
from support.backend import Backend, allow_connections, running_backend, terminate_connections
from support.crash_trace import CRASH_S, between, crash_trace
from support.insured import insured_world
from support.lanes import DEVICE, running_lane
from support.servers import Broker


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        monkeypatch.setenv("CBUTTON_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.setenv("CBUTTON_DATABASE_URL", database_url)
        monkeypatch.setenv("CBUTTON_MQTT_URL", "mqtt://127.0.0.1:1")
        monkeypatch.setenv("CBUTTON_API_PORT", str(backend.client.base_url.port))
        monkeypatch.setenv("CBUTTON_ADMIN_TOKEN", "admin-token")
        yield backend


@pytest.fixture
def crashed(api: Backend, broker: Broker) -> str:
    with insured_world(api.url) as world, running_lane(world, broker, "urgent") as lane:
        said = [each for each in between(crash_trace(), -CRASH_S - 1, 40.0) if each.name == "impact"]
        for each in said:
            lane.publish(each.name, each.payload)
        lane.work(len(said))
    (row,) = api.sql("SELECT id FROM impacts")
    return str(row["id"])


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "impact", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def refused(*words: str) -> str:
    done = run(*words)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return done.stderr


def test_an_impact_is_listed_told_and_drawn(api: Backend, crashed: str, tmp_path: Path) -> None:
    listed = run("list", "--device", DEVICE).stdout.splitlines()
    assert len(listed) == 2
    assert {crashed, DEVICE, "severe"} <= set(listed[1].split())
    assert len(run("list", "--device", "CB-OTHER").stdout.splitlines()) == 1

    told = run("show", crashed, "--svg", str(tmp_path / "a.svg"), "--language", "en").stdout
    assert told.startswith("severe impact · velocity change 3")
    for words in (
        "peak",
        "speed before",
        "why:",
        "The velocity changed",
        "range of published models",
        "NHTSA",
    ):
        assert words in told
    assert "severe impact" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert run("show", crashed).stdout.startswith("強い衝撃 · 速度変化 3")
    assert {row["actor"] for row in api.sql("SELECT actor FROM access_log")} == {"admin:admin"}


def test_what_cannot_be_shown_is_said(api: Backend, crashed: str, tmp_path: Path) -> None:
    assert "there is no such impact" in refused("show", str(uuid4()))
    assert "impact_id" in refused("show", "first")
    assert "device" in refused("list", "--device", "?")
    done = run("show", crashed, "--svg", str(tmp_path / "no" / "a.svg"))
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    terminate_connections(api.url)
    try:
        assert "database" in refused("show", crashed).lower()
    finally:
        allow_connections(api.url)


def test_without_an_api_there_is_word_of_how_to_start_one(
    api: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CBUTTON_API_PORT", "1")
    assert "is `cbutton up` running?" in refused("list")
