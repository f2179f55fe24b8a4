"""`cbutton replay`: plays recordings over MQTT, as a device would."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cli.admin import call_api
from cli.terminal import beside_running_stack, fail
from device_sim.device.link import Broker, Identity
from device_sim.replay import Played, ReplayError, replay
from schemas.recording import RecordingError, load_recording


def run(files: list[Path], device_id: str, *, speed: float) -> int:
    """Play recordings one after another; the exit code says whether all went well."""
    settings = beside_running_stack()
    device = call_api("GET", f"/v1/devices/{device_id}")
    address = urlsplit(settings.mqtt_url.get_secret_value())
    broker = Broker(
        host=address.hostname or "127.0.0.1",
        port=address.port or 1883,
        user="device",
        password=settings.mqtt_device_password.get_secret_value(),
    )
    console = Console(stderr=True)
    failed = 0
    for file in files:
        try:
            played = _play(file, broker, Identity(device["shard"], device_id), speed, console)
        except (RecordingError, ReplayError) as error:
            console.print(str(error), style="red", markup=False, soft_wrap=True)
            failed += 1
        else:
            line = {"recording": file.stem, "boot_id": str(played.boot_id), "published": played.published}
            print(json.dumps(line | {"triggers_s": list(played.triggers)}), flush=True)
    if failed:
        fail(f"{failed} of {len(files)} recordings were not played")
    return 0


def _play(file: Path, broker: Broker, identity: Identity, speed: float, console: Console) -> Played:
    recording = load_recording(file)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(file.name, total=recording.duration_s)

        def show(played_s: float, total_s: float) -> None:
            bars.update(task, completed=played_s, total=total_s)

        return replay(recording, broker, identity, speed=speed, progress=show)
