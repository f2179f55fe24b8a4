"""A sign of life that leaves the system: whoever waits for it outside raises the alarm when it stays away.

Sent only while timers fire in time, the auditor looks, and the database answers. So nothing has to work for the
alarm to be raised, least of all what is broken.
"""

from __future__ import annotations

import threading
import time
from typing import Final

import httpx
import psycopg
import structlog

from incident.engine.auditor import EVERY, SQL
from runtime.database import connect
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings

# A timer overdue by more has not only met a busy moment.
_LATE_S: Final = 10.0
_AUDIT_S: Final = 6 * EVERY.total_seconds()
_TIMEOUT_S: Final = 10.0


class Heartbeat(threading.Thread):
    """Asks and sends every `heartbeat_s` seconds; does nothing where no address is set."""

    def __init__(self, settings: Settings, life: Lifecycle) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._url, self._every_s = settings.heartbeat_url, settings.heartbeat_s
        self._database_url = settings.database_url.get_secret_value()
        self._life = life
        self._log = structlog.get_logger(role="heartbeat")
        self._fault = ""

    def run(self) -> None:
        """The thread's life; `start` begins it."""
        while self._url and not self._life.stopping:
            began_s = time.monotonic()
            self.beat()
            self._life.wait(max(0.1, self._every_s - (time.monotonic() - began_s)))

    def beat(self) -> bool:
        """Send one sign of life if all is well; whether it was sent and heard."""
        fault = self._amiss() or self._send()
        if fault != self._fault:
            # Once for each fault, not once a minute: the alarm is raised outside.
            if fault:
                self._log.error("no sign of life leaves", reason=fault)
            else:
                self._log.info("signs of life leave again")
        self._fault = fault
        return not fault

    def _amiss(self) -> str:
        """Why the system is not well, in words; empty when it is."""
        try:
            with connect(self._database_url, name="heartbeat", autocommit=True) as conn:
                conn.execute("SET statement_timeout = '10s'")
                late = conn.execute(SQL["timers_late"]).fetchone()
                audit = conn.execute(SQL["audit_age"]).fetchone()
        except psycopg.Error as error:
            return f"the database does not answer: {type(error).__name__}"
        if late is None or late["seconds"] > _LATE_S:
            return "timers are not fired in time"
        if audit is None or audit["seconds"] > _AUDIT_S:
            return "the auditor has not looked for a while"
        return ""

    def _send(self) -> str:
        try:
            answer = httpx.get(self._url, timeout=_TIMEOUT_S, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"the address is not reached: {type(error).__name__}"
        return "" if answer.is_success else f"the address answers {answer.status_code}"
