"""A database whose clock a test sets: whatever asks it for clock_timestamp() hears of a moment of the test's own.

No two moments are the same: each time it is asked, a microsecond has passed.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from support.servers import Databases

from runtime import migrate

START: Final = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
# Named before pg_catalog in the search path, so that statements and defaults find this one.
_CLOCK: Final = """
CREATE TABLE moment (at timestamptz NOT NULL);
CREATE SEQUENCE tick;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS $$
    SELECT at + nextval('tick') * interval '1 microsecond' FROM moment
$$;
"""


@contextmanager
def database_with_set_clock(databases: Databases) -> Generator[str]:
    """A migrated database whose clock stands at START; a lock nobody gives up is noticed within 0.1 s."""
    with databases.empty() as url:
        name = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(name))
            conn.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '100ms'").format(name))
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(_CLOCK)
            conn.execute("INSERT INTO moment VALUES (%s)", [START])
        migrate.apply(url)
        yield url


def set_clock(conn: psycopg.Connection[dict[str, object]], seconds: float) -> None:
    """So many seconds after START; counted from there by each question."""
    conn.execute("UPDATE moment SET at = %s", [START + timedelta(seconds=seconds)])
    conn.execute("SELECT setval('tick', 1)")
