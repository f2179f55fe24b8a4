"""Rows into a series table, fast when all is well and row by row when it is not.

COPY first. If a row is there already, the batch goes through a staging table and repeats
are folded. If the database refuses a value, the batch is halved until the row is found:
one bad row must never block its shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from runtime.database import Connection

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A series table: its columns with their types in order, and those that make a row unique."""

    name: str
    columns: tuple[tuple[str, str], ...]
    unique: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the rows: indices of the new ones, and of the refused ones with the reason."""

    new: frozenset[int]
    refused: dict[int, str]


ACCEL_FRAMES = Table(
    "accel_frames",
    (
        ("device_id", "text"),
        ("boot_id", "int8"),
        ("sequence", "int8"),
        ("at", "timestamptz"),
        ("uptime_ms", "int8"),
        ("received_at", "timestamptz"),
        ("late", "bool"),
        ("rate_hz", "float4"),
        ("samples", "int4"),
        ("scale_mps2", "float4"),
        ("full_scale_g", "float4"),
        ("lowpass_hz", "float4"),
        ("counts", "bytea"),
    ),
    ("device_id", "boot_id", "sequence", "at"),
)
GPS_FIXES = Table(
    "gps_fixes",
    (
        ("device_id", "text"),
        ("boot_id", "int8"),
        ("sequence", "int8"),
        ("ordinal", "int2"),
        ("at", "timestamptz"),
        ("uptime_ms", "int8"),
        ("late", "bool"),
        ("lat_deg", "float8"),
        ("lon_deg", "float8"),
        ("speed_mps", "float4"),
        ("heading_deg", "float4"),
        ("accuracy_m", "float4"),
    ),
    ("device_id", "boot_id", "sequence", "ordinal", "at"),
)


def store(conn: Connection, table: Table, rows: Sequence[Row]) -> Stored:
    """Store rows within the caller's transaction; rows the database refuses are named, not raised."""
    return _store(conn, table, list(enumerate(rows)))


def _store(conn: Connection, table: Table, rows: list[tuple[int, Row]]) -> Stored:
    if not rows:
        return Stored(frozenset(), {})
    try:
        with conn.transaction():
            try:
                with conn.transaction():
                    _copy(conn, table, sql.Identifier(table.name), rows)
                return Stored(frozenset(index for index, _ in rows), {})
            except psycopg.errors.UniqueViolation:
                return Stored(_through_staging(conn, table, rows), {})
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if len(rows) == 1:
            return Stored(frozenset(), {rows[0][0]: str(error).strip()})
        middle = len(rows) // 2
        first, second = _store(conn, table, rows[:middle]), _store(conn, table, rows[middle:])
        return Stored(first.new | second.new, {**first.refused, **second.refused})


def _copy(conn: Connection, table: Table, into: sql.Composable, rows: list[tuple[int, Row]]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        into, sql.SQL(", ").join(sql.Identifier(name) for name, _ in table.columns)
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in table.columns])
        for _, row in rows:
            copy.write_row(row)


def _through_staging(conn: Connection, table: Table, rows: list[tuple[int, Row]]) -> frozenset[int]:
    """Insert what is not there yet; the indices of the rows that were new."""
    names = [name for name, _ in table.columns]
    key = [names.index(name) for name in table.unique]
    once: dict[Row, tuple[int, Row]] = {}
    for index, row in rows:
        once.setdefault(tuple(row[place] for place in key), (index, row))
    staging = sql.Identifier("pg_temp", f"staging_{table.name}")
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    conn.execute(
        sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            sql.Identifier(f"staging_{table.name}"), columns, sql.Identifier(table.name)
        )
    )
    _copy(conn, table, staging, list(once.values()))
    unique = sql.SQL(", ").join(map(sql.Identifier, table.unique))
    inserted = conn.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT ({}) DO NOTHING RETURNING {}").format(
            sql.Identifier(table.name), columns, columns, staging, unique, unique
        )
    ).fetchall()
    conn.execute(sql.SQL("DROP TABLE {}").format(staging))
    return frozenset(once[tuple(row[name] for name in table.unique)][0] for row in inserted)
