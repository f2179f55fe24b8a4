"""What every command says and asks in the same way."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from runtime.settings import Settings

_ENDLESS: Final = 10_000


def fail(words: str) -> NoReturn:
    """Say on standard error what is wrong, and end with exit code 1."""
    Console(stderr=True).print(words, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1)


def print_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table on standard output; a pipe or file gets every column in full."""
    table = Table(box=None, header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _ENDLESS).print(table)


def configured(*needed: str) -> Settings:
    """The settings of the environment; ends the command where one is wrong, or a needed one is not there."""
    from runtime.settings import PREFIX, Settings, SettingsError  # noqa: PLC0415  a quick --help

    try:
        settings = Settings.load()
    except SettingsError as error:
        fail(str(error))
    variables = settings.environment()
    if missing := [name for name in needed if variables[f"{PREFIX}{name}"] in ("", "0")]:
        fail("\n".join(f"{PREFIX}{name} is not set; see `cbutton settings`" for name in missing))
    if settings.plan_file is not None and not settings.plan_file.is_file():
        fail(f"{PREFIX}PLAN_FILE: there is no file {settings.plan_file}")
    return settings


def beside_running_stack() -> Settings:
    """The settings of the stack that runs on this machine, or those configured."""
    from runtime.stack import known_settings  # noqa: PLC0415

    settings = configured()
    try:
        return known_settings(settings)
    except (RuntimeError, OSError) as error:
        fail(str(error))


@contextmanager
def ending_on_sigterm() -> Generator[None]:
    """Let SIGTERM end what runs inside the way Ctrl-C does: its processes and folders go as well."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
