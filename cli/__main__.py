"""The `cbutton` command.

Each command imports what it needs when it runs, so that `--help` stays quick.
"""
# ruff: noqa: PLC0415, PLR0917 - see above; options become arguments

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import admin
from cli.bench.command import bench
from cli.desk import desk
from cli.impact import impact
from cli.incident import incident
from cli.places import places
from cli.plan import plan
from cli.staff import staff
from cli.terminal import configured, print_table

app = typer.Typer(
    name="cbutton",
    help="The backend of the connected button: notices a crash, rings the driver, sends help.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(admin.device, name="device")
app.add_typer(admin.policy, name="policy")
app.add_typer(admin.unit, name="unit")
app.add_typer(desk, name="desk")
app.add_typer(staff, name="staff")
app.add_typer(admin.db, name="db")
app.add_typer(impact, name="impact")
app.add_typer(incident, name="incident")
app.add_typer(places, name="places")
app.add_typer(plan, name="plan")
app.add_typer(bench, name="bench")


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Add simulated cars, people and guards; one car crashes soon.")
    ] = False,
) -> None:
    """Start everything on this machine and show a live status.

    Broker and database are the bundled ones unless CBUTTON_MQTT_URL and CBUTTON_DATABASE_URL name others.
    Addresses are printed, and to a terminal also tokens; those lie in kept.json of the state folder.
    """
    from cli.up import run

    raise typer.Exit(run(configured(), with_demo=demo))


@app.command()
def story(
    name: Annotated[str, typer.Argument(help="Which one; without a name they are listed.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the stories by theme, and play none.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line; the last is the verdict.")
    ] = False,
    time_scale: Annotated[
        float | None,
        typer.Option(
            min=0.02,
            max=1.0,
            help="Factor on the plan, ringing, offers and driving; without it the story's own, mostly 0.1.",
        ),
    ] = None,
    kill: Annotated[
        str, typer.Option(help="SIGKILL this role in mid-story: ingest engine api broker database carrier.")
    ] = "",
    kill_at: Annotated[
        str, typer.Option(help="When to kill: deed, or the kind of an event, such as call_ringing.")
    ] = "",
    keep: Annotated[
        Path | None, typer.Option(help="Keep the stack's data and logs in this folder, empty so far.")
    ] = None,
) -> None:
    """Play one scripted incident against a fresh private stack, and judge it.

    A story is a deed, such as a crash; what people, operators and units then do; and all that must come of it.
    Prints what happened with the seconds since the physical event. The exit code is 0 only if every
    expected step came in time, nothing unexpected happened, and the carrier's own list of calls agrees.

    Example: cbutton story silent-answer; the same with the API killed: cbutton story silent-answer --kill api
    """
    from cli.story.command import listing, run

    if listed or not name:
        typer.echo(listing())
        return
    raise typer.Exit(run(name, time_scale=time_scale, as_json=as_json, kill=kill, kill_at=kill_at, keep=keep))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Recordings, .npz or .csv, of 50 to 1,000 Hz.")],
    device: Annotated[str, typer.Option(help="The device to play them as; see `cbutton device add`.")],
    speed: Annotated[
        float, typer.Option(min=0.1, help="2 plays twice as fast; `inf` as fast as it goes.")
    ] = 1.0,
) -> None:
    """Play recordings over MQTT to the running stack, as the device would."""
    from cli.replay import run

    raise typer.Exit(run(files, device, speed=speed))


@app.command()
def detect(
    files: Annotated[list[Path], typer.Argument(help="Recordings, .npz or .csv, of 50 to 1,000 Hz.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per impact.")] = False,
) -> None:
    """Look for impacts in recordings, with the detector the running system uses."""
    from cli.detect import run

    raise typer.Exit(run(files, as_json))


@app.command("crash-test")
def crash_test(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Crash tests, .npz: t_s, and acc_mps2 (n, 3) forward, right, down without gravity."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per crash test.")] = False,
) -> None:
    """Measure instrumented crash tests: CFC 60 peak, delta-V, ASI, OLC, event bounds, injury by model.

    For recordings of 1.8 kHz and more in car axes; a device's recordings go to `cbutton detect`.
    """
    from cli.crash_test import run

    raise typer.Exit(run(files, as_json))


