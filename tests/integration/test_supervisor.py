"""The supervisor with real processes."""

from __future__ import annotations

import io
import itertools
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from support.children import BROKEN, DYING, SILENT, SLOW, STUBBORN, alive, child, journal, until

from runtime.supervisor import ChildFailed, Supervisor

TESTS = Path(__file__).parents[1]


@pytest.fixture
def supervisor(tmp_path: Path) -> Generator[Supervisor]:
    with Supervisor(tmp_path) as running:
        yield running


def test_children_start_one_after_the_other_and_stop_in_reverse(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(
            child("api", tmp_path, after=("engine",)),
            child("engine", tmp_path, SLOW, after=("database",)),
            child("database", tmp_path),
        )
        assert supervisor.wait_ready()
        assert [one.state for one in supervisor.status()] == ["ready"] * 3
    assert [entry[:2] for entry in journal(tmp_path)] == [
        ("started", "database"),
        ("started", "engine"),
        ("started", "api"),
        ("stopped", "api"),
        ("stopped", "engine"),
        ("stopped", "database"),
    ]
    assert [one.state for one in supervisor.status()] == ["stopped"] * 3


def test_a_killed_child_is_started_again_at_once(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(child("engine", tmp_path), child("api", tmp_path))
    supervisor.wait_ready()
    before = {one.name: one for one in supervisor.status()}
    killed = before["engine"].pid
    assert killed
    os.kill(killed, signal.SIGKILL)

    def back() -> bool:
        engine, _ = supervisor.status()
        return engine.state == "ready" and engine.pid != killed

    took_s = until(back)
    engine, api = supervisor.status()
    assert took_s < 5.0
    assert (engine.restarts, engine.last_exit) == (1, "signal SIGKILL")
    assert (api.pid, api.restarts) == (before["api"].pid, 0)


def test_a_child_that_keeps_dying_is_given_more_time_each_time(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(child("engine", tmp_path, DYING))
    until(lambda: len(journal(tmp_path)) >= 5)
    starts = [at for word, _, _, at in journal(tmp_path) if word == "started"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert [gap > least for gap, least in zip(gaps[1:4], (0.2, 0.5, 1.0), strict=True)] == [True] * 3
    (status,) = supervisor.status()
    assert status.restarts >= 4
    assert status.last_exit == "exit code 3"


def test_a_child_that_is_never_ready_is_reported_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(child("engine", tmp_path, SILENT))
    with pytest.raises(ChildFailed, match="engine was not ready within 1 s") as caught:
        supervisor.wait_ready(timeout_s=1.0)
    assert caught.value.name == "engine"
    assert caught.value.tail == "still loading"


def test_a_child_that_cannot_start_is_reported_before_the_time_is_over(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(child("engine", tmp_path, BROKEN))
    began_s = time.monotonic()
    with pytest.raises(ChildFailed, match=r"did not start \(exit code 1\).*\n.*no first step"):
        supervisor.wait_ready(timeout_s=30.0)
    assert time.monotonic() - began_s < 10.0


def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = child("engine", tmp_path)
    supervisor.start(type(spec)("engine", ("/no/such/program",), {}))
    with pytest.raises(ChildFailed, match="cannot start /no/such/program: No such file or directory"):
        supervisor.wait_ready()


def test_a_failed_preparation_is_a_failed_start(supervisor: Supervisor, tmp_path: Path) -> None:
    def refuse() -> None:
        raise RuntimeError("the data is of another version")

    supervisor.start(child("database", tmp_path, prepare=refuse))
    with pytest.raises(ChildFailed, match="cannot start: the data is of another version"):
        supervisor.wait_ready()


def test_readiness_is_asked_until_it_is_there(supervisor: Supervisor, tmp_path: Path) -> None:
    asked: list[float] = []

    def third_time() -> bool:
        asked.append(time.monotonic())
        return len(asked) >= 3

    supervisor.start(child("broker", tmp_path, announces=False, is_ready=third_time))
    supervisor.wait_ready()
    assert len(asked) == 3


def test_waiting_ends_when_the_stack_is_told_to_stop(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(child("engine", tmp_path, SILENT))
    assert supervisor.wait_ready(stopping=lambda: True) is False


def test_a_child_that_may_end_is_not_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(child("fleet", tmp_path, DYING, restart=False))
    until(lambda: supervisor.status()[0].state == "stopped")
    time.sleep(0.3)
    assert len(journal(tmp_path)) == 1


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(child("engine", tmp_path, STUBBORN, stop_timeout_s=0.5))
        supervisor.wait_ready()
        pid = supervisor.status()[0].pid
        assert pid
        began_s = time.monotonic()
    assert 0.5 < time.monotonic() - began_s < 6.0
    assert not alive(pid)


def test_unknown_and_double_names_are_refused(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"api comes after \['engine'\], which nobody starts"):
        supervisor.start(child("api", tmp_path, after=("engine",)))
    supervisor.start(child("api", tmp_path))
    with pytest.raises(ValueError, match="there is a child api already"):
        supervisor.start(child("api", tmp_path))


def test_the_log_of_the_run_before_is_kept_beside(tmp_path: Path) -> None:
    for _ in range(2):
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(child("engine", tmp_path))
            supervisor.wait_ready()
            until(lambda: supervisor.log_tail("engine"))
    assert (tmp_path / "logs" / "engine.log").read_text() == "this is engine\n"
    assert (tmp_path / "logs" / "engine.log.1").read_text() == "this is engine\n"


def test_a_log_that_grows_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.child._LOG_BYTES", 1000)
    monkeypatch.setattr("runtime.supervisor._LOG_CHECK_S", 0.1)
    chatty = "ready()\nwhile True:\n    print('x' * 99, flush=True)\n    time.sleep(0.01)"
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(child("engine", tmp_path, chatty))
        until((tmp_path / "logs" / "engine.log.1").exists)
        log = tmp_path / "logs" / "engine.log"
        until(lambda: 0 < log.stat().st_size < 1000)
        assert "\0" not in log.read_text()


BEATING = "ready()\nwhile True:\n    os.utime(os.environ['CBUTTON_READY_FILE'])\n    time.sleep(0.05)"
ALMOST_STILL = (
    "ready()\nwhile True:\n    os.utime(os.environ['CBUTTON_READY_FILE'], (1, 1))\n    time.sleep(0.05)"
)


PARENT = f"""
import sys; sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
from pathlib import Path
from support.children import STUBBORN, child
from runtime.lifecycle import Lifecycle
from runtime.supervisor import Supervisor
folder = Path(sys.argv[1])
life = Lifecycle()
with Supervisor(folder) as supervisor:
    body = STUBBORN if sys.argv[2] == "stubborn" else {BEATING!r}
    engine = child("engine", folder, body, after=("broker",), beats_within_s=None if body == STUBBORN else 2.0)
    supervisor.start(child("broker", folder), engine)
    supervisor.wait_ready()
    print("ready", flush=True)
    life.wait(60)
"""


@pytest.fixture
def parent(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[subprocess.Popen[str]]:
    """A process that supervises two children in `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), getattr(request, "param", "")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        until(lambda: (tmp_path / "journal").exists() and len(journal(tmp_path)) == 2)
        assert any(line == "ready\n" for line in process.stdout)
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
@pytest.mark.parametrize("parent", ["stubborn"], indirect=True)
def test_no_child_outlives_a_killed_supervisor(parent: subprocess.Popen[str], tmp_path: Path) -> None:
    pids = [pid for _, _, pid, _ in journal(tmp_path)]
    assert all(alive(pid) for pid in pids)
    parent.send_signal(signal.SIGKILL)
    assert until(lambda: not any(alive(pid) for pid in pids)) < 5.0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order(
    parent: subprocess.Popen[str], tmp_path: Path, signum: signal.Signals
) -> None:
    parent.send_signal(signum)
    assert parent.wait(timeout=10) == 0
    assert [entry[:2] for entry in journal(tmp_path)[2:]] == [("stopped", "engine"), ("stopped", "broker")]


def test_the_last_lines_of_a_long_log(supervisor: Supervisor, tmp_path: Path) -> None:
    many = "ready()\nfor n in range(3000): print('line', n)\nsys.stdout.flush()\nwhile True: time.sleep(60)"
    supervisor.start(child("engine", tmp_path, many))
    until(lambda: re.search("line 2999$", supervisor.log_tail("engine", 3)))
    assert supervisor.log_tail("engine", 3) == "line 2997\nline 2998\nline 2999"


def test_a_log_that_cannot_be_kept_is_cut_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.child._LOG_BYTES", 1000)
    monkeypatch.setattr("runtime.supervisor._LOG_CHECK_S", 0.1)
    (tmp_path / "logs" / "engine.log.1").mkdir(parents=True)  # as good as a full disk
    chatty = "ready()\nprint('x' * 1500, flush=True)\nwhile True: time.sleep(60)"
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(child("engine", tmp_path, chatty))
        log = tmp_path / "logs" / "engine.log"
        until(lambda: log.exists() and log.stat().st_size > 1000)
        until(lambda: log.stat().st_size < 1000)
        assert [one.state for one in supervisor.status()] == ["ready"]


def test_a_question_that_cannot_be_asked_is_asked_again(supervisor: Supervisor, tmp_path: Path) -> None:
    answers = iter([False, True])

    def ask() -> bool:
        if not next(answers):
            raise RuntimeError("the disk is full")
        return True

    supervisor.start(child("engine", tmp_path, is_ready=ask))
    assert supervisor.wait_ready()
    assert supervisor.status()[0].restarts == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_children_are_looked_after_when_nothing_can_be_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "wb", buffering=0) as full, Supervisor(tmp_path) as supervisor:  # noqa: PTH123
        said = io.TextIOWrapper(full, write_through=True)
        monkeypatch.setattr(sys, "stderr", said)
        monkeypatch.setattr(sys, "stdout", said)
        supervisor.start(child("engine", tmp_path, DYING))
        until(lambda: supervisor.status()[0].restarts > 1)
        monkeypatch.undo()
        said.detach()


def test_only_the_owner_may_read_logs(supervisor: Supervisor, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


def test_a_child_that_hangs_is_killed_and_started_anew(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(
        child("engine", tmp_path, BEATING, beats_within_s=1.0),
        child("api", tmp_path, BEATING, beats_within_s=1.0),
        child("broker", tmp_path),  # gives no sign of life, and need not
    )
    supervisor.wait_ready()
    time.sleep(1.5)
    assert [one.restarts for one in supervisor.status()] == [0, 0, 0]
    hung = supervisor.status()[0].pid
    assert hung
    os.kill(hung, signal.SIGSTOP)
    took_s = until(lambda: supervisor.status()[0].restarts == 1)
    assert 0.5 < took_s < 5.0
    until(lambda: supervisor.status()[0].state == "ready" and supervisor.status()[0].pid != hung)
    assert not alive(hung)
    assert [one.restarts for one in supervisor.status()] == [1, 0, 0]
    assert supervisor.status()[0].last_exit == "signal SIGKILL"


def test_a_sign_of_life_is_a_change_whatever_the_clock_says(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(child("engine", tmp_path, ALMOST_STILL, beats_within_s=0.5))
        until(lambda: supervisor.status()[0].restarts > 1)


def test_a_supervisor_that_slept_kills_nobody(parent: subprocess.Popen[str], tmp_path: Path) -> None:
    before = [pid for _, _, pid, _ in journal(tmp_path)]
    everyone = [parent.pid, *before]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.kill(parent.pid, signal.SIGCONT)
    time.sleep(0.3)  # it looks before they can move
    for pid in before:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1.0)
    assert [pid for _, _, pid, _ in journal(tmp_path)] == before
    assert all(alive(pid) for pid in before)
