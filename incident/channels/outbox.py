"""What every effect on its way out has in common: claimed for a while, finished, or put back.

A row is marked as sent before it is sent. Whoever claimed it has it for the lease; if it runs out, by a
lost answer or a killed process, another sender looks what became of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries

SQL: Final = Queries("incident.channels", "outbox.sql")
_LONGEST_ERROR: Final = 500
_FAULTS: Final = (LookupError, ValueError, TypeError, AttributeError, AssertionError, psycopg.Error)


class Outbox:
    """Rows of effects, on connections in autocommit mode. Safe between threads."""

    def __init__(self, lease: timedelta) -> None:
        self.lease = lease

    def claim(self, conn: Connection, *kinds: str) -> dict[str, Any] | None:
        """The most urgent effect of these kinds that is due, leased to the caller."""
        with conn.transaction():
            key = {"lease": self.lease, "kinds": list(kinds)}
            return conn.execute(SQL["claim_effect"], key).fetchone()

    def finish(self, conn: Connection, effect_id: UUID, state: str, error: Exception | None = None) -> None:
        """It is `done`, `failed` or `expired`."""
        conn.execute(SQL["finish_effect"], {"id": effect_id, "state": state, "error": words_of(error)})

    def put_back(self, conn: Connection, effect_id: UUID, wait_s: float, error: Exception) -> None:
        """Nothing was done: it is tried again after a while."""
        values = {"id": effect_id, "wait": timedelta(seconds=wait_s), "error": words_of(error)}
        conn.execute(SQL["retry_effect"], values)

    def lease_again(self, conn: Connection, effect_id: UUID, error: Exception) -> None:
        """Nobody knows whether it was done: that is looked up when the lease has run out."""
        values = {"id": effect_id, "lease": self.lease, "error": words_of(error)}
        conn.execute(SQL["lease_again"], values)


def guarded(step: Callable[[Connection], bool], conn: Connection, role: str) -> bool:
    """Take a step of a sender. Raises psycopg.OperationalError: the database itself, the caller connects anew.

    One effect that cannot be carried out, or an answer that others' code stumbles over, must not hold up the
    other effects or end the process. Its lease keeps it away for a while.
    """
    try:
        return step(conn)
    except psycopg.OperationalError:
        raise
    except _FAULTS:
        structlog.get_logger(role=role).exception("an effect cannot be carried out")
        return True


def carrier_lease(settings: Settings) -> timedelta:
    """How long an effect belongs to whoever asks the carrier for it.

    Longer than a request may last (connecting and answering each have the timeout): until then whoever
    sent it is still waiting, and asking about it would come too early.
    """
    return timedelta(seconds=2 * settings.twilio_timeout_s + 2.0)


def words_of(error: Exception | None) -> str | None:
    """An error as it is kept with a row."""
    return str(error)[:_LONGEST_ERROR] if error is not None else None
