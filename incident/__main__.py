"""`python -m incident`: the engine role. Fires timers, sends effects, publishes commands."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path
from typing import Final

import structlog

from incident.channels import mail, push
from incident.channels.commands import CommandPost
from incident.channels.sms import SmsSender
from incident.channels.twilio_carrier import TwilioCarrier
from incident.engine.auditor import Alarm, Auditor
from incident.engine.engine import Engine
from incident.engine.heartbeat import Heartbeat
from incident.engine.watching import Watcher
from incident.engine.worker import Worker, crew, listen, watch
from incident.field.out_of_service import Keeper
from incident.field.providers import ProviderPost
from incident.field.routing import Scout
from incident.places.address import AddressService
from incident.places.refining import refine_next
from incident.plan.store import put
from incident.service import Incidents
from incident.voice.dialer import Dialer
from runtime.database import Connection, connect_patiently
from runtime.lifecycle import Lifecycle
from runtime.logs import configure
from runtime.settings import Settings

_DIALERS: Final = 4
_SMS_SENDERS: Final = 2
_PROVIDER_POSTS: Final = 2


def use_plan_file(conn: Connection, file: Path) -> list[Alarm]:
    """Make the plan of a file the active one; an alarm instead where it is no plan.

    Calls matter more than the newest plan: the one that the database has stays in force.
    """
    log = structlog.get_logger(role="engine")
    try:
        version = put(conn, file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        log.error("the plan file cannot be used", file=str(file), reason=str(fault))  # noqa: TRY400  no trace wanted
        return [Alarm("plan_file", 1, f"{file} cannot be used, the plan before stays in force: {fault}")]
    log.info("escalation plan active", version=version, file=str(file))
    return []


def main() -> int:
    """Run until told to end."""
    argparse.ArgumentParser(prog="python -m incident", description=__doc__).parse_args()
    settings = Settings()
    log = configure(settings, "engine")
    life = Lifecycle()
    url = settings.database_url.get_secret_value()
    incidents = Incidents(settings)
    carrier = TwilioCarrier(settings)
    if not settings.twilio_from_number.startswith("+81"):
        log.warning("our caller number is not Japanese: many people do not pick up a call from abroad")
    post = CommandPost(settings.mqtt_url.get_secret_value())
    engine = Engine(incidents)
    workers = [Worker("timers", url, life, engine.step, idle_s=engine.idle_s)]
    # Each may ask for a list and send something, connecting and answering as late as may be.
    patience_s = 20.0 + 6 * settings.twilio_timeout_s
    workers += crew(
        Worker(f"dialer-{n}", url, life, Dialer(settings, incidents, carrier).step, patience_s=patience_s)
        for n in range(_DIALERS)
    )
    workers += crew(
        Worker(f"sms-{n}", url, life, SmsSender(settings, incidents, carrier).step, patience_s=patience_s)
        for n in range(_SMS_SENDERS)
    )
    push_sender = push.PushSender(incidents, push.push_service(settings))
    workers.append(Worker("push", url, life, push_sender.step, patience_s=push.LONGEST_STEP_S))
    mail_sender = mail.MailSender(incidents, mail.mail_service(settings))
    workers.append(Worker("mail", url, life, mail_sender.step, patience_s=mail.LONGEST_STEP_S))
    workers += crew(
        Worker(f"providers-{n}", url, life, ProviderPost(incidents).step) for n in range(_PROVIDER_POSTS)
    )
    if settings.router_url:
        workers.append(Worker("routes", url, life, Scout(settings).step))
    workers.append(Worker("commands", url, life, post.step))
    if settings.geocoder_url:
        addresses = AddressService(settings.geocoder_url, settings.geocoder_timeout_s)
        workers.append(Worker("addresses", url, life, lambda conn: refine_next(conn, addresses)))
    workers.append(Worker("watcher", url, life, Watcher(incidents).step))
    workers.append(Worker("unit keeper", url, life, Keeper(incidents).step))
    with connect_patiently(url, name="engine") as conn:
        alarms = use_plan_file(conn, settings.plan_file) if settings.plan_file else []
    workers.append(Worker("auditor", url, life, Auditor(incidents, alarms).step))
    post.start()
    for worker in workers:
        worker.start()
    Heartbeat(settings, life).start()
    listener = threading.Thread(target=listen, args=(url, life, workers), daemon=True)
    listener.start()
    life.ready()
    log.info("engine runs", dialers=_DIALERS)
    watch(life, workers)
    for worker in workers:
        worker.wake.set()
    for worker in workers:
        worker.join(timeout=settings.twilio_timeout_s + 1)
    post.stop()
    return life.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
