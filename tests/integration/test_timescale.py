"""The same database on TimescaleDB: hypertables instead of partitions, the same answers."""

from __future__ import annotations

from support.series import EXPECTED_BEHAVIOUR, series_behaviour

from runtime import migrate
from runtime.database import connect


def test_all_migrations_apply_and_lack_nothing(timescale_url: str) -> None:
    with connect(timescale_url, name="test") as connection:
        assert migrate.pending(connection) == ()
        extension = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        assert extension.fetchone()


def test_every_series_is_a_hypertable(timescale_url: str) -> None:
    with connect(timescale_url, name="test") as connection:
        series = connection.execute("SELECT name, partition_width FROM series ORDER BY name").fetchall()
        hypertables = connection.execute(
            """SELECT hypertable_name AS name, time_interval AS partition_width
               FROM timescaledb_information.dimensions WHERE column_name = 'at' ORDER BY 1"""
        ).fetchall()
        leftovers = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relname ~ '_(columns|default)$'"
        ).fetchall()
        assert leftovers == []
    assert series
    assert hypertables == series


def test_series_behave_as_on_plain_postgresql(timescale_url: str) -> None:
    assert series_behaviour(timescale_url) == EXPECTED_BEHAVIOUR
