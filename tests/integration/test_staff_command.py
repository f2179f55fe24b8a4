"""`cbutton staff` beside a running API."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from support.backend import PASSWORD, Backend, running_backend

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
        monkeypatch.setenv("CBUTTON_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.setenv("CBUTTON_DATABASE_URL", database_url)
        monkeypatch.setenv("CBUTTON_MQTT_URL", "mqtt://127.0.0.1:1")
        monkeypatch.setenv("CBUTTON_API_PORT", str(backend.client.base_url.port))
        monkeypatch.setenv("CBUTTON_ADMIN_TOKEN", "admin-token")
        yield backend


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "staff", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
    )


def said(*words: str) -> str:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*words: str) -> str:
    done = run(*words)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return done.stderr


def at_a_terminal(words: list[str], typed: list[str]) -> tuple[int, str]:
    """Run it with somebody who types an answer to each question; its exit code and what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "cli", "staff", *words])
    shown, left = "", list(typed)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and select.select([terminal], [], [], 30)[0]:
        try:
            shown += os.read(terminal, 1000).decode()
        except OSError:  # the other side has ended
            break
        if left and shown.endswith(": "):
            os.write(terminal, left.pop(0).encode() + b"\n")
            shown += "\n"
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def signs_in(api: Backend, name: str, password: str) -> bool:
    answer = api.client.post("/v1/session", json={"name": name, "password": password})
    api.client.cookies.clear()
    return answer.status_code == 200


def test_an_operator_is_employed_and_dismissed(api: Backend) -> None:
    made = said("add", "佐藤", "--role", "operator", "--phone", "+819012345678", "--generate")
    assert "佐藤: operator, may sign in now" in made
    password = made.rpartition("password: ")[2].strip()
    assert signs_in(api, "佐藤", password)
    (member,) = api.get("/v1/desk")["members"]
    assert (member["name"], member["role"], member["phone"]) == ("佐藤", "operator", "+819012345678")
    assert "changed" in said("add", "佐藤", "--role", "supervisor")
    assert signs_in(api, "佐藤", password)
    listed = said("list").splitlines()
    assert {"佐藤", "supervisor", "ja"} <= set(listed[1].split())
    said("disable", "佐藤")
    assert not signs_in(api, "佐藤", password)
    assert "disabled" in said("list")
    said("enable", "佐藤")
    again = said("password", "佐藤", "--generate").rpartition("password: ")[2].strip()
    assert [signs_in(api, "佐藤", each) for each in (password, again)] == [False, True]
    for _ in range(5):
        signs_in(api, "佐藤", password)
    assert not signs_in(api, "佐藤", again)
    said("unlock", "佐藤")
    assert signs_in(api, "佐藤", again)
    assert "by password alone" in said("second-factor-reset", "佐藤")


def test_a_password_is_asked_for_twice_and_never_shown(api: Backend) -> None:
    typed = ["short", PASSWORD, "another-one-by-mistake", PASSWORD, PASSWORD]
    code, shown = at_a_terminal(["add", "mori", "--role", "auditor"], typed)
    assert (code, typed[0] in shown, PASSWORD in shown) == (0, False, False), shown
    assert "at least 12 characters" in shown
    assert "that was another one" in shown
    assert signs_in(api, "mori", PASSWORD)


def test_what_cannot_be_done_is_said(api: Backend) -> None:
    assert "--generate makes one" in refused("add", "mori", "--role", "operator")
    assert "is not rung" in refused("add", "mori", "--role", "auditor", "--phone", "+819012345678")
    for command in ("password", "disable", "enable", "unlock", "second-factor-reset"):
        assert "nobody called mori has an account" in refused(command, "mori")
    assert run("add", "mori", "--role", "king").returncode == 2
    assert api.get("/v1/staff", {"Authorization": "Bearer admin-token"}) == {"staff": []}