@app.command("evaluate-detector")
def evaluate_detector(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of recordings; without one, that of CBUTTON_SAMPLE_DATA, or none at all."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with every miss drawn to this file.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 1,
    hours: Annotated[float, typer.Option(min=0.0, help="Hours of simulated driving.")] = 3000.0,
    seeds: Annotated[
        int, typer.Option(min=1, help="So many composed sets, to see how much luck there is.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A look within a minute.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when an aim is missed.")] = False,
) -> None:
    """Judge the impact detector: composed crashes, everything that is none, five published rules beside it.

    Recall, false impacts per 1,000 hours, errors of delta-V and direction, latency.
    """
    from cli.evaluation.command import run

    code = run(
        data,
        report=report,
        seed=seed,
        hours=hours,
        seeds=seeds,
        quick=quick,
        as_json_object=as_json,
        check=check,
    )
    raise typer.Exit(code)


@app.command("calibrate-detector")
def calibrate_detector(
    data: Annotated[Path | None, typer.Option(help="Folder of recordings, as for evaluate-detector.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same weights.")] = 3,
) -> None:
    """Fit the weights of the detector's score anew, and print them beside those in use; changes nothing."""
    from cli.evaluation.calibrate import run

    run(data, seed=seed)


@app.command("device-check")
def device_check(
    mqtt_url: Annotated[
        str, typer.Option(help="A broker with a service login; without one a private broker is started.")
    ] = "",
    host: Annotated[
        str, typer.Option(help="Address the private broker listens on for the device.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the private broker; 0 picks a free one.")
    ] = 0,
    password: Annotated[
        str, typer.Option(help="The device's password at the private broker; one is made up when left out.")
    ] = "",
    device: Annotated[str, typer.Option(help="The device's id; without one the first that speaks.")] = "",
    only: Annotated[
        list[str] | None, typer.Option(help="Only this step; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, for a test rig.")] = False,
    simulated: Annotated[
        bool, typer.Option(help="Check the simulated device, to see what a pass looks like.")
    ] = False,
) -> None:
    """Take a real device through connect, press, burst, offline, wrong clock, repeat and commands.

    Plays the backend: point the device at the printed broker and do what is asked. The exit code is 0
    only if every step passed.
    """
    from cli.device_check.check import run

    raise typer.Exit(
        run(
            mqtt_url=mqtt_url,
            host=host,
            port=port,
            device_password=password,
            device_id=device,
            only=only or (),
            as_json=as_json,
            simulated=simulated,
        )
    )


@app.command()
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print every setting with its meaning and default."""
    from runtime.settings import describe

    rows = describe()
    if as_json:
        print(json.dumps([row._asdict() for row in rows], ensure_ascii=False, indent=2))
        return
    print_table(("variable", "default", "meaning"), rows)


class Lane(StrEnum):
    """What an ingest worker reads."""

    URGENT = "urgent"
    BULK = "bulk"


@app.command()
def ingest(
    lane: Annotated[Lane, typer.Option(help="urgent: presses, impacts, status; bulk: motion, positions.")],
) -> None:
    """Run one ingest worker here; for several machines."""
    from ingest.__main__ import main as serve

    configured("DATABASE_URL", "MQTT_URL")
    sys.argv = ["cbutton ingest", "--lane", lane]
    raise typer.Exit(serve())


@app.command()
def engine() -> None:
    """Run one engine here: timers, calls, messages, commands to devices."""
    from incident.__main__ import main as serve

    configured("DATABASE_URL", "MQTT_URL", "PUBLIC_URL")
    sys.argv = ["cbutton engine"]
    raise typer.Exit(serve())


@app.command()
def api() -> None:
    """Run one API server here."""
    from api.__main__ import main as serve

    configured("DATABASE_URL", "SECRET_KEY", "ADMIN_TOKEN", "API_PORT")
    sys.argv = ["cbutton api"]
    raise typer.Exit(serve())


def main() -> None:
    """Entry point of the `cbutton` script."""
    app()


if __name__ == "__main__":
    main()
