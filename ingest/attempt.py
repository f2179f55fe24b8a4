"""One piece of work in a transaction of its own, so that what fails in it fails alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import psycopg

from runtime.database import Connection

T = TypeVar("T")
# SQLSTATE classes: the transaction's state (read-only, for example); names and rights in the schema.
_NO_FAULT_OF_THE_MESSAGE: Final = ("25", "42")


def attempt(conn: Connection, work: Callable[[], T]) -> T | Exception:
    """Do something and commit it; what came of it, or what went wrong, and then nothing was done.

    One message that nobody foresaw must not stop the worker, and again after each restart.
    Raises psycopg errors where the database is lost, takes no writes, or is of another version
    than this code: then no message is to blame, and all must wait.
    """
    try:
        with conn.transaction():
            return work()
    except Exception as error:
        if isinstance(error, psycopg.OperationalError):
            raise
        if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_NO_FAULT_OF_THE_MESSAGE):
            raise
        return error
