"""`cbutton up`: everything on this machine, with a live status."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli import demo, simulators, world
from cli.feed import Feed, FeedEvent
from cli.phrases import phrase
from cli.world import Settled
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
            stack.run_beside(simulators.carrier(resolved, demo.WORLD, beside), stopping=lambda: life.stopping)
        if not stack.start(stopping=lambda: life.stopping):
            return 0
        operator_token = resolved.operator_tokens[OPERATOR].get_secret_value()
        feed = Feed(resolved.api_url, operator_token)
        settled = None
        if with_demo:
            settled = world.provision(demo.WORLD, resolved.api_url, resolved.admin_token.get_secret_value())
            port = stack.state.port("cars", host="127.0.0.1")
            stack.run_beside(
                simulators.field(resolved, demo.WORLD, settled, beside),
                simulators.cars(resolved, demo.WORLD, settled, beside, control_port=port),
                stopping=lambda: life.stopping,
            )
        console.print(_addresses(resolved, stack, settled))
        _watch(console, stack, feed, life)
        feed.stop()
        console.print("stopping …")
    return 0


def _addresses(settings: Settings, stack: Stack, settled: Settled | None) -> Group:
    table = Table.grid(padding=(0, 2))
    operator_token = next(iter(settings.operator_tokens.values())).get_secret_value()
    table.add_row("API", settings.api_url)
    table.add_row(
        "incidents", f"curl -H 'Authorization: Bearer {operator_token}' {settings.api_url}/v1/incidents"
    )
    table.add_row(
        "event stream", f"curl -N -H 'Authorization: Bearer {operator_token}' {settings.api_url}/v1/stream"
    )
    table.add_row("admin token", settings.admin_token.get_secret_value())
    broker = settings.mqtt_url.get_secret_value().rpartition("@")[2]
    host, _, port = broker.partition(":")
    table.add_row(
        "MQTT broker", f"{broker}, user device, password {settings.mqtt_device_password.get_secret_value()}"
    )
    table.add_row("state, logs", str(stack.state.folder))
    lines: list[Text | Table] = [Text("The connected button runs.", style="bold"), table]
    if settled:
        lines += [
            Text("Press a button by hand, from another terminal:", style="bold"),
            Text(
                f"  mosquitto_pub -h {host} -p {port} -u device -P {settings.mqtt_device_password.get_secret_value()} "
                f'-q 1 -t {topics.up(settled.shards[demo.SPARE], demo.SPARE, "button")} -m \'{{"kind":"LONG"}}\''
            ),
            Text(
                "A car crashes on the Hakone road in a few seconds, and nobody will answer the phone.",
                style="bold",
            ),
        ]
    lines.append(Text("Stop with Ctrl C."))
    return Group(*lines)


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
