"""A telephone carrier that speaks Twilio's protocol, for people who are simulated too.

    python -m device_sim.carrier --config FILE.json

Prints one JSON line per event; the first is `listening` with the port. Everything is kept in
`state_dir`: a carrier that was killed goes on with its calls and conferences when started again.
`--help` lists the people there are, what they can be told to do, and /_sim: what onlookers see and change.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, Field

from device_sim.carrier.calls import Pace
from device_sim.carrier.exchange import Exchange
from device_sim.carrier.http import Account, application
from device_sim.carrier.inbound import OurNumber
from device_sim.carrier.journal import FolderInUse, Journal
from device_sim.carrier.nastiness import Nastiness
from device_sim.carrier.onlookers import GUIDE
from device_sim.carrier.outage import Outage
from device_sim.carrier.people import TEMPERAMENTS, Person
from device_sim.carrier.server import Server, listener
from device_sim.carrier.webhooks import (
    DEFAULT_RETRIES,
    LONGEST_TOTAL_S,
    MOST_RETRIES,
    Failure,
    Policy,
    Webhooks,
)
from device_sim.process import config_from_arguments, stop_signals


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
    strict: bool = Field(
        default=True, description="Refuse parameters that Twilio does not know, which Twilio ignores."
    )
    number: OurNumber = Field(default=OurNumber(), description="What is asked when somebody rings or writes.")
    people: dict[str, Person] = Field(
        default_factory=dict, description="By E.164 number; a temperament alone is enough."
    )
    bridge_s: float = Field(
        default=8.0,
        gt=0,
        description="How long a talk lasts, with whoever was dialled or met in a conference.",
    )
    webhook: WebhookConfig = WebhookConfig()
    nasty: Nastiness = Nastiness()


async def serve(config: Config) -> None:
    """Run the carrier until SIGTERM or SIGINT.

    Raises:
        FolderInUse: another carrier holds `state_dir`.
        OSError: the port is taken.
    """
    stop = asyncio.Event()
    journal = Journal(config.state_dir)
    socket = listener(config.port)
    with contextlib.closing(journal), stop_signals(stop):
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            httpx.AsyncClient(trust_env=False) as browser,
        ):
            exchange = Exchange(
                config.account_sid,
                journal,
                Webhooks(client, config.auth_token, config.webhook.policy()),
                browser,
                people=config.people,
                number=config.number,
                pace=Pace(config.time_scale, bridge_s=config.bridge_s),
                calls_per_s=config.calls_per_s,
                nasty=config.nasty,
            )
            account = Account(
                config.account_sid, config.auth_token, config.from_numbers, strict=config.strict
            )
            outage = Outage()
            server = Server(application(exchange, account, outage))
            outage.refuse, outage.accept = server.refuse, server.accept
            serving = asyncio.create_task(server.serve([socket]))
            switching = asyncio.create_task(exchange.run(stop))
            await asyncio.wait({serving, switching}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            server.should_exit = True
            await asyncio.gather(serving, switching)


def guide() -> str:
    """What a configuration and a judge can ask for."""
    people = "\n".join(f"  {word.value:17} {about}" for word, about in TEMPERAMENTS.items())
    fields = "\n".join(
        f"  {name:21} {field.description or 'see above'}" for name, field in Person.model_fields.items()
    )
    settings = "\n".join(
        f"  {name:13} {field.description or ''}" for name, field in Config.model_fields.items()
    )
    nasty = "\n".join(f"  {name:26} {field.description}" for name, field in Nastiness.model_fields.items())
    return (
        f"configuration:\n{settings}\n\ntemperaments of people:\n{people}\n\nmore about a person:\n{fields}\n\n"
        f"nasty (probabilities from 0 to 1, real seconds):\n{nasty}\n\nfor onlookers:\n{GUIDE}"
    )


def main() -> None:
    """Entry point."""
    config = config_from_arguments(
        Config,
        "python -m device_sim.carrier",
        "A simulated telephone carrier that speaks Twilio's protocol.",
        guide(),
    )
    try:
        asyncio.run(serve(config))
    except (FolderInUse, OSError) as error:
        sys.exit(f"carrier: {error}")


if __name__ == "__main__":
    main()
