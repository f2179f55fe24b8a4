"""`cbutton up`: everything on this machine, with a live status."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.feed import Feed, FeedEvent
from cli.phrases import phrase
from cli.simulated import demo, processes, world
from cli.simulated.world import Settled
from incident.wording import JAPAN_TIME
from runtime.child import ChildStatus
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings
from runtime.stack import OPERATOR, Stack
from schemas import topics

_STATE_COLOURS: Final = {"ready": "green", "starting": "yellow", "restarting": "red", "stopped": "red"}


def run(settings: Settings, *, with_demo: bool) -> int:
    """Start the stack, show it until interrupted, stop it. Raises what Stack raises."""
    console = Console()
    life = Lifecycle()
    with Stack(settings, simulate_carrier=with_demo) as stack, console.status("starting …"):
        resolved = stack.settings
        beside = stack.state.folder / "demo"
        if with_demo:
            stack.run_beside(processes.carrier(resolved, demo.WORLD, beside), stopping=lambda: life.stopping)
        if not stack.start(stopping=lambda: life.stopping):
            return 0
        operator_token = resolved.operator_tokens[OPERATOR].get_secret_value()
        settled = None
        if with_demo:
            settled = world.provision(demo.WORLD, resolved.api_url, resolved.admin_token.get_secret_value())
            world.close_leftovers(resolved.api_url, operator_token)
            port = stack.state.port("cars", host="127.0.0.1")
            stack.run_beside(
                processes.field(resolved, demo.WORLD, settled, beside),
                processes.cars(resolved, demo.WORLD, settled, beside, control_port=port),
                stopping=lambda: life.stopping,
            )
        feed = Feed(resolved.api_url, operator_token)
        _print_addresses(console, resolved, stack, settled)
        _watch(console, stack, feed, life)
        feed.close()
        console.print("stopping …")
    return 0


def _print_addresses(console: Console, settings: Settings, stack: Stack, settled: Settled | None) -> None:
    operator_token = next(iter(settings.operator_tokens.values())).get_secret_value()
    device_password = settings.mqtt_device_password.get_secret_value()
    address = settings.mqtt_url.get_secret_value().rpartition("@")[2]
    host, _, port = address.partition(":")
    rows = {
        "API": settings.api_url,
        "incidents": f"curl -H 'Authorization: Bearer {operator_token}' {settings.api_url}/v1/incidents",
        "event stream": f"curl -N -H 'Authorization: Bearer {operator_token}' {settings.api_url}/v1/stream",
        "admin token": settings.admin_token.get_secret_value(),
        "MQTT broker": f"{address}  user device  password {device_password}",
        "state, logs": str(stack.state.folder),
    }
    if settled is not None:
        topic = topics.up(settled.shards[demo.SPARE], demo.SPARE, "button")
        rows["press a button"] = (
            f'mosquitto_pub -h {host} -p {port} -u device -P {device_password} -q 1 -t {topic} -m \'{{"kind":"LONG"}}\''
        )
    console.print("The connected button runs.", style="bold green")
    for name, value in rows.items():
        # Never wrapped: these lines are there to be copied.
        console.print(f"{name:15} {value}", soft_wrap=True, highlight=False, markup=False)
    if settled is not None:
        console.print("In a few seconds a car crashes on the Hakone road, and nobody will answer the phone.")
    console.print("Stop with Ctrl C.", style="dim")


def _watch(console: Console, stack: Stack, feed: Feed, life: Lifecycle) -> None:
    if not console.is_terminal:
        _watch_plainly(stack, feed, life)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while not life.stopping:
            for event in feed.take(0.25):
                console.print(_line(event))
            live.update(_status_table(stack.status()))


def _watch_plainly(stack: Stack, feed: Feed, life: Lifecycle) -> None:
    """Lines for a log or a pipe: events as they come, and the processes when one changes."""
    shown: list[tuple[str, str, int]] = []
    while not life.stopping:
        for event in feed.take(0.25):
            print(_line(event).plain, flush=True)
        now = [(child.name, child.state, child.restarts) for child in stack.status()]
        if now != shown:
            words = (
                f"{name} {state}" + (f" ({restarts} restarts)" if restarts else "")
                for name, state, restarts in now
            )
            print("processes: " + ", ".join(words), flush=True)
            shown = now
    sys.stdout.flush()


def _line(event: FeedEvent) -> Text:
    at = event.at.astimezone(JAPAN_TIME).strftime("%H:%M:%S")
    line = Text(f"{at}  {event.incident_id[:8]}  ")
    style = "bold red" if event.kind == "opened" else "bold" if event.kind.startswith("dispatch") else ""
    line.append(phrase(event.kind, event.data), style=style)
    return line


def _status_table(children: list[ChildStatus]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("process", "state", "pid", "up", "restarts"):
        table.add_column(heading)
    for child in children:
        table.add_row(
            child.name,
            Text(child.state, style=_STATE_COLOURS.get(child.state, "")),
            str(child.pid or ""),
            str(timedelta(seconds=int(child.uptime_s))),
            str(child.restarts or ""),
        )
    return table
