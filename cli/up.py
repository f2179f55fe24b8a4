"""`cbutton up`: everything on this machine, with a live status."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
import psycopg
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from api import passwords
from cli.feed import Feed, FeedEvent
from cli.phrases import phrase
from cli.simulated import demo, directories, processes, world
from cli.simulated.world import Settled
from cli.terminal import fail
from incident.wording import JAPAN_TIME
from runtime.child import ChildStatus
from runtime.lifecycle import Lifecycle
from runtime.nats import DEVICE_USER
from runtime.settings import Settings
from runtime.stack import BROKER, Stack
from schemas import topics

_STATE_COLOURS: Final = {"ready": "green", "starting": "yellow", "restarting": "red", "stopped": "red"}


def run(settings: Settings, *, with_demo: bool) -> int:
    """Start the stack, show it until interrupted, stop it. Ends the command where that cannot be."""
    console = Console()
    life = Lifecycle()
    try:
        with Stack(settings, simulate_carrier=with_demo) as stack:
            with console.status("starting …"):
                settled = _start(stack, life, with_demo=with_demo)
            if life.stopping:
                return 0
            _print_addresses(console, stack, settled)
            with closing(Feed(stack.settings.nearest_api_url, _operator_token(stack.settings))) as feed:
                _watch(console, stack, feed, life)
            console.print("stopping …")
    except BrokenPipeError:
        raise
    except (RuntimeError, OSError, psycopg.Error, httpx.HTTPError) as error:
        fail(str(error))
    return 0


def _start(stack: Stack, life: Lifecycle, *, with_demo: bool) -> Settled | None:
    """Start everything; what the demo's world has got, None without one or when told to stop meanwhile."""
    settings, beside = stack.settings, stack.state.folder / "demo"

    def stopping() -> bool:
        return life.stopping

    if with_demo:
        stack.run_beside(processes.carrier(settings, demo.WORLD, beside), stopping=stopping)
    if not stack.start(stopping=stopping) or not with_demo:
        return None
    directories.import_directories(settings)
    settled = world.provision(demo.WORLD, settings.nearest_api_url, settings.admin_token.get_secret_value())
    world.employ(
        demo.WORLD, settings.nearest_api_url, settings.admin_token.get_secret_value(), _passwords(stack)
    )
    world.close_leftovers(settings.nearest_api_url, _operator_token(settings))
    port = stack.state.port("cars", host="127.0.0.1")
    stack.run_beside(
        processes.field(settings, demo.WORLD, settled, beside),
        processes.cars(settings, demo.WORLD, settled, beside, control_port=port),
        stopping=stopping,
    )
    return settled


def _passwords(stack: Stack) -> dict[str, str]:
    """Of the demo's people at the console; made once and kept in the state folder."""
    return {
        one.name: stack.state.secret(f"staff_{one.name}", make=passwords.generated)
        for one in demo.WORLD.staff
    }


def _operator_token(settings: Settings) -> str:
    return next(iter(settings.operator_tokens.values())).get_secret_value()


def _print_addresses(console: Console, stack: Stack, settled: Settled | None) -> None:
    settings = stack.settings
    broker = urlsplit(settings.mqtt_url.get_secret_value())
    api, address = settings.nearest_api_url, f"{broker.hostname}:{broker.port or 1883}"
    rows = {"console": f"{api}/console", "units' page": f"{api}/unit", "API": api}
    # Without a terminal this goes into a log, where secrets have no place; the demo's are worth nothing.
    if settled is not None or console.is_terminal:
        authorized = f"-H 'Authorization: Bearer {_operator_token(settings)}'"
        rows["incidents"] = f"curl {authorized} {api}/v1/incidents"
        rows["event stream"] = f"curl -N {authorized} {api}/v1/stream"
        rows["admin token"] = settings.admin_token.get_secret_value()
        if any(child.name == BROKER for child in stack.status()):
            address += f"  user {DEVICE_USER}  password {settings.mqtt_device_password.get_secret_value()}"
    rows |= {"MQTT broker": address, "state, logs": str(stack.state.folder)}
    if settled is not None:
        given = _passwords(stack)
        people = {f"sign in as {one.name}": f"{given[one.name]}  ({one.role})" for one in demo.WORLD.staff}
        rows = {"console": rows["console"]} | people | rows
        rows["press a button"] = (
            f"mosquitto_pub -h {broker.hostname} -p {broker.port or 1883} -u {DEVICE_USER} "
            f"-P {settings.mqtt_device_password.get_secret_value()} -q 1 "
            f'-t {topics.up(settled.shards[demo.SPARE], demo.SPARE, "button")} -m \'{{"kind":"LONG"}}\''
        )
    console.print("The connected button runs.", style="bold green")
    for name, value in rows.items():
        # Never wrapped: these lines are there to be copied.
        console.print(f"{name:16} {value}", soft_wrap=True, highlight=False, markup=False)
    if settled is not None:
        console.print(
            "Open the console and sign in. In a few seconds a car crashes on the Hakone road, "
            "and nobody will answer the phone; others follow.",
            soft_wrap=True,
        )
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
    for heading in ("process", "state", "pid", "up", "restarts", "last end"):
        table.add_column(heading if heading != "last end" or any(c.last_exit for c in children) else "")
    for child in children:
        table.add_row(
            child.name,
            Text(child.state, style=_STATE_COLOURS.get(child.state, "")),
            str(child.pid or ""),
            str(timedelta(seconds=int(child.uptime_s))),
            str(child.restarts or ""),
            child.last_exit,
        )
    return table
