"""The carrier's HTTP server: says when it listens, leaves signals to its owner, can stop listening for a while."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Final

import uvicorn
from fastapi import FastAPI

from device_sim.carrier.http import CuttableProtocol
from device_sim.process import say_ready, tell

HOST: Final = "127.0.0.1"
CUT_AFTER_S: Final = 0.1
"""Connections of before are cut a moment later, so that the request that asked for it is answered."""


def listener(port: int) -> socket.socket:
    """A socket on the port, 0 for a free one.

    Raises:
        OSError: the port is taken.
    """
    # A restart must get its port back while old connections still linger.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


class Server(uvicorn.Server):
    """One per process."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=CuttableProtocol,
                log_level="warning",
                access_log=False,
                lifespan="off",
                # Longer than a client pauses: a request must not meet a connection being closed.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=2,
            )
        )
        self._port = 0
        self._opening: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if sockets:
            self._port = sockets[0].getsockname()[1]
            tell("listening", port=self._port)
        say_ready()

    def refuse(self) -> None:
        """Stop listening: new connections are refused, old ones cut."""
        for server in self.servers:
            server.close()
        self.servers = []
        asyncio.get_running_loop().call_later(CUT_AFTER_S, CuttableProtocol.cut_all)

    def accept(self) -> None:
        """Listen again, on the port of before."""
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(self._protocol, sock=listener(self._port), backlog=self.config.backlog)
        ]

    def _protocol(self) -> asyncio.Protocol:
        return CuttableProtocol(self.config, self.server_state, self.lifespan.state)
