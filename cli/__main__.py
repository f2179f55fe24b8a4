"""The `cbutton` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from runtime.settings import Settings
from runtime.stack import known_settings
from runtime.state import StateError
from runtime.supervisor import ChildFailed

app = typer.Typer(
    name="cbutton",
    help="The backend of the connected button: notices a crash, rings the driver, sends help.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Add simulated cars, people and guards; one car crashes soon.")
    ] = False,
) -> None:
    """Start everything on this machine and show a live status.

    Broker and database are the bundled ones unless CBUTTON_MQTT_URL and CBUTTON_DATABASE_URL name others.
    """
    from cli.up import run  # noqa: PLC0415 - each command imports what it needs: `--help` stays quick

    try:
        raise typer.Exit(run(Settings(), with_demo=demo))
    except (StateError, ChildFailed) as error:
        fail(str(error))


def fail(words: str) -> None:
    """Say on standard error what is wrong, and end with exit code 1."""
    Console(stderr=True).print(words, style="red", highlight=False, markup=False)
    raise typer.Exit(1)


def beside_running_stack() -> Settings:
    """The settings of the stack that runs on this machine, or those configured."""
    try:
        return known_settings(Settings())
    except StateError as error:
        fail(str(error))
        raise


@app.command()
def detect(
    files: Annotated[list[Path], typer.Argument(help="Recordings, .npz or .csv.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per impact.")] = False,
) -> None:
    """Look for impacts in recordings, with the detector the running system uses."""
    from cli.detect import run  # noqa: PLC0415

    raise typer.Exit(run(files, as_json=as_json))


def main() -> None:
    """Entry point of the `cbutton` script."""
    app()


if __name__ == "__main__":
    main()
