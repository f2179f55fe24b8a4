"""The API with its web pages, which can be stopped and started again on the same port."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.backend import Backend, listening, settings_for

from api.app import create_app
from runtime.database import open_pool
from runtime.state import free_port

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"


def build_pages() -> None:
    """Have scripts/web build the pages, one process of the tests at a time."""
    with (WEB / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([ROOT / "scripts" / "web"], check=True, capture_output=True, timeout=240)


@dataclass
class Served(Backend):
    """A backend at an address that stays."""

    address: str = ""
    port: int = 0
    unit_tokens: dict[str, str] = field(default_factory=dict[str, str])
    """One for each unit: another would void the first."""
    _serving: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Serve, as after a restart: with an application made anew."""
        self.app = create_app(self.settings, self.pool)
        self._serving.enter_context(listening(self.app, self.port))

    def stop(self) -> None:
        """Be gone: nobody listens on the port."""
        self._serving.close()


@contextmanager
def serving(database_url: str, **changes: Any) -> Generator[Served]:
    """The pages and the API on a port of 127.0.0.1."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = settings_for(database_url, **{"public_url": address, **changes})
    with (
        open_pool(database_url, name="test api", size=8) as pool,
        httpx.Client(base_url=address, timeout=30.0, trust_env=False) as client,
    ):
        app = create_app(settings, pool)
        served = Served(database_url, settings, app, pool, client, address, port)
        served.start()
        try:
            yield served
        finally:
            served.stop()
