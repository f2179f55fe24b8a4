"""A whole stack with real servers and small stand-ins for the roles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from support.children import alive, child, journal, until
from support.servers import short_folder

from runtime import migrate
from runtime.child import ChildSpec
from runtime.database import connect
from runtime.nats import accepts
from runtime.settings import Settings
from runtime.stack import Stack, environment, known_settings, role, standard_roles
from runtime.state import StateError, StateInUse
from runtime.supervisor import ChildFailed

TESTS = Path(__file__).parents[1]


@pytest.fixture
def folder() -> Generator[Path]:
    with short_folder() as made:
        yield made


def roles_in(folder: Path):
    """Stand-ins for ingest, engine and API that note their starts in `folder`."""

    def roles(settings: Settings) -> tuple[ChildSpec, ...]:
        return (
            child("ingest-urgent", folder),
            child("engine", folder),
            child("api", folder, after=("ingest-urgent", "engine")),
        )

    return roles


def test_a_stack_starts_serves_and_keeps_its_addresses(folder: Path) -> None:
    seen: list[Settings] = []
    for _ in range(2):
        with Stack(Settings(state_dir=folder / "state"), roles=roles_in(folder), fast_unsafe=True) as stack:
            assert stack.start()
            settings = stack.settings
            seen.append(settings)
            with connect(settings.database_url.get_secret_value(), name="test") as connection:
                assert migrate.pending(connection) == ()
            password = settings.mqtt_device_password.get_secret_value()
            until(lambda: accepts(settings.mqtt_host, settings.mqtt_port, "device", password))  # noqa: B023
            names = [status.name for status in stack.status()]
            assert names == ["database", "broker", "ingest-urgent", "engine", "api"]
            assert {status.state for status in stack.status()} == {"ready"}
    assert seen[0] == seen[1]
    assert set(seen[0].operator_tokens) == {"operator"}
    assert seen[0].api_url == f"http://127.0.0.1:{seen[0].api_port}"
    for secret in (seen[0].secret_key, seen[0].admin_token, seen[0].operator_tokens["operator"]):
        assert len(secret.get_secret_value()) >= 32


def test_devices_are_let_in_only_once_the_roles_are_ready(folder: Path) -> None:
    let_in: list[bool] = []

    def roles(settings: Settings) -> tuple[ChildSpec, ...]:
        def look() -> bool:
            password = settings.mqtt_device_password.get_secret_value()
            let_in.append(accepts(settings.mqtt_host, settings.mqtt_port, "device", password))
            return True

        return (child("ingest-urgent", folder, is_ready=look),)

    with Stack(Settings(state_dir=folder / "state"), roles=roles, fast_unsafe=True) as stack:
        stack.start()
        assert let_in == [False]
        settings = stack.settings
        password = settings.mqtt_device_password.get_secret_value()
        until(lambda: accepts(settings.mqtt_host, settings.mqtt_port, "device", password))


def test_two_stacks_cannot_share_a_state_folder(folder: Path) -> None:
    settings = Settings(state_dir=folder / "state")
    with Stack(settings, roles=roles_in(folder)), pytest.raises(StateInUse, match=f"process {os.getpid()}"):
        Stack(settings, roles=roles_in(folder))
    Stack(settings, roles=roles_in(folder)).stop()


def test_a_role_that_does_not_come_up_is_named_with_its_words(folder: Path) -> None:
    def roles(settings: Settings) -> tuple[ChildSpec, ...]:
        return (child("engine", folder, "sys.exit('the plan has no first step')"),)

    with (
        Stack(Settings(state_dir=folder / "state"), roles=roles, fast_unsafe=True) as stack,
        pytest.raises(ChildFailed, match=r"engine did not start(.|\n)*the plan has no first step"),
    ):
        stack.start()


def test_a_stack_told_to_stop_while_starting_stops(folder: Path) -> None:
    with Stack(Settings(state_dir=folder / "state"), roles=roles_in(folder), fast_unsafe=True) as stack:
        assert stack.start(stopping=lambda: True) is False
    assert journal(folder) == []


def test_servers_elsewhere_are_used_and_not_started(folder: Path, database_url: str) -> None:
    settings = Settings(
        state_dir=folder / "state",
        database_url=database_url,  # type: ignore[arg-type]
        mqtt_url="mqtt://cbutton:x@mqtt.example:1883",  # type: ignore[arg-type]
    )
    with Stack(settings, roles=roles_in(folder)) as stack:
        assert stack.start()
        assert [status.name for status in stack.status()] == ["ingest-urgent", "engine", "api"]
        assert stack.settings.database_url == settings.database_url
        assert stack.settings.mqtt_url == settings.mqtt_url


def test_children_beside_the_roles_come_last_and_stop_first(folder: Path) -> None:
    with Stack(Settings(state_dir=folder / "state"), roles=roles_in(folder), fast_unsafe=True) as stack:
        stack.start()
        assert stack.run_beside(child("fleet", folder))
        assert stack.status()[-1].name == "fleet"
    stops = [name for word, name, *_ in journal(folder) if word == "stopped"]
    assert stops[:2] == ["fleet", "api"]


def test_commands_beside_a_stack_know_its_addresses(folder: Path) -> None:
    settings = Settings(state_dir=folder / "state")
    with pytest.raises(StateError, match="no stack has run"):
        known_settings(settings)
    with Stack(settings, roles=roles_in(folder), fast_unsafe=True) as stack:
        stack.start()
        known = known_settings(settings)
        assert known == stack.settings
        psycopg.connect(known.database_url.get_secret_value()).close()


def test_a_simulated_carrier_has_an_address_that_stays(folder: Path) -> None:
    found: list[Settings] = []
    for _ in range(2):
        with Stack(
            Settings(state_dir=folder / "state"), roles=roles_in(folder), simulate_carrier=True
        ) as stack:
            found.append(stack.settings)
    assert found[0] == found[1]
    assert urlsplit(found[0].twilio_base_url).port not in (None, found[0].api_port, found[0].mqtt_port)
    assert found[0].twilio_auth_token.get_secret_value()
    outside = Settings(state_dir=folder / "state", public_url="https://calls.example")
    with Stack(outside, roles=roles_in(folder), simulate_carrier=True) as stack:
        assert stack.settings.public_url == found[0].public_url  # a carrier here calls back here
    real = Settings(state_dir=folder / "state", twilio_account_sid="AC1")
    with Stack(real, roles=roles_in(folder), simulate_carrier=True) as stack:
        assert (stack.settings.twilio_account_sid, stack.settings.twilio_base_url) == ("AC1", "")


def test_roles_get_the_settings_of_the_stack_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUTTON_API_PORT", "1")
    monkeypatch.setenv("CBUTTON_STRANGE", "1")
    env = environment(Settings(api_port=8123))
    assert env["CBUTTON_API_PORT"] == "8123"
    assert "CBUTTON_STRANGE" not in env
    assert env["PATH"] == os.environ["PATH"]


def test_the_standard_roles() -> None:
    specs = {spec.name: spec for spec in standard_roles(Settings())}
    assert {name: spec.argv[1:] for name, spec in specs.items()} == {
        "ingest-urgent": ("-m", "ingest", "--lane", "urgent"),
        "ingest-bulk": ("-m", "ingest", "--lane", "bulk"),
        "engine": ("-m", "incident"),
        "api": ("-m", "api"),
    }
    # They start side by side: each waits by itself for what it needs.
    assert all(spec.after == () for spec in specs.values())


def module_role(folder: Path, name: str, body: str, settings: Settings) -> ChildSpec:
    """A role made of a few lines that have `life` and `settings`."""
    (folder / f"{name}.py").write_text(
        "from runtime.lifecycle import Lifecycle\nfrom runtime.settings import Settings\n"
        f"life = Lifecycle()\nsettings = Settings()\n{body}\n"
    )
    return role(name, name, env=environment(settings) | {"PYTHONPATH": str(folder)})


def test_a_module_of_ours_runs_as_a_role(folder: Path) -> None:
    body = "print('port', settings.api_port, flush=True)\nlife.ready()\nlife.wait(60)"
    with Stack(
        Settings(state_dir=folder / "state"),
        roles=lambda settings: (module_role(folder, "answering", body, settings),),
        fast_unsafe=True,
    ) as stack:
        stack.start()
        assert stack.log_tail("answering") == f"port {stack.settings.api_port}"


def test_servers_outlast_the_roles_that_use_them(folder: Path) -> None:
    body = """\
