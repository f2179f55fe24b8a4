"""Brings a database to the shape this code expects: `schemas/sql/migrations/NNNN_name.sql`, in order.

A migration that has landed never changes; what it got wrong, a later one mends. Each runs in
one transaction with the row that records it. A file whose first line is `-- no-transaction`
holds one statement that cannot run in a transaction (such as CREATE INDEX CONCURRENTLY) and
must bear being run again, because a crash may fall between it and its record.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

import schemas
from runtime import postgres
from runtime.database import Connection, connect

FOLDER: Final = Path(schemas.__file__).parent / "sql" / "migrations"
_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_NO_TRANSACTION: Final = "-- no-transaction"
# Any fixed number: whoever migrates this database holds this advisory lock.
_LOCK: Final = 0x0CB0_0001

_CREATE_RECORD: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


class MigrationError(RuntimeError):
    """The database and the migration files do not belong together; the message says how."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, the name in its file name, its text and the hash of it."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Hash of the text, recorded when it is applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """False when the file asks to run outside of a transaction."""
        return self.sql.partition("\n")[0].strip() != _NO_TRANSACTION

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


def available(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """The migrations in a folder, by number. Raises MigrationError for a bad name, a gap or a repeat."""
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            raise MigrationError(f"{file.name}: migrations are named 0001_like_this.sql")
        found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise MigrationError(f"migration {migration} stands where number {expected:04d} is due")
    return tuple(found)


def pending(connection: Connection, migrations: Sequence[Migration] | None = None) -> tuple[Migration, ...]:
    """The migrations a database still lacks.

    Raises MigrationError when one that it has was changed since, or when it has more than
    this code knows.
    """
    known = tuple(migrations) if migrations is not None else available()
    exists = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL AS it").fetchone()
    if exists is None or not exists["it"]:
        return known
    rows = connection.execute("SELECT number, name, sha256 FROM schema_migrations ORDER BY number").fetchall()
    by_number = {migration.number: migration for migration in known}
    for row in rows:
        applied = f"{row['number']:04d}_{row['name']}"
        migration = by_number.get(row["number"])
        if migration is None:
            raise MigrationError(
                f"the database is newer than this code: it has migration {applied}, "
                f"the newest here is {known[-1] if known else 'none'}"
            )
        if migration.sha256 != row["sha256"]:
            raise MigrationError(
                f"migration {applied} was applied with other content than the file now has: "
                "restore the file and put the change into a new migration"
            )
    done = {row["number"] for row in rows}
    return tuple(migration for migration in known if migration.number not in done)


def apply(url: str, migrations: Sequence[Migration] | None = None) -> tuple[Migration, ...]:
    """Apply what is pending and return it. Any number of processes may try at once: one does it.

    Raises MigrationError when the database and the files do not belong together, or when a
    migration fails; that one leaves no trace, those before it stay.
    """
    with connect(url, name="migrate", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(_CREATE_RECORD)
        todo = pending(connection, migrations)
        for migration in todo:
            try:
                if migration.in_transaction:
                    with connection.transaction():
                        _run(connection, migration)
                else:
                    _run(connection, migration)
            except psycopg.Error as error:
                raise MigrationError(f"migration {migration} failed: {error}") from error
        return todo


def _run(connection: Connection, migration: Migration) -> None:
    # The text is ours and checked in; without parameters the server takes many statements at once.
    connection.execute(cast("LiteralString", migration.sql))
    connection.execute(
        "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
        [migration.number, migration.name, migration.sha256],
    )


def dump_schema(url: str) -> str:
    """The database's schema as SQL, the same text wherever and whenever it is made.

    Left out: what names a version or is random in pg_dump's output, and partitions named by
    their date, which depend on the day. Raises RuntimeError when pg_dump fails.
    """
    # In the environment the password is not seen in the list of processes.
    words: dict[str, Any] = dict(conninfo_to_dict(url))
    words["database"] = words.pop("dbname")
    done = subprocess.run(  # noqa: S603  our own program
        [
            postgres.program("pg_dump"),
            *("--schema-only", "--no-owner", "--no-privileges", "--restrict-key=cbutton"),
            "--exclude-table=*_p[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-9][0-9][0-9][0-9]",
        ],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, **{f"PG{key.upper()}": str(value) for key, value in words.items()}},
    )
    if done.returncode:
        raise RuntimeError(f"pg_dump failed: {done.stderr.strip()}")
    return _tidy(done.stdout)


def _tidy(dump: str) -> str:
    noise = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)\n", re.MULTILINE)
    body = re.sub(r"\n{3,}", "\n\n", noise.sub("", dump)).strip()
    return f"-- All migrations together, made by scripts/generate. Read it, do not edit it.\n\n{body}\n"
