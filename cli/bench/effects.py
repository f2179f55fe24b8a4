"""How fast effects leave through the carrier's SDK: the engine role's own senders, and the simulated carrier."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from cli.bench.crowd import SQL
from cli.simulated.processes import carrier
from cli.simulated.world import World
from incident.channels.sms import SmsSender
from incident.channels.twilio_carrier import TwilioCarrier
from incident.engine.worker import Worker, crew
from incident.service import Incidents
from incident.voice.dialer import Dialer
from runtime.database import Connection
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings
from runtime.state import free_port
from runtime.supervisor import Supervisor

DIALERS: Final = 4
SMS_SENDERS: Final = 2
_SPAWN: Final = multiprocessing.get_context("spawn")
_WARM_UP_S: Final = 3.0


def sent(  # noqa: PLR0917  all of them different
    conn: Connection,
    url: str,
    supervisor: Supervisor,
    folder: Path,
    seconds: int,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Calls and texts that the carrier has taken a second, out of those that wait in the outbox.

    Without a gate on calls: what the machine can do, not what a carrier allows.
    """
    settings = Settings.unconfigured(
        database_url=SecretStr(url),
        twilio_account_sid=f"AC{0:032x}",
        twilio_auth_token=SecretStr("bench"),
        twilio_base_url=f"http://127.0.0.1:{free_port()}",
        # Nobody listens to the carrier's news: taking them is another bench's matter.
        public_url=f"http://127.0.0.1:{free_port()}",
        calls_per_s=100_000.0,
    )
    supervisor.start(carrier(settings, World((), ()), folder))
    supervisor.wait_ready("carrier")
    ready = _SPAWN.Event()
    process = _SPAWN.Process(target=_send, args=(settings, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(60.0):
            raise RuntimeError("the senders did not start")
        time.sleep(_WARM_UP_S)
        tell(f"effects leave for {seconds} s")
        before, began_s = _done(conn), time.monotonic()
        time.sleep(seconds)
        after, took_s = _done(conn), time.monotonic() - began_s
    finally:
        process.terminate()
        process.join(15.0)
    many = {kind: after.get(kind, 0) - before.get(kind, 0) for kind in ("call", "sms")}
    return {
        "effects_per_s": round(sum(many.values()) / took_s, 1),
        "effects_calls_per_s": round(many["call"] / took_s, 1),
        "effects_sms_per_s": round(many["sms"] / took_s, 1),
    }


def _send(settings: Settings, ready: Event) -> None:
    """One engine's senders, in a process of their own."""
    life = Lifecycle()
    url = settings.database_url.get_secret_value()
    incidents, through = Incidents(settings), TwilioCarrier(settings)
    workers = crew(
        Worker(f"dialer-{n}", url, life, Dialer(settings, incidents, through).step) for n in range(DIALERS)
    ) + crew(
        Worker(f"sms-{n}", url, life, SmsSender(settings, incidents, through).step)
        for n in range(SMS_SENDERS)
    )
    for worker in workers:
        worker.start()
    ready.set()
    life.wait(3600.0)


def _done(conn: Connection) -> dict[str, int]:
    return {row["kind"]: row["many"] for row in conn.execute(SQL["effects_done"]).fetchall()}
