"""The state folder: one holder at a time, secrets and ports that stay."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import state
from runtime.state import State, StateError, StateInUse, free_port


def test_secrets_and_ports_stay_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with State.hold(folder) as first:
        secret, port = first.secret("admin_token"), first.port("api", host="127.0.0.1")
        assert first.secret("secret_key") != secret
        assert first.port("broker", host="127.0.0.1") != port
    with State.hold(folder) as second:
        assert (second.secret("admin_token"), second.port("api", host="127.0.0.1")) == (secret, port)
        beside = State.read(folder)
        assert (beside.secret("admin_token"), beside.port("api", host="127.0.0.1")) == (secret, port)
    assert len(secret) >= 32


def test_only_the_owner_may_read_secrets(tmp_path: Path) -> None:
    with State.hold(tmp_path / "state") as held:
        held.secret("admin_token")
        held.secret("secret_key")
    assert stat.S_IMODE((tmp_path / "state" / "kept.json").stat().st_mode) == 0o600


def test_a_folder_in_use_names_the_process_that_has_it(tmp_path: Path) -> None:
    with State.hold(tmp_path), pytest.raises(StateInUse, match=f"in use by process {os.getpid()}") as caught:
        State.hold(tmp_path)
    assert caught.value.pid == os.getpid()
    State.hold(tmp_path).release()


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    code = "import sys,time; from runtime.state import State; from pathlib import Path\n"
    code += "held = State.hold(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateInUse, match=f"process {holder.pid}"):
            State.hold(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        State.hold(tmp_path).release()


def test_a_kept_port_that_was_taken_is_replaced_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_PORT_WAIT_S", 0.1)
    with State.hold(tmp_path) as held:
        port = held.port("api", host="127.0.0.1")
        with socket.create_server(("127.0.0.1", port)):
            other = held.port("api", host="127.0.0.1")
        assert other != port
        assert held.port("api", host="127.0.0.1") == other


def test_a_configured_port_that_is_taken_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_PORT_WAIT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken, State.hold(tmp_path) as held:
        port = taken.getsockname()[1]
        with pytest.raises(StateError, match=rf"port {port} on 127\.0\.0\.1 is taken: the broker"):
            held.port("broker", host="127.0.0.1", wanted=port)


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(StateError, match=r"cannot listen on 192\.0\.2\.1"):
        free_port("192.0.2.1")


def test_reading_where_no_stack_has_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no stack has run"):
        State.read(tmp_path)
    with State.hold(tmp_path) as held:
        held.secret("admin_token")
    with pytest.raises(StateError, match="knows no secret_key"):
        State.read(tmp_path).secret("secret_key")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"secrets": 1, "ports": {}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept.json").write_text(text)
    with pytest.raises(StateError, match=r"kept\.json is damaged"):
        State.hold(tmp_path)
    (tmp_path / "kept.json").unlink()
    State.hold(tmp_path).release()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot make the state folder"):
        State.hold(tmp_path / "file" / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_of_another_user_is_named(tmp_path: Path) -> None:
    with State.hold(tmp_path / "state") as held:
        held.secret("admin_token")
    (tmp_path / "state").chmod(0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(StateError, match="belongs to another user"):
            State.read(tmp_path / "state")
        with pytest.raises(StateError, match=r"cannot (make|write to) the state folder"):
            State.hold(tmp_path / "state")
    finally:
        os.seteuid(0)
