"""The command as a user meets it when something is wrong: words that help, an exit code, no trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CBUTTON_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CBUTTON_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.chdir(tmp_path)


def refused(*words: str, code: int = 1) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert (done.exit_code, done.stdout) == (code, "")
    return done.stderr


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "command", ["up", "db migrate", "device list", "engine", "api", "ingest --lane urgent"]
)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CBUTTON_MQTT_PORT", "abc")
    assert refused(*command.split()).startswith("CBUTTON_MQTT_PORT: ")


@pytest.mark.parametrize(
    ("command", "lacking"),
    [
        ("engine", ["DATABASE_URL", "MQTT_URL", "PUBLIC_URL"]),
        ("api", ["DATABASE_URL", "SECRET_KEY", "ADMIN_TOKEN", "API_PORT"]),
        ("ingest --lane bulk", ["DATABASE_URL", "MQTT_URL"]),
    ],
)
def test_a_role_alone_says_what_it_lacks(command: str, lacking: list[str]) -> None:
    lines = refused(*command.split()).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [f"CBUTTON_{name}" for name in lacking]


def test_a_plan_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CBUTTON_PLAN_FILE", "plan.toml")
    assert f"there is no file {tmp_path}/plan.toml" in refused("up")


def test_a_database_that_is_away_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUTTON_DATABASE_URL", "postgresql://cbutton:hush@127.0.0.1:1/cbutton")
    started = run("-m", "cli", "up")
    assert (started.returncode, started.stdout) == (1, "")
    for told in (started.stderr, refused("db", "migrate")):
        assert "Connection refused" in told
        assert "hush" not in told
        assert "Traceback" not in told


def test_without_a_stack_there_is_word_of_how_to_start_one() -> None:
    assert "start one with `cbutton up`" in refused("device", "list")


def test_a_full_disk_is_told() -> None:
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        "import sys; sys.argv = ['cbutton', 'up']; from cli.__main__ import main; main()"
    )
    done = run("-c", limited)
    assert (done.returncode, done.stdout) == (1, "")
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["policy", "add", "nowhere.json"], 1, "nowhere.json: No such file or directory\n"),
        (["policy", "add", "words.txt"], 1, "words.txt is not JSON: "),
        (["story", "nothing"], 1, "no story nothing; there are severe-crash-no-answer, "),
        (["story", "pothole", "--kill", "king"], 1, "no role king; there are ingest, "),
        (["story", "pothole", "--kill-at", "deed"], 1, "say with --kill which role"),
        (["story", "pothole", "--keep", "."], 1, "is not empty"),
        (["ingest", "--lane", "slow"], 2, "bulk"),
        (["device-check", "--port", "99999"], 2, "65535"),
        (["device-check", "--only", "jump"], 2, "there is no step jump; the steps are connect, "),
        (["detect", "nowhere.npz"], 1, "nowhere.npz: no such file\n"),
    ],
)
def test_wrong_words_are_answered_with_right_ones(
    tmp_path: Path, words: list[str], code: int, told: str
) -> None:
    (tmp_path / "words.txt").write_text("hello")
    assert told in refused(*words, code=code)


def test_a_table_in_a_pipe_is_whole() -> None:
    lines = CliRunner().invoke(app, ["settings"]).stdout.splitlines()
    broker = next(line for line in lines if "CBUTTON_TWILIO_BASE_URL" in line)
    assert "for a simulated carrier. Default: Twilio." in broker


def test_a_reader_that_goes_away_is_no_error_worth_a_trace() -> None:
    done = subprocess.run(
        f"{sys.executable} -m cli settings | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
