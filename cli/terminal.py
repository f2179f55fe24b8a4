"""What every command says and asks in the same way."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console

from runtime.settings import Settings
from runtime.stack import known_settings
from runtime.state import StateError


def fail(words: str) -> NoReturn:
    """Say on standard error what is wrong, and end with exit code 1."""
    Console(stderr=True).print(words, style="red", highlight=False, markup=False)
    raise typer.Exit(1)


def beside_running_stack() -> Settings:
    """The settings of the stack that runs on this machine, or those configured."""
    try:
        return known_settings(Settings())
    except StateError as error:
        fail(str(error))
