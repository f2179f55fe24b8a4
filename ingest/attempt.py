"""One piece of work in a transaction of its own, so that what fails in it fails alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from runtime.database import Connection

T = TypeVar("T")


def attempt(conn: Connection, work: Callable[[], T]) -> T | Exception:
    """Do something and commit it; what came of it, or what went wrong, and then nothing was done.

    One message that nobody foresaw must not stop the worker, and again after each restart.
    Raises psycopg.OperationalError: without its database a worker ends.
    """
    try:
        with conn.transaction():
            return work()
    except psycopg.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 the caller tells what it means for its message
        return error
