"""What endpoints work with: settings, the database, incidents and their calls."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import psycopg
from fastapi import Depends, Request
from psycopg_pool import ConnectionPool, PoolTimeout

from api.stream import Hub
from api.tokens import Tokens
from incident.service import Incidents, hint
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.voice.inbound import Inbound
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries

SQL = Queries("api")
_WAIT_FOR_CONNECTION_S: Final = 3.0
_ASK_AGAIN_S: Final = 0.5
# Below the 15 s after which the carrier gives a webhook up, and generous for everybody else.
_STATEMENT_LIMIT: Final = "8s"


@dataclass(frozen=True, slots=True)
class Context:
    """One per application; safe to share between threads."""

    settings: Settings
    pool: ConnectionPool[Connection]
    tokens: Tokens
    incidents: Incidents
    calls: Calls
    talk: Conversation
    inbound: Inbound
    hub: Hub

    @contextmanager
    def transaction(self, *, wait_s: float = _WAIT_FOR_CONNECTION_S) -> Generator[Connection]:
        """A transaction, committed at the end. Raises psycopg errors."""
        with self._connection(wait_s) as conn:
            conn.execute(SQL["limit_statement"], {"limit": _STATEMENT_LIMIT})
            yield conn

    @contextmanager
    def snapshot(self) -> Generator[Connection]:
        """A transaction in which all is read as of one moment, and something may be logged."""
        with self._connection(_WAIT_FOR_CONNECTION_S) as conn:
            conn.execute(SQL["one_moment"])
            conn.execute(SQL["limit_statement"], {"limit": _STATEMENT_LIMIT})
            yield conn

    @contextmanager
    def change(self) -> Generator[Connection]:
        """A transaction that changes incidents: after its commit engine and streams are woken."""
        with self._connection(_WAIT_FOR_CONNECTION_S) as conn:
            with conn.transaction():
                conn.execute(SQL["limit_statement"], {"limit": _STATEMENT_LIMIT})
                yield conn
            # What is committed is done: nobody must hear of an error because the hint was lost.
            with contextlib.suppress(psycopg.Error):
                hint(conn)
                conn.commit()

    @contextmanager
    def _connection(self, wait_s: float) -> Generator[Connection]:
        # The pool tries to reconnect when somebody asks, so while a server restarts it is asked often.
        deadline_s = time.monotonic() + wait_s
        while True:
            try:
                conn = self.pool.getconn(timeout=min(_ASK_AGAIN_S, wait_s))
                break
            except PoolTimeout:
                if time.monotonic() >= deadline_s:
                    raise
        try:
            with conn:
                yield conn
        finally:
            self.pool.putconn(conn)


async def _context(request: Request) -> Context:
    return request.app.state.context


Here = Annotated[Context, Depends(_context)]
