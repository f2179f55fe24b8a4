"""`python -m incident`: the engine role. Fires timers, sends effects, publishes commands."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable

import psycopg
import structlog

from incident.commands import CommandPost
from incident.engine import Engine
from incident.sender import Sender
from incident.service import Incidents
from incident.telephony import Carrier
from runtime.database import Connection, connect_patiently
from runtime.lifecycle import Lifecycle
from runtime.logs import configure
from runtime.settings import Settings

_LOOK_S = 0.25
_SENDERS = 4


class Worker(threading.Thread):
    """Repeats a step on a connection of its own, sleeping when there is nothing to do.

    A lost database is waited for: what was not committed is still there afterwards.
    """

    def __init__(
        self, name: str, url: str, life: Lifecycle, step: Callable[[Connection], int | bool]
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.wake = threading.Event()
        self._url, self._life, self._step = url, life, step
        self._log = structlog.get_logger(role=name)

    def run(self) -> None:
        """The thread's life; `start` begins it."""
        while not self._life.stopping:
            try:
                with connect_patiently(self._url, name=self.name, autocommit=True) as conn:
                    self._repeat(conn)
            except psycopg.OperationalError as error:
                self._log.warning("database lost", error=str(error).strip())
                self._life.wait(_LOOK_S)  # it may take connections, and still do no work
            except Exception:  # noqa: BLE001 - a thread that dies silently would stop help for everybody
                self._log.exception("worker failed; the process ends and is started again")
                self._life.fail()

    def _repeat(self, conn: Connection) -> None:
        while not self._life.stopping:
            self.wake.clear()
            if not self._step(conn):
                self.wake.wait(_LOOK_S)


def listen(url: str, life: Lifecycle, workers: list[Worker]) -> None:
    """Wake every worker when a hint arrives; hints may be lost, the workers look by themselves."""
    log = structlog.get_logger(role="listener")
    while not life.stopping:
        try:
            with connect_patiently(url, name="engine hints", autocommit=True) as conn:
                conn.execute("LISTEN cbutton")
                while not life.stopping:
                    for _ in conn.notifies(timeout=1.0, stop_after=1):
                        for worker in workers:
                            worker.wake.set()
        except psycopg.OperationalError as error:
            log.warning("database lost", error=str(error).strip())


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
    workers = [Worker("timers", url, life, Engine(incidents).step)]
    workers += [
        Worker(f"sender-{n}", url, life, Sender(settings, incidents, carrier).step) for n in range(_SENDERS)
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
    while not life.wait(1.0):
        pass
    for worker in workers:
        worker.wake.set()
    for worker in workers:
        worker.join(timeout=settings.twilio_timeout_s + 1)
    post.stop()
    return life.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