import pathlib, time, psycopg
life.ready()
life.wait(60)
time.sleep(0.7)
psycopg.connect(settings.database_url.get_secret_value()).close()
pathlib.Path(__file__).with_name("finished").touch()
"""
    with Stack(
        Settings(state_dir=folder / "state"),
        roles=lambda settings: (module_role(folder, "finishing", body, settings),),
        fast_unsafe=True,
    ) as stack:
        stack.start()
    assert (folder / "finished").exists(), (folder / "state/logs/finishing.log").read_text()


PARENT = f"""
import sys; sys.path[:0] = [{str(TESTS)!r}]
from pathlib import Path
from support.children import STUBBORN, child
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings
from runtime.stack import Stack
folder = Path(sys.argv[1])
life = Lifecycle()
roles = lambda settings: (child("engine", folder, STUBBORN),)
with Stack(Settings(state_dir=folder / "state"), roles=roles) as stack:
    stack.start(stopping=lambda: life.stopping)
    print(*(status.pid for status in stack.status()), flush=True)
    life.wait(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_after_a_killed_stack_the_next_one_starts_with_everything_there(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout
        lines = iter(parent.stdout.readline, b"")
        pids = next(
            [int(pid) for pid in line.split()] for line in lines if line.strip().replace(b" ", b"").isdigit()
        )
        assert len(pids) == 3
        known = known_settings(Settings(state_dir=folder / "state"))
        with psycopg.connect(known.database_url.get_secret_value()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        # At once, while the old servers are still going down.
        began_s = time.monotonic()
        with Stack(Settings(state_dir=folder / "state"), roles=roles_in(folder)) as stack:
            stack.start()
            took_s = time.monotonic() - began_s
            assert not any(alive(pid) for pid in pids)
            assert stack.settings.mqtt_port == known.mqtt_port
            assert stack.settings.api_port == known.api_port
            with psycopg.connect(stack.settings.database_url.get_secret_value()) as connection:
                assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            assert all(status.restarts == 0 for status in stack.status())
    assert took_s < 20
