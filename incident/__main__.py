"""`python -m incident`: the engine role. Fires timers, sends effects, publishes commands."""

from __future__ import annotations

import argparse
import threading
from typing import Final

from incident.commands import CommandPost
from incident.engine import Engine
from incident.sender import Sender
from incident.service import Incidents
from incident.telephony import Carrier
from incident.worker import Worker, listen, watch
from runtime.database import connect_patiently
from runtime.lifecycle import Lifecycle
from runtime.logs import configure
from runtime.settings import Settings

_SENDERS: Final = 4


def main() -> int:
    """Run until told to end."""
    argparse.ArgumentParser(prog="python -m incident", description=__doc__).parse_args()
    settings = Settings()
    log = configure(settings, "engine")
    life = Lifecycle()
    url = settings.database_url.get_secret_value()
    incidents = Incidents(settings)
    carrier = Carrier(settings)
    post = CommandPost(settings.mqtt_url.get_secret_value())
    engine = Engine(incidents)
    workers = [Worker("timers", url, life, engine.step, idle_s=engine.idle_s)]
    workers += [
        Worker(
            f"sender-{n}",
            url,
            life,
            Sender(settings, incidents, carrier).step,
            # It may ask for a list of calls and for a call, each connecting and answering as late as may be.
            patience_s=20.0 + 6 * settings.twilio_timeout_s,
        )
        for n in range(_SENDERS)
    ]
    workers.append(Worker("commands", url, life, post.step))
    with connect_patiently(url, name="engine") as conn:
        if settings.plan_file is not None:
            version = incidents.activate_plan(conn, settings.plan_file.read_text(encoding="utf-8"))
            log.info("escalation plan active", version=version, file=str(settings.plan_file))
    post.start()
    for worker in workers:
        worker.start()
    listener = threading.Thread(target=listen, args=(url, life, workers), daemon=True)
    listener.start()
    life.ready()
    log.info("engine runs", senders=_SENDERS)
    watch(life, workers)
    for worker in workers:
        worker.wake.set()
    for worker in workers:
        worker.join(timeout=settings.twilio_timeout_s + 1)
    post.stop()
    return life.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
