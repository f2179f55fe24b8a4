"""A crash in the running system whose GPS lags, is missing, or does not show it: it is reported all the same."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from support.children import until
from support.insured import Insured, insured_world
from support.servers import Broker, running_broker, short_folder

from device_sim.cars.config import FleetConfig
from device_sim.cars.device import Device
from device_sim.cars.fleet import Fleet
from device_sim.device.journal import JournalEntry
from runtime.settings import Settings
from runtime.stack import environment, role
from runtime.supervisor import Supervisor

SHARD = "0b"
CRASH_S = 12.0
# A receiver that is eight seconds behind still tells, when the last part is sent, of a car that drives on.
LAGS_S: dict[str, int | None] = {"CB-PROMPT": 0, "CB-LAGGING": 2, "CB-MISSING": None, "CB-UNMOVED": 8}


class World:
    """Both lanes of ingest as processes, a fleet, and when each crash truly happened."""

    def __init__(self, insured: Insured, fleet: Fleet, crashes: dict[str, datetime]) -> None:
        self._insured = insured
        self._fleet = fleet
        self._crashes = crashes

    def opened_after_s(self, device: str) -> float:
        opened = self._insured.one(
            "SELECT opened_at FROM incidents WHERE device_id = %s AND trigger = 'impact'", device
        )
        return (opened["opened_at"] - self._crashes[device]).total_seconds()

    def impact(self, device: str) -> dict[str, Any]:
        return self._insured.one("SELECT * FROM impacts WHERE device_id = %s", device)

    def drive_until_decided(self) -> None:
        """Until every burst has come in whole and nothing waits to be decided."""
        last = "SELECT count(*) AS n FROM impact_parts WHERE last"
        until(lambda: self._insured.one(last)["n"] == len(LAGS_S), within_s=60.0)
        until(lambda: not self._insured.rows("SELECT * FROM candidates"), within_s=30.0)


def fleet_of(broker: Broker, crashes: dict[str, datetime]) -> Fleet:
    crash = {"do": "crash", "at_s": CRASH_S, "delta_v_kmh": 30, "pdof_deg": 10, "duration_ms": 110}
    config = FleetConfig.model_validate(
        {
            "broker": {
                "host": broker.host,
                "port": broker.port,
                "user": broker.device_user,
                "password": broker.device_password,
            },
            "cars": [
                {
                    "device_id": device,
                    "shard": SHARD,
                    "route": "matsumoto-town",
                    "seed": 5,
                    "gps_lag_s": lag_s,
                    "script": [crash],
                }
                for device, lag_s in LAGS_S.items()
            ],
        }
    )

    def note(device: Device, entry: JournalEntry) -> None:
        if entry.kind == "crash":
            at_s = device.unix_s(entry.uptime_ms)
            crashes[device.config.device_id] = datetime.fromtimestamp(at_s, UTC)

    return Fleet(config, note)


@contextmanager
def driving(fleet: Fleet) -> Generator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=fleet.run, args=(stopping.is_set, lambda: None))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(20)


@pytest.fixture(scope="module")
def world(databases: Any) -> Generator[World]:
    with (
        databases.fresh() as url,
        insured_world(url) as insured,
        running_broker() as broker,
        short_folder() as folder,
        Supervisor(folder) as supervisor,
    ):
        settings = Settings.unconfigured(
            database_url=SecretStr(url), mqtt_url=SecretStr(broker.url), shards=(SHARD,)
        )
        env = environment(settings)
        supervisor.start(*(role(lane, "ingest", "--lane", lane, env=env) for lane in ("urgent", "bulk")))
        supervisor.wait_ready()
        for device in LAGS_S:
            insured.conn.execute("INSERT INTO devices (id, shard) VALUES (%s, %s)", [device, SHARD])
        crashes: dict[str, datetime] = {}
        fleet = fleet_of(broker, crashes)
        with driving(fleet):
            made = World(insured, fleet, crashes)
            made.drive_until_decided()
            yield made


@pytest.mark.parametrize("device", LAGS_S)
def test_an_incident_opens_within_a_second_whatever_gps_says(world: World, device: str) -> None:
    after_s = world.opened_after_s(device)
    print(f"{device}: {after_s:.3f} s")
    assert 0.0 < after_s < 1.0


@pytest.mark.parametrize("device", LAGS_S)
def test_the_impact_stands_when_all_of_gps_is_in(world: World, device: str) -> None:
    impact = world.impact(device)
    assert impact["severity"] == "severe"
    assert impact["delta_v_kmh"] == pytest.approx(30.0, rel=0.05)


def test_it_says_what_gps_told_of_the_speed_after(world: World) -> None:
    assert "stopped_after" in world.impact("CB-PROMPT")["reasons"]
    assert "stopped_after" in world.impact("CB-LAGGING")["reasons"]
    assert not {"stopped_after", "speed_unchanged"} & set(world.impact("CB-MISSING")["reasons"])
    assert "stopped_after" not in world.impact("CB-UNMOVED")["reasons"]
