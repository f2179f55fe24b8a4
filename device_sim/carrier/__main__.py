"""A telephone carrier that speaks Twilio's protocol, for people who are simulated too.

    python -m device_sim.carrier --config FILE.json

Prints one JSON line per event; the first is `listening` with the port. Everything is kept in
`state_dir`: a carrier that was killed goes on with its calls when started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from pydantic import BaseModel, ConfigDict, Field

from device_sim.carrier.calls import Pace
from device_sim.carrier.exchange import Exchange
from device_sim.carrier.http import Account, CuttableProtocol, application
from device_sim.carrier.journal import FolderInUse, Journal
from device_sim.carrier.nastiness import Nastiness
from device_sim.carrier.people import Person
from device_sim.carrier.webhooks import (
    DEFAULT_RETRIES,
    LONGEST_TOTAL_S,
    MOST_RETRIES,
    Failure,
    Policy,
    Webhooks,
)
from device_sim.process import config_from_arguments, say_ready, stop_signals, tell

HOST: Final = "127.0.0.1"


class WebhookConfig(BaseModel):
    """What a webhook address without a fragment of its own gets. Real seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retries: int = Field(default=DEFAULT_RETRIES, ge=0, le=MOST_RETRIES)
    retry_on: frozenset[Failure] = Field(default=frozenset({"ct"}), description="Any of ct, rt, 4xx, 5xx.")
    connect_timeout_s: float = Field(default=5.0, gt=0, le=10)
    read_timeout_s: float = Field(default=15.0, gt=0, le=15)
    total_s: float = Field(default=LONGEST_TOTAL_S, gt=0, le=LONGEST_TOTAL_S)

    def policy(self) -> Policy:
        """As the sender takes it."""
        return Policy(**{name: getattr(self, name) for name in type(self).model_fields})


class Config(BaseModel):
    """The file given by --config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token: str = Field(min_length=1, description="The client's password, and the key of our signatures.")
    port: int = Field(default=0, ge=0, le=65535, description="0 picks a free one.")
    state_dir: Path
    time_scale: float = Field(
        default=1.0,
        gt=0,
        description="Factor on ringing, speech, reactions, key waits, the queue; not on HTTP.",
    )
    calls_per_s: float = Field(
        default=1.0, gt=0, description="Calls that leave the queue per simulated second."
    )
    from_numbers: frozenset[str] = Field(
        default=frozenset(), description="Numbers that may call; empty: any."
    )
    people: dict[str, Person] = Field(
        default_factory=dict, description="By E.164 number; a temperament alone is enough."
    )
    bridge_s: float = Field(
        default=8.0, gt=0, description="How long somebody put through talks with the operator."
    )
    webhook: WebhookConfig = WebhookConfig()
    nasty: Nastiness = Nastiness()


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals to the caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets:
            tell("listening", port=sockets[0].getsockname()[1])
        say_ready()


async def serve(config: Config) -> None:
    """Run the carrier until SIGTERM or SIGINT.

    Raises:
        FolderInUse: another carrier holds `state_dir`.
        OSError: the port is taken.
    """
    stop = asyncio.Event()
    journal = Journal(config.state_dir)
    listener = _listen(config.port)
    with contextlib.closing(journal), stop_signals(stop):
        async with httpx.AsyncClient(trust_env=False) as client:
            exchange = Exchange(
                config.account_sid,
                journal,
                Webhooks(client, config.auth_token, config.webhook.policy()),
                people=config.people,
                pace=Pace(config.time_scale, bridge_s=config.bridge_s),
                calls_per_s=config.calls_per_s,
                nasty=config.nasty,
            )
            account = Account(config.account_sid, config.auth_token, config.from_numbers)
            server = _Server(
                uvicorn.Config(
                    application(exchange, account),
                    http=CuttableProtocol,
                    log_level="warning",
                    access_log=False,
                    lifespan="off",
                    # Longer than a client pauses: a request must not meet a connection being closed.
                    timeout_keep_alive=75,
                    timeout_graceful_shutdown=2,
                )
            )
            serving = asyncio.create_task(server.serve([listener]))
            switching = asyncio.create_task(exchange.run(stop))
            await asyncio.wait({serving, switching}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            server.should_exit = True
            await asyncio.gather(serving, switching)


def _listen(port: int) -> socket.socket:
    # A restart must get its port back while old connections still linger.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def main() -> None:
    """Entry point."""
    config = config_from_arguments(
        Config, "python -m device_sim.carrier", "A simulated telephone carrier that speaks Twilio's protocol."
    )
    try:
        asyncio.run(serve(config))
    except (FolderInUse, OSError) as error:
        sys.exit(f"carrier: {error}")


if __name__ == "__main__":
    main()
