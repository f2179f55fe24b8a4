"""`cbutton device-check`: plays the backend for one real device and says what it does wrong.

The device is pointed at a broker: one that is named, or a private one started here. Then
it is taken through the steps of `steps`, in order.
"""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cli.device_check.director import Director, JsonLines, Order, Terminal, hands
from cli.device_check.listener import Listener, ListenerError
from cli.device_check.relay import Relay, RelayError
from cli.device_check.rig import RigError, SimulatedRig
from cli.device_check.steps import STEPS, take
from cli.device_check.trial import Trial
from cli.terminal import ending_on_sigterm
from runtime import logs
from runtime.nats import DEVICE_USER, Nats, NatsError
from runtime.settings import reachable_host
from runtime.state import StateError, free_port
from runtime.supervisor import ChildFailed, Supervisor
from schemas import topics

PATIENCE_S: Final = 60.0
CUT_S: Final = 40.0
_PASSED, _FAILED, _UNUSABLE = 0, 1, 2


class CheckError(ValueError):
    """The check cannot be made as asked for; the message says why."""


def run(
    *,
    mqtt_url: str = "",
    host: str = "127.0.0.1",
    port: int = 0,
    device_password: str = "",
    device_id: str = "",
    shard: str = "",
    only: Sequence[str] = (),
    as_json: bool = False,
    simulated: bool = False,
    patience_s: float = PATIENCE_S,
    cut_s: float = CUT_S,
    director: Director | None = None,
    do: Callable[[Order], None] | None = None,
) -> int:
    """Check one device; 0 when every step has passed, 1 when one failed, 2 when it could not be done.

    mqtt_url: a broker with a service login that may read the devices' topics; empty: a
        private one on `host` and `port` (0 picks a free one), with `device_password` for the device.
    device_id, shard: the device; empty: the first one that speaks.
    only: names of STEPS to do, in their order; empty: all.
    patience_s: how long a person may take for what is asked; cut_s: how long the connection is cut.
    director: where the session is shown; default the terminal, or JSON lines with `as_json`.
    do: hands that carry out every order; with `simulated` those of the simulated device.
    """
    director = director or (JsonLines(_print_line) if as_json else Terminal())
    try:
        steps = _chosen(only)
        _check_names(device_id, shard)
        with ExitStack() as stack:
            stack.enter_context(ending_on_sigterm())
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cb-check-", dir="/tmp")))
            supervisor = stack.enter_context(Supervisor(folder, logs.of_children(logging.ERROR)))
            url, address, relay = mqtt_url, _address_of(mqtt_url, device_password), None
            if not mqtt_url:
                password = device_password or secrets.token_urlsafe(9)
                nats = _start_broker(supervisor, folder, password)
                url, port = nats.url, port or free_port(host)
                relay = stack.enter_context(Relay(host, port, urlsplit(url).port or 0))
                address = _address(reachable_host(host), port, password)
            if simulated:
                do = SimulatedRig(folder, supervisor).do
            listener = stack.enter_context(Listener(url, device_id=device_id, shard=shard))
            shown = hands(director, do) if do else director
            trial = Trial(listener, shown, relay, patience_s=patience_s, cut_s=cut_s, address=address)
            return _take_through(trial, steps)
    except (CheckError, ListenerError, RelayError, NatsError, StateError, ChildFailed, RigError) as error:
        sys.stderr.write(f"{error}\n")
        return _UNUSABLE


def _take_through(trial: Trial, steps: Sequence[str]) -> int:
    results: dict[str, bool] = {}
    for step in steps:
        faults = take(trial, step)
        results[step] = not faults
        trial.director.result(step, faults)
        if step == "connect" and not trial.listener.heard:
            break  # without a device there is nothing to be said of the other steps
    missing = dict.fromkeys(steps[len(results) :], False)
    trial.director.summary(trial.listener.device_id, results | missing)
    return _PASSED if all(results.values()) and not missing else _FAILED


def _chosen(only: Sequence[str]) -> list[str]:
    unknown = [step for step in only if step not in STEPS]
    if unknown:
        raise CheckError(f"there is no step {', '.join(unknown)}; the steps are {', '.join(STEPS)}")
    return [step for step in STEPS if not only or step in only]


def _check_names(device_id: str, shard: str) -> None:
    if device_id and not topics.DEVICE_ID.fullmatch(device_id):
        raise CheckError(f"{device_id!r} is no device id: they are as {topics.DEVICE_ID.pattern}")
    if shard and shard not in topics.SHARDS:
        raise CheckError(f"{shard!r} is no shard: they are {topics.SHARDS[0]} to {topics.SHARDS[-1]}")


def _address_of(mqtt_url: str, device_password: str) -> dict[str, str | int]:
    """Where a device finds a broker of somebody else's; its login there is known only to its owner."""
    if not mqtt_url:
        return {}
    url = urlsplit(mqtt_url)
    if url.scheme != "mqtt" or not url.hostname:
        raise CheckError("--mqtt-url is written as mqtt://user:password@host:port")
    try:
        port = url.port or 1883
    except ValueError as error:
        raise CheckError(f"--mqtt-url: {error}") from error
    return _address(url.hostname, port, device_password or "(the device's own)")


def _address(host: str, port: int, password: str) -> dict[str, str | int]:
    return {"host": host, "port": port, "user": DEVICE_USER, "password": password}


def _start_broker(supervisor: Supervisor, folder: Path, device_password: str) -> Nats:
    nats = Nats(
        folder / "broker",
        host="127.0.0.1",
        port=free_port(),
        service_password=secrets.token_urlsafe(24),
        device_password=device_password,
    )
    supervisor.start(nats.spec())
    supervisor.wait_ready()
    return nats


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
