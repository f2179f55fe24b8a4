"""The bench of timers on a small scale: every figure is there, and every timer that came due has fired."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    words = ("-m", "cli", "bench", "timers", "--json", "--timers", "3000", "--seconds", "1", "--engines", "1")
    done = subprocess.run(
        [sys.executable, *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "200 due a second for 1 s" in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_timer_that_came_due_has_fired(told: dict[str, Any]) -> None:
    assert told["n"] == 200
    assert told["open_timers"] >= 3000
    assert told["fired_n"] == told["open_incidents"] - 200


def test_figures_are_of_a_machine_of_this_world(told: dict[str, Any]) -> None:
    assert 0 < told["lateness_p50_ms"] <= told["lateness_p99_ms"] <= told["lateness_max_ms"] < 60_000
    assert told["fired_per_s"] > 1
    assert told["effects_per_s"] > 0
    assert told["engines"] == 1
