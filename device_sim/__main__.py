"""`python -m device_sim cars --config FILE.json`: simulated cars with their devices, until SIGTERM.

Prints what happens as JSON lines. When every device is connected the file named by
CBUTTON_READY_FILE gets this process's id. See `device_sim.cars.config` for the configuration and
`device_sim.cars.control` for the control server.
"""

from __future__ import annotations

import resource
import signal
import sys
import threading

from device_sim.cars.config import FleetConfig
from device_sim.cars.control import ControlServer
from device_sim.cars.device import Device
from device_sim.cars.fleet import Fleet
from device_sim.device.journal import JournalEntry
from device_sim.process import config_from_arguments, iso, say_ready, tell


def main() -> None:
    """Run the command named first; there is one: cars."""
    if sys.argv[1:2] != ["cars"]:
        sys.exit("usage: python -m device_sim cars --config FILE.json")
    del sys.argv[1]
    cars(
        config_from_arguments(FleetConfig, "python -m device_sim cars", "Simulated cars with their devices.")
    )


def cars(config: FleetConfig) -> None:
    """Run a fleet until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    _allow_many_sockets()
    fleet = Fleet(config, on_entry=_tell_entry)
    try:
        control = ControlServer(fleet, config.control_port)
    except OSError as error:
        sys.exit(f"control port {config.control_port}: {error.strerror}")
    control.start()
    tell("control", url=f"http://127.0.0.1:{control.port}", cars=len(fleet.devices))
    fleet.run(stopping.is_set, _ready)
    control.close()


def _ready() -> None:
    tell("ready")
    say_ready()


def _tell_entry(device: Device, entry: JournalEntry) -> None:
    occurred_at = iso(device.unix_s(entry.uptime_ms))
    tell(entry.kind, device_id=device.config.device_id, occurred_at=occurred_at, **entry.data)


def _allow_many_sockets() -> None:
    # Each connection takes three file descriptors; the usual limit of 1,024 is soon reached.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
