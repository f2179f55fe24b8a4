"""Connections to PostgreSQL, all alike: UTC, named, with keepalives that notice a lost server."""

from __future__ import annotations

import time
from typing import Any, Final

import psycopg
import structlog
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

Connection = psycopg.Connection[DictRow]

_WORTH_TELLING_S: Final = 2.0

# A worker must notice a dead server before another one takes over its work.
_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    # Keepalives do not cover data that was sent and never acknowledged.
    "tcp_user_timeout": 10_000,
    # The server must notice a dead client as soon: it holds the locks of a host that lost power.
    "options": (
        "-c timezone=UTC -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
        "-c tcp_user_timeout=10000"
    ),
}


def connect(url: str, *, name: str, autocommit: bool = False) -> Connection:
    """Open one connection; `name` is what the server's activity view shows.

    Raises psycopg.OperationalError when the server cannot be reached.
    """
    return Connection.connect(
        url, row_factory=dict_row, autocommit=autocommit, application_name=f"cbutton {name}", **_OPTIONS
    )


def connect_patiently(url: str, *, name: str, autocommit: bool = False, for_s: float = 60.0) -> Connection:
    """Open one connection, trying again for a while: servers start and restart beside us.

    Why it waits is logged when it has for two seconds.
    """
    began_s = time.monotonic()
    told = False
    while True:
        try:
            return connect(url, name=name, autocommit=autocommit)
        except psycopg.OperationalError as error:
            waited_s = time.monotonic() - began_s
            if waited_s > for_s:
                raise
            if waited_s > _WORTH_TELLING_S and not told:
                told = True
                structlog.get_logger(role=name).warning("waiting for the database", reason=str(error).strip())
            time.sleep(0.2)


def open_pool(url: str, *, name: str, size: int) -> ConnectionPool[Connection]:
    """A pool of checked connections, opened in the background."""
    return ConnectionPool(
        url,
        kwargs={"row_factory": dict_row, "application_name": f"cbutton {name}", **_OPTIONS},
        connection_class=Connection,
        min_size=1,
        max_size=size,
        timeout=10.0,
        # By itself the pool waits ever longer, up to a minute, while the database is back already.
        reconnect_timeout=0.5,
        check=ConnectionPool[Connection].check_connection,
        open=True,
    )
