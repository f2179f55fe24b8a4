"""Gives every committed event its place in the stream.

An event's own id is no resume position: a transaction that commits later with a lower id
would never be delivered to somebody who has already seen a higher one. So each event goes
through a queue table, and one sequencer among all API processes moves what is committed
into the stream, with consecutive positions. It holds a session's advisory lock on the very
connection it commits on: when that is lost, so is the lock, and another process takes over.
"""

from __future__ import annotations

import threading
from typing import Final

import structlog

from api.background import wait_for_hint
from runtime.database import Connection
from runtime.sql import Queries

SQL = Queries("api")
CHANNEL: Final = "cbutton_stream"
_BATCH: Final = 1000
_POLL_S: Final = 0.05
_TRY_AGAIN_S: Final = 0.2


def sequence(conn: Connection, stopping: threading.Event) -> None:
    """Wait to become the sequencer, then be it until stopped. Raises psycopg errors."""
    while not _try(conn):
        if stopping.wait(_TRY_AGAIN_S):
            return
    structlog.get_logger(role="api").info("this process sequences events")
    conn.execute("LISTEN cbutton")
    while not stopping.is_set():
        moved = move(conn)
        if moved < _BATCH:
            # The hint only makes it faster: what came without one is found by looking.
            wait_for_hint(conn, stopping, _POLL_S)


def move(conn: Connection, limit: int = _BATCH) -> int:
    """Move up to `limit` committed events from the queue into the stream; how many were moved."""
    moved = conn.execute(SQL["sequence_events"], {"limit": limit}).rowcount
    if moved:
        conn.execute(SQL["announce_stream"])
    return moved


def _try(conn: Connection) -> bool:
    row = conn.execute(SQL["try_sequencing"]).fetchone()
    return row is not None and bool(row["mine"])
