"""The API as a process of its own, for what happens when it dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from support.backend import until

from runtime.state import free_port


class Process:
    """`python -m api` on a port of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.ready_file = folder / f"ready-{self.port}"
        self.log_file = folder / f"log-{self.port}"
        environment = {
            "PATH": os.environ["PATH"],
            "CBUTTON_READY_FILE": str(self.ready_file),
            "CBUTTON_DATABASE_URL": url,
            "CBUTTON_API_PORT": str(self.port),
            "CBUTTON_SECRET_KEY": "test-secret",
            "CBUTTON_ADMIN_TOKEN": "admin-token",
            "CBUTTON_OPERATOR_TOKENS": "sato:sato-token",
        }
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api"],
                env=environment,
                stderr=log,
                cwd=Path(__file__).parents[2],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def await_ready(self) -> Self:
        until(lambda: self.announced or self.process.poll() is not None, 40)
        assert self.process.poll() is None, self.log
        assert self.announced == str(self.process.pid)
        return self

    @property
    def announced(self) -> str:
        return self.ready_file.read_text() if self.ready_file.exists() else ""
