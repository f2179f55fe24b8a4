"""What is alike in all imports: one at a time of a kind, and a note of when and how much."""

from __future__ import annotations

from typing import Literal

from runtime.database import Connection
from runtime.sql import Queries

SQL = Queries("incident.places")
Kind = Literal["fire", "roads", "municipalities", "landmarks"]


def begin(conn: Connection, kind: Kind) -> None:
    """Begin to replace a directory, within the caller's transaction: until its commit others read the old one."""
    conn.execute(SQL["begin_import"], {"kind": kind})


def end(conn: Connection, kind: Kind, entries: int) -> None:
    """The directory is complete, with so many entries."""
    conn.execute(SQL["end_import"], {"kind": kind, "entries": entries})


def is_imported(conn: Connection, kind: Kind) -> bool:
    """Whether there is such a directory."""
    row = conn.execute(SQL["is_imported"], {"kind": kind}).fetchone()
    return row is not None and row["imported"]
