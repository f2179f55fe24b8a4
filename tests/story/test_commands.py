"""`cbutton up` and `cbutton story` as processes, with everything they start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from support.servers import short_folder

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Generator[Path]:
    with short_folder() as made:
        yield made


def start(folder: Path, *words: str, **settings: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CBUTTON_")}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=env | {"PYTHONPATH": str(CHECKOUT), "TMPDIR": str(folder)} | settings,
    )


def test_a_stack_with_operators_of_its_own_runs_and_tells_a_log_no_secrets(folder: Path) -> None:
    configured = {
        "CBUTTON_STATE_DIR": str(folder / "a state"),
        "CBUTTON_OPERATOR_TOKENS": "hana:hush-hush",
        "CBUTTON_PUBLIC_URL": "https://calls.invalid",
    }
    with start(folder, "up", **configured) as process:
        assert process.stdout
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("processes:"):
                break
        with start(folder, "up", **configured) as second:
            _, refusal = second.communicate(timeout=30)
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=40)
    kept = json.loads((folder / "a state" / "kept.json").read_text())["secrets"]
    for secret in ("hush-hush", *kept.values()):
        assert secret not in "".join([*said, rest, errors])
    assert any("database ready" in line and "api ready" in line for line in said)
    assert (process.returncode, errors) == (0, "")
    assert (second.returncode, "in use by process" in refusal) == (1, True)


def test_a_story_in_json_prints_nothing_else_whatever_is_configured(folder: Path) -> None:
    with start(folder, "story", "pothole", "--json", CBUTTON_OPERATOR_TOKENS="hana:t") as process:
        out, errors = process.communicate(timeout=120)
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[0]["kind"] == "deed"
    assert lines[-1] == {"story": "pothole", "killed": None, "ok": True, "failures": []}
    assert (process.returncode, errors) == (0, "")
    assert list(folder.glob("cb-story-*")) == []


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_story_broken_off_leaves_nothing(folder: Path, signum: signal.Signals, code: int) -> None:
    with start(folder, "story", "pothole", "--json") as process:
        while not list(folder.glob("cb-story-*/logs/database.log")):
            assert process.poll() is None
        process.send_signal(signum)
        out, errors = process.communicate(timeout=40)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in errors
    assert list(folder.glob("cb-story-*")) == []
