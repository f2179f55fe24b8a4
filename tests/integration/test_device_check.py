"""`cbutton device-check` passes the simulated device, and finds what is wrong with a careless one."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from support.careless_device import CarelessDevice
from support.servers import Broker

from cli.device_check.check import run
from cli.device_check.director import JsonLines
from cli.device_check.steps import STEPS
from schemas import topics
from schemas.wire import device_pb2 as wire

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")


class Record:
    """The JSON lines of a session, read again."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.director = JsonLines(lambda line: self.lines.append(json.loads(line)))

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        return {line["step"]: line for line in self.lines if "result" in line}

    @property
    def orders(self) -> list[tuple[str, str]]:
        return [(line["step"], line["do"]) for line in self.lines if "do" in line]


def test_the_page_describes_every_step_in_order() -> None:
    section = PAGE.split("\n## Checking a device\n", 1)[1]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(STEPS)


@pytest.mark.timeout(600)  # the times of the contract: two and a half minutes of waiting
def test_the_simulated_device_passes_every_step() -> None:
    record = Record()
    code = run(simulated=True, director=record.director)
    failed = {step: line for step, line in record.results.items() if line["result"] != "pass"}
    assert not failed
    assert list(record.results) == list(STEPS)
    assert code == 0
    assert record.lines[-1] == {
        "summary": "pass",
        "device": "simulated-1",
        "passed": list(STEPS),
        "failed": [],
    }
    assert record.orders == [
        ("connect", "power_on"),
        ("motion", "lay_still"),
        ("gps", "open_sky"),
        ("short_press", "press_short"),
        ("long_press", "press_long"),
        ("burst", "strike"),
        ("offline", "cut_connection"),
        ("offline", "press_short"),
        ("clock", "restart_without_time"),
        ("clock", "press_short"),
    ]


def test_a_careless_device_fails_the_right_steps_for_the_right_reasons() -> None:
    record, device = Record(), CarelessDevice()
    try:
        code = run(
            director=record.director,
            do=device.do,
            only=["connect", "motion", "short_press", "long_press", "burst", "window", "commands"],
            patience_s=3,
        )
    finally:
        device.stop()
    assert code == 1
    results = record.results
    assert {step for step, line in results.items() if line["result"] == "pass"} == {"connect", "motion"}
    assert "not sent again" in results["short_press"]["why"]
    assert "send it again with the same sequence" in results["short_press"]["fix"]
    assert "told after 5200 ms" in results["long_press"]["why"]
    assert "no impact" in results["burst"]["why"]
    assert "did not come" in results["window"]["why"]
    why = results["commands"]["why"]
    for expected in (
        "a command whose uptime is over was acknowledged as DONE instead of EXPIRED",
        "a command for another boot was acknowledged as DONE instead of EXPIRED",
        "a body this firmware cannot know was acknowledged as DONE instead of UNSUPPORTED",
        "a command of version 2 was acknowledged as DONE instead of UNSUPPORTED",
        "a light nobody has was acknowledged as DONE instead of UNSUPPORTED",
        "a receipt for a press never made was acknowledged as DONE instead of FAILED",
    ):
        assert expected in why
    # What it does right is not blamed. It has no clock, so that wall time does not count.
    for right in ("a fresh signal", "never expires", "wall time is over", "came again was"):
        assert right not in why
    assert record.lines[-1]["summary"] == "fail"
    assert record.lines[-1]["device"] == "careless-1"


def test_a_named_broker_is_used_and_a_device_that_does_not_come_is_told(broker: Broker) -> None:
    record = Record()
    code = run(mqtt_url=broker.url, device_id="nobody-1", director=record.director, patience_s=1)
    assert code == 1
    (line,) = record.results.values()
    assert line["step"] == "connect"
    assert "nothing was heard within 1 s" in line["why"]
    assert record.lines[0]["port"] == broker.port
    assert broker.service_password not in json.dumps(record.lines)
    assert record.lines[-1] == {"summary": "fail", "device": "nobody-1", "passed": [], "failed": list(STEPS)}


def test_another_backend_on_the_broker_is_told(broker: Broker) -> None:
    record, device = Record(), CarelessDevice()
    backend = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
    backend.username_pw_set(broker.service_user, broker.service_password)
    backend.connect(broker.host, broker.port)
    backend.loop_start()

    def do(order: dict[str, Any]) -> None:
        device.do({**order, "user": broker.device_user, "password": broker.device_password})
        stranger = wire.Command(version=1, command_id="of-somebody-else")
        backend.publish(topics.down("03", "careless-1"), stranger.SerializeToString())

    try:
        run(
            mqtt_url=broker.url,
            device_id="careless-1",
            director=record.director,
            do=do,
            only=["connect"],
            patience_s=5,
        )
    finally:
        device.stop()
        backend.disconnect()
        backend.loop_stop()
    assert record.results["connect"]["why"] == "somebody else sends commands to the device"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"only": ["dance"]}, "there is no step dance; the steps are connect, motion"),
        ({"mqtt_url": "http://127.0.0.1"}, "mqtt://user:password@host:port"),
        ({"mqtt_url": "mqtt://u:p@127.0.0.1:99999"}, "Port out of range"),
        ({"mqtt_url": "mqtt://u:p@127.0.0.1:1"}, "cannot reach the broker at 127.0.0.1:1"),
        ({"device_id": "a b"}, "is no device id"),
        ({"shard": "10"}, "is no shard"),
    ],
)
def test_what_cannot_be_done_is_said_and_ends_with_2(
    arguments: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record()
    assert run(director=record.director, **arguments) == 2
    assert words in capsys.readouterr().err
    assert not record.results


def test_a_login_that_may_not_come_in_is_told(broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"mqtt://cbutton:wrong@{broker.host}:{broker.port}"
    assert run(mqtt_url=url, director=Record().director) == 2
    error = capsys.readouterr().err
    assert "cannot be used" in error
    assert "wrong" not in error


def test_a_port_that_is_taken_is_told(broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(port=broker.port, director=Record().director) == 2
    assert f"cannot listen on port {broker.port} of 127.0.0.1" in capsys.readouterr().err


def test_what_is_seen_on_a_terminal_names_step_fault_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(patience_s=0.5, only=["connect", "gps"])
    shown = capsys.readouterr().out
    assert code == 1
    assert "Point the device at 127.0.0.1 port" in shown
    assert re.search(r"connect +FAIL", shown)
    assert "✗ nothing was heard within" in shown
    assert "→ check address, login" in shown
    assert "0 of 2 steps passed" in shown


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_half_way_leaves_nothing_behind(signum: signal.Signals) -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import signal; {_DEFAULT_INT}; from cli.device_check.check import run; run(as_json=True)",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    ) as process:
        assert process.stdout is not None
        order = json.loads(process.stdout.readline())
        process.send_signal(signum)
        process.communicate(timeout=30)
    assert process.returncode != 0
    with socket.socket() as knock, pytest.raises(OSError, match="refused"):
        knock.connect((order["host"], order["port"]))
    assert not [
        folder for folder in Path("/tmp").glob("cb-check-*") if _mentions(folder, str(order["password"]))
    ]


# A shell that starts something in the background has it ignore Ctrl-C; a person's does not.
_DEFAULT_INT = "signal.signal(signal.SIGINT, signal.default_int_handler)"


def _mentions(folder: Path, word: str) -> bool:
    return any(word in path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())
