"""The import contracts bite: a forbidden import is refused, with its place named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = ("cli", "api", "ingest", "device_sim", "incident", "scoring", "runtime", "schemas")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rooms")
    for room in ROOMS:
        shutil.copytree(CHECKOUT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    return folder


def test_the_rooms_as_they_are_keep_the_contracts(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("incident/escalation/decide.py", "import time"),
        ("incident/wording/spoken.py", "import logging"),
        ("incident/voice/speech.py", "import time"),
        ("ingest/envelope.py", "import psycopg"),
        ("scoring/analyse.py", "import os"),
        ("scoring/analyse.py", "import incident.escalation.state"),
        ("incident/escalation/state.py", "import scoring.analyse"),
        ("ingest/bulk.py", "import api.views.incident"),
        ("runtime/stack.py", "import incident.service"),
        ("device_sim/carrier/people.py", "import runtime.settings"),
        ("device_sim/device/core.py", "import device_sim.cars.journey"),
        ("device_sim/field/units.py", "import device_sim.carrier.people"),
    ],
)
def test_a_forbidden_import_is_refused(copy: Path, module: str, line: str) -> None:
    file = copy / module
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(before + f"\n{line}\n", encoding="utf-8")
        result = lint(copy)
    finally:
        file.write_text(before, encoding="utf-8")
    assert result.returncode == 1
    assert module.removesuffix(".py").replace("/", ".") in result.stdout
    assert line.split()[1] in result.stdout
