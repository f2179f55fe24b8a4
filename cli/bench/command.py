"""`cbutton bench NAME`: each bench a command, which loads what it needs once its process is set up."""
# ruff: noqa: PLC0415, PLR0917 - see above; options become arguments

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cli.bench.measure import finish, on_one_core
from cli.terminal import ending_on_sigterm, fail

DATA_VARIABLE = "CBUTTON_SAMPLE_DATA"

bench = typer.Typer(help="Measure how fast it is, as ratios within one run.", no_args_is_help=True)


@bench.callback()
def benches() -> None:
    """Measure how fast it is, as ratios within one run. docs/performance.md says what was seen."""


@bench.command("screen")
def bench_screen(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of recordings; without one, that of CBUTTON_SAMPLE_DATA, or simulated noise."
        ),
    ] = None,
    megabytes: Annotated[int, typer.Option(min=1, help="Streamed in each round.")] = 512,
    rounds: Annotated[int, typer.Option(min=1, help="The median of so many is told.")] = 15,
    seed: Annotated[int, typer.Option(min=0, help="Of mounts and order.")] = 1,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell where the time goes, on standard error.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The last line is one JSON object.")] = False,
) -> None:
    """The screen against a bare copy of the same bytes, on one core."""
    told = os.environ.get(DATA_VARIABLE)
    folder = data or (Path(told) if told else None)
    if folder is not None and not folder.is_dir():
        fail(f"{folder}: no such folder; --data wants one that holds recordings (.npz, .csv)")
    on_one_core()
    from cli.bench.screen import measured, profiled

    with ending_on_sigterm():
        if profile:
            profiled(folder, seed=seed)
        finish(measured(folder, megabytes=megabytes, rounds=rounds, seed=seed), as_json=as_json)


@bench.command("timers")
def bench_timers(
    timers: Annotated[int, typer.Option(min=1000, help="Open all the while.")] = 100_000,
    seconds: Annotated[int, typer.Option(min=1, help="Timers come due for so long, 200 a second.")] = 20,
    engines: Annotated[int, typer.Option(min=1, max=16, help="Processes that fire them.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="The last line is one JSON object.")] = False,
) -> None:
    """How late timers fire among many open ones, how many fire a second, and how fast effects leave."""
    from cli.bench.timers import measured

    with ending_on_sigterm():
        finish(measured(timers=timers, seconds=seconds, engines=engines), as_json=as_json)


@bench.command("crowd")
def bench_crowd(
    seconds: Annotated[float, typer.Option(min=1, help="Watched for so long.")] = 60.0,
    minutes: Annotated[
        float, typer.Option(min=0, help="Instead of seconds: 10 shows whether memory grows.")
    ] = 0.0,
    incidents: Annotated[int, typer.Option(min=10, help="Open all the while.")] = 1000,
    per_s: Annotated[int, typer.Option("--updates", min=1, help="Things that happen a second.")] = 50,
    others: Annotated[int, typer.Option(min=0, help="Further consoles that follow, without a browser.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The last line is one JSON object.")] = False,
) -> None:
    """How smooth the operators' console stays: long tasks, frames, memory, first paint, in Chromium.

    Needs the built pages (scripts/web), Chromium, and Playwright, which scripts/setup dev installs.
    """
    if find_spec("playwright") is None:
        fail("Playwright is not installed: run scripts/setup dev")
    from cli.bench.crowded import measured, show
    from cli.simulated.browser import NoBrowser

    with ending_on_sigterm():
        try:
            result = measured(
                seconds=minutes * 60 or seconds, incidents=incidents, per_s=per_s, others=others
            )
        except (NoBrowser, RuntimeError) as error:
            fail(str(error))
        if as_json:
            finish(result, as_json=True)
        else:
            show(result)


@bench.command("crash")
def bench_crash(
    crashes: Annotated[int, typer.Option(min=10, max=900, help="So many, one after the other.")] = 100,
    gap_s: Annotated[float, typer.Option(min=0.0, help="Between one and the next.")] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="The last line is one JSON object.")] = False,
) -> None:
    """From a device's impact message to the drawn row in the console; needs Chromium."""
    from cli.bench.crash import measured
    from cli.simulated.browser import NoBrowser

    with ending_on_sigterm():
        try:
            found = measured(crashes=crashes, gap_s=gap_s)
        except NoBrowser as error:
            fail(str(error))
        finish(found, as_json=as_json)
