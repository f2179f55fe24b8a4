"""Simulated units and drivers as a process, against the unit and driver part of the HTTP contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from support.telephone import CHECKOUT, until
from support.unit_api import INCIDENT, UnitApi

from device_sim.field.habits import Place, distance_m

SCENE = Place(INCIDENT["lat_deg"], INCIDENT["lon_deg"])
BASE = Place(35.67, 139.75)
UNIT: dict[str, object] = {"id": "guard-1", "token": "unit", "lat_deg": BASE.lat_deg, "lon_deg": BASE.lon_deg}
WHOLE_TOUR = ["accept", "en_route", "on_scene", "secured", "complete"]


class Field:
    """`python -m device_sim.field`."""

    def __init__(self, folder: Path, api: UnitApi) -> None:
        self._folder = folder
        self._api = api
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **config: object) -> None:
        file, ready = self._folder / "field.json", self._folder / "ready"
        ready.unlink(missing_ok=True)
        file.write_text(json.dumps({"api_url": self._api.url, "time_scale": 0.005} | config))
        with (self._folder / "field.jsonl").open("ab") as out, (self._folder / "field.err").open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "device_sim.field", "--config", str(file)],
                cwd=CHECKOUT,
                env=os.environ | {"CBUTTON_READY_FILE": str(ready)},
                stdout=out,
                stderr=err,
            )

    @property
    def ready(self) -> bool:
        return (self._folder / "ready").exists()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def events(self) -> list[dict[str, Any]]:
        lines = (self._folder / "field.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events()]

    def errors(self) -> str:
        return (self._folder / "field.err").read_text()


@pytest.fixture
def api() -> Generator[UnitApi]:
    one = UnitApi()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def field(tmp_path: Path, api: UnitApi) -> Generator[Field]:
    one = Field(tmp_path, api)
    yield one
    one.kill()
    assert "Traceback" not in one.errors()


def steps(api: UnitApi) -> list[str]:
    return [action for action, _ in api.steps]


def test_a_unit_takes_an_offer_drives_reports_and_goes_home(api: UnitApi, field: Field):
    field.start(units=[UNIT])
    until(lambda: api.positions)
    assert api.positions == [BASE]
    api.state = "offered"
    until(lambda: "returned" in field.kinds())

    assert steps(api) == WHOLE_TOUR
    assert api.refused == []
    # 3.34 km in a straight line, 1.4 times that by road at 40 km/h, and 5 s to depart; all times 0.005.
    assert api.steps[0][1] == {"eta_s": 3}
    assert len(api.steps[4][1]["report"]) > 10
    there = api.positions.index(SCENE)
    driven = [distance_m(Place(*place), SCENE) for place in api.positions[: there + 1]]
    assert len(driven) > 3
    assert driven == sorted(driven, reverse=True)
    until(lambda: api.positions[-1] == BASE)
    assert field.stop() == 0


def test_an_api_that_loses_answers_and_goes_away_changes_nothing(api: UnitApi, field: Field):
    api.state = "offered"
    api.lose_answers = True
    api.stop()
    field.start(units=[UNIT])
    until(lambda: "api_down" in field.kinds())
    assert not field.ready
    api.start()
    until(lambda: api.state == "en_route", 40)
    api.stop()
    until(lambda: field.kinds().count("api_down") > 1)
    api.lose_answers = False
    api.start()
    until(lambda: api.state == "completed")

    assert field.ready
    assert steps(api) == WHOLE_TOUR
    assert api.refused == []


def test_a_killed_unit_goes_on_from_where_it_was_last_seen(api: UnitApi, field: Field):
    api.state = "offered"
    field.start(units=[UNIT])
    until(lambda: len(api.positions) > 2)
    field.kill()
    last_m = distance_m(Place(*api.positions[-1]), SCENE)
    seen = len(api.positions)
    field.start(units=[UNIT])
    until(lambda: api.state == "completed")

    assert steps(api) == WHOLE_TOUR
    assert distance_m(Place(*api.positions[seen]), SCENE) <= last_m


@pytest.mark.parametrize(("temperament", "state"), [("declines", "declined"), ("ignores", "offered")])
def test_units_that_do_not_want_to(api: UnitApi, field: Field, temperament: str, state: str):
    api.state = "offered"
    field.start(units=[UNIT | {"temperament": temperament}])
    until(lambda: "offered" in field.kinds())
    if state == "declined":
        until(lambda: "dispatch_over" in field.kinds())

    assert api.state == state
    assert "accepted" not in field.kinds()


def test_a_unit_may_be_left_on_its_way(api: UnitApi, field: Field):
    api.state = "offered"
    field.start(units=[UNIT | {"speed_kmh": 400}], stop_after="en_route")
    until(lambda: SCENE in api.positions)

    assert steps(api) == ["accept", "en_route"]
    assert field.stop() == 0
    assert api.state == "en_route"


def test_a_dispatch_that_is_called_off_sends_the_unit_home(api: UnitApi, field: Field):
    api.state = "offered"
    field.start(units=[UNIT])
    until(lambda: len(api.positions) > 1)
    api.state = "stood_down"
    until(lambda: "returned" in field.kinds())

    assert steps(api) == ["accept", "en_route"]
    over = next(event for event in field.events() if event["event"] == "dispatch_over")
    assert over["was"] == "en_route"


def test_a_driver_answers_in_the_app_once_and_reads_the_messages(api: UnitApi, field: Field):
    message = {"at": "2026-10-01T03:00:01Z", "template": "severe", "body": "大丈夫ですか"}
    api.driver_incident = INCIDENT | {
        "phase": "reaching",
        "answer": None,
        "help": None,
        "messages": [message],
    }
    driver = {"id": "sato", "token": "driver", "temperament": "help", "answer_after_s": 60}
    field.start(drivers=[driver])
    until(lambda: api.answers)
    api.driver_incident["messages"].append(message | {"template": "accepted", "body": "向かっています"})
    until(lambda: field.kinds().count("app_message") == 2)
    looks = api.looks
    until(lambda: api.looks > looks + 2)

    assert api.answers == ["help"]
    assert [event["body"] for event in field.events() if event["event"] == "app_message"] == [
        "大丈夫ですか",
        "向かっています",
    ]


def test_a_driver_who_ignores_the_app_reads_and_says_nothing(api: UnitApi, field: Field):
    api.driver_incident = INCIDENT | {"phase": "reaching", "answer": None, "help": None, "messages": []}
    field.start(drivers=[{"id": "sato", "token": "driver"}])
    until(lambda: "app_shows" in field.kinds())
    api.driver_incident["phase"] = "closed"
    until(lambda: field.kinds().count("app_shows") == 2)

    assert api.answers == []


def test_a_wrong_token_is_said_once_and_does_not_end_the_others(api: UnitApi, field: Field):
    api.state = "offered"
    field.start(units=[UNIT | {"id": "stranger", "token": "wrong"}, UNIT])
    until(lambda: api.state == "accepted")

    refusals = [event for event in field.events() if event["event"] == "refused"]
    assert [(event["unit"], event["detail"]) for event in refusals] == [
        ("stranger", "HTTP 401: unknown token")
    ]
