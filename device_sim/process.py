"""How a simulated party begins, speaks and ends: ready file, JSON lines, a calm stop on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

READY_FILE: Final = "CBUTTON_READY_FILE"

ConfigT = TypeVar("ConfigT", bound=BaseModel)


def tell(event: str, **data: object) -> None:
    """Print one notable event as a line of JSON, with the time in UTC."""
    # A reader that has gone away must not stop the simulated world.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps({"at": iso(time.time()), "event": event, **data}, ensure_ascii=False), flush=True)


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, with milliseconds and Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def say_ready() -> None:
    """Write our process id to the file named by `CBUTTON_READY_FILE`, if one is named."""
    if path := os.environ.get(READY_FILE):
        Path(path).write_text(str(os.getpid()), encoding="ascii")


@contextlib.contextmanager
def stop_signals(stop: asyncio.Event) -> Generator[None]:
    """Set `stop` on SIGTERM and SIGINT while inside; needs a running event loop."""
    loop = asyncio.get_running_loop()
    watched = (signal.SIGTERM, signal.SIGINT)
    for number in watched:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in watched:
            loop.remove_signal_handler(number)


async def sleep_unless(stop: asyncio.Event, seconds: float) -> bool:
    """Sleep, but not past the request to end; true when it has come."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


def config_from_arguments(model: type[ConfigT], prog: str, about: str, guide: str = "") -> ConfigT:
    """Read `--config FILE.json` into the model; a bad file ends the process with status 2 and the reason.

    `guide` is shown below the options by --help, as it is written.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description=about, epilog=guide, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="JSON file; see the module's Config")
    path: Path = parser.parse_args().config
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        parser.error(f"cannot read {path}: {error.strerror}")
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        parser.error(f"{path}: {reasons}")
