"""The whole system on one machine: the bundled servers and every role, started in the right order.

    with Stack(Settings()) as stack:
        stack.start()
        stack.settings.api_url, stack.settings.admin_token, …

Servers that have an address in the settings are used where they are and not started.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Self

import structlog
from pydantic import SecretStr

from runtime import migrate, nats
from runtime.child import ChildSpec, ChildStatus
from runtime.nats import Nats
from runtime.postgres import Postgres
from runtime.settings import PREFIX, Settings
from runtime.state import CHECKOUT, State, StateError
from runtime.supervisor import Supervisor

DATABASE: Final = "database"
BROKER: Final = "broker"
OPERATOR: Final = "operator"
# Where several stacks start on few processors, loading its libraries alone takes a role half a minute.
_ROLE_READY_S: Final = 90.0
# The first start also makes the cluster, on a slow disk.
_SERVER_READY_S: Final = 60.0
# Longer than a lost database or a slow disk keeps a role busy.
_BEATS_WITHIN_S: Final = 30.0

# Has the form of a real one, which the SDK puts into every address.
_SIMULATED_ACCOUNT: Final = f"AC{0:032x}"

RoleSpecs = Callable[[Settings], tuple[ChildSpec, ...]]


def role(
    name: str,
    module: str,
    *arguments: str,
    env: Mapping[str, str],
    after: tuple[str, ...] = (),
    beats_within_s: float | None = None,
) -> ChildSpec:
    """A process of ours: `python -m MODULE ARGUMENTS`, ready when it says so (`Lifecycle.ready`)."""
    argv = (sys.executable, "-m", module, *arguments)
    return ChildSpec(name, argv, env, after=after, beats_within_s=beats_within_s, cwd=CHECKOUT)


def standard_roles(settings: Settings) -> tuple[ChildSpec, ...]:
    """What turns messages into incidents and help: two lanes of ingest, the engine, the API."""
    env = environment(settings)
    return (
        role("ingest-urgent", "ingest", "--lane", "urgent", env=env, beats_within_s=_BEATS_WITHIN_S),
        role("ingest-bulk", "ingest", "--lane", "bulk", env=env, beats_within_s=_BEATS_WITHIN_S),
        role("engine", "incident", env=env, beats_within_s=_BEATS_WITHIN_S),
        role("api", "api", env=env, beats_within_s=_BEATS_WITHIN_S),
    )


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a role: this process's own, with these settings and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | settings.environment()


def known_settings(settings: Settings) -> Settings:
    """Settings with addresses and secrets as the stack that uses this state folder has them.

    For commands beside a running stack, such as `cbutton device add`. What is configured stays.
    Raises StateError where no stack has run and an address is needed.
    """
    try:
        return _resolve(settings, State.read(settings.state_dir))[0]
    except StateError:
        if settings.database_url.get_secret_value() and settings.mqtt_url.get_secret_value():
            return settings
        raise


class Stack:
    """One stack in one state folder, which it holds from construction to `stop`.

    settings: complete, with every address and secret; the roles are given the same.
    roles: builds the roles from these settings.
    simulate_carrier: unless Twilio is configured, expect a simulated carrier, to be run beside
        with the account, token and port of `settings.twilio_…`.
    fast_unsafe: a database that forgets when the machine crashes; for stories and tests.

    Raises StateInUse while another stack has the folder, StateError or PostgresError when
    the folder cannot serve, or a configured port is taken.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        roles: RoleSpecs = standard_roles,
        simulate_carrier: bool = False,
        fast_unsafe: bool = False,
        log: structlog.stdlib.BoundLogger | None = None,
    ) -> None:
        self.state = State.hold(settings.state_dir)
        try:
            # Before ports are looked at: a leftover would make its own seem taken.
            nats.end_leftover(self.state.folder / BROKER)
            self.settings, self._postgres, self._nats = _resolve(
                settings, self.state, fast_unsafe=fast_unsafe
            )
            if simulate_carrier and not settings.twilio_account_sid:
                self.settings = _with_simulated_carrier(self.settings, self.state)
            self._roles = roles(self.settings)
            self._supervisor = Supervisor(self.state.folder, log)
        except BaseException:
            self.state.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Servers, then migrations, then roles; devices are let in once every ingest session exists.

        False when `stopping` said so meanwhile. Raises ChildFailed (with the tail of the
        child's log) or MigrationError.
        """
        servers = [
            server.spec(name) for server, name in ((self._postgres, DATABASE), (self._nats, BROKER)) if server
        ]
        self._supervisor.start(*servers)
        if not self._ready(*servers, timeout_s=_SERVER_READY_S, stopping=stopping):
            return False
        migrate.apply(self.settings.database_url.get_secret_value())
        self._start_last(*self._roles)
        if not self._ready(*self._roles, timeout_s=_ROLE_READY_S, stopping=stopping):
            return False
        if self._nats:
            self._nats.admit()
            self._supervisor.signal(BROKER, signal.SIGHUP)
        return True

    def run_beside(self, *specs: ChildSpec, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Start further children, such as simulators, and wait until they are ready. Raises ChildFailed.

        They are stopped before all that was started earlier.
        """
        self._start_last(*specs)
        return self._ready(*specs, timeout_s=_ROLE_READY_S, stopping=stopping)

    def status(self) -> list[ChildStatus]:
        """Every child as it is now."""
        return self._supervisor.status()

    def log_tail(self, name: str, lines: int = 20) -> str:
        """The last lines a child wrote; whole logs lie in the state folder's `logs`."""
        return self._supervisor.log_tail(name, lines)

    def stop(self) -> None:
        """Stop everything in reverse order and give the folder back."""
        self._supervisor.stop()
        self.state.release()

    def _start_last(self, *specs: ChildSpec) -> None:
        """Start children that need what runs already: it is stopped after them."""
        running = tuple(status.name for status in self._supervisor.status())
        self._supervisor.start(*(replace(spec, after=(*running, *spec.after)) for spec in specs))

    def _ready(self, *specs: ChildSpec, timeout_s: float, stopping: Callable[[], bool]) -> bool:
        if not specs:
            return not stopping()
        names = [spec.name for spec in specs]
        return self._supervisor.wait_ready(*names, timeout_s=timeout_s, stopping=stopping)


def _resolve(
    settings: Settings, state: State, *, fast_unsafe: bool = False
) -> tuple[Settings, Postgres | None, Nats | None]:
    """Fill in what the settings leave open, and make the servers that they leave to us."""

    def secret(name: str, given: SecretStr) -> SecretStr:
        return given if given.get_secret_value() else SecretStr(state.secret(name))

    found: dict[str, object] = {
        "state_dir": state.folder,
        "secret_key": secret("secret_key", settings.secret_key),
        "admin_token": secret("admin_token", settings.admin_token),
        "operator_tokens": settings.operator_tokens or {OPERATOR: SecretStr(state.secret("operator_token"))},
        "mqtt_device_password": secret("mqtt_device_password", settings.mqtt_device_password),
        "api_port": state.port("api", host=settings.api_host, wanted=settings.api_port),
    }
    postgres: Postgres | None = None
    if not settings.database_url.get_secret_value():
        postgres = Postgres(
            state.folder / "postgres", state.secret("database_password"), fast_unsafe=fast_unsafe
        )
        found["database_url"] = SecretStr(postgres.url())
    broker: Nats | None = None
    if not settings.mqtt_url.get_secret_value():
        port = state.port("broker", host=settings.mqtt_host, wanted=settings.mqtt_port)
        device_password = secret("mqtt_device_password", settings.mqtt_device_password)
        broker = Nats(
            state.folder / BROKER,
            host=settings.mqtt_host,
            port=port,
            service_password=state.secret("mqtt_service_password"),
            device_password=device_password.get_secret_value(),
            admit_devices=False,
        )
        found |= {"mqtt_port": port, "mqtt_url": SecretStr(broker.url)}
    if not settings.public_url:
        found["public_url"] = settings.model_copy(update={"api_port": found["api_port"]}).api_url
    return settings.model_copy(update=found), postgres, broker


def _with_simulated_carrier(settings: Settings, state: State) -> Settings:
    port = state.port("carrier", host="127.0.0.1")
    return settings.model_copy(
        update={
            "twilio_account_sid": _SIMULATED_ACCOUNT,
            "twilio_auth_token": SecretStr(state.secret("twilio_auth_token")),
            "twilio_base_url": f"http://127.0.0.1:{port}",
            # It calls back here, and not where the world would.
            "public_url": settings.nearest_api_url,
        }
    )
