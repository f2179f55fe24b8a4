"""The migrations as a whole, and the machine that applies them."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from support.series import EXPECTED_BEHAVIOUR, insert_status, series_behaviour
from support.servers import Databases

from runtime import migrate
from runtime.database import connect
from runtime.migrate import Migration, MigrationError

SCHEMA_FILE = migrate.FOLDER.parent / "schema.sql"


def tables(url: str) -> set[str]:
    with connect(url, name="test") as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r'").fetchall()
    return {row["relname"] for row in rows}


@pytest.fixture
def empty_url(databases: Databases):
    with databases.empty() as url:
        yield url


def test_schema_file_is_all_migrations_together(database_url: str) -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == migrate.dump_schema(database_url)


def test_schema_file_does_not_depend_on_the_day(database_url: str) -> None:
    with connect(database_url, name="test") as connection:
        connection.execute("SELECT series_prepare('2031-05-06T07:08Z', '2 days')")
    assert SCHEMA_FILE.read_text(encoding="utf-8") == migrate.dump_schema(database_url)


def test_a_migrated_database_lacks_nothing(database_url: str) -> None:
    with connect(database_url, name="test") as connection:
        assert migrate.pending(connection) == ()
    assert migrate.apply(database_url) == ()


def test_many_at_once_apply_each_migration_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as workers:
        applied = list(workers.map(migrate.apply, [empty_url] * 4))
    assert sorted(len(one) for one in applied) == [0, 0, 0, len(migrate.available())]


def test_a_changed_migration_is_named(database_url: str) -> None:
    first, *others = migrate.available()
    changed = [dataclasses.replace(first, sql=first.sql + "\n"), *others]
    with pytest.raises(MigrationError, match=r"0001_insured was applied with other content"):
        migrate.apply(database_url, changed)


def test_a_database_newer_than_the_code_is_refused(database_url: str) -> None:
    with pytest.raises(MigrationError, match=r"newer than this code: it has migration 0003_incidents"):
        migrate.apply(database_url, migrate.available()[:2])


def test_a_failing_migration_leaves_no_trace_and_those_before_it_stay(empty_url: str) -> None:
    good = Migration(1, "good", "CREATE TABLE good (); CREATE TABLE good_too ();")
    bad = Migration(2, "bad", "CREATE TABLE half (); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"0002_bad failed: division by zero"):
        migrate.apply(empty_url, [good, bad])
    assert {"good", "good_too"} <= tables(empty_url)
    assert "half" not in tables(empty_url)
    mended = Migration(2, "bad", "CREATE TABLE half ();")
    assert migrate.apply(empty_url, [good, mended]) == (mended,)


def test_a_migration_may_ask_for_no_transaction(empty_url: str) -> None:
    table = Migration(1, "table", "CREATE TABLE good (n integer);")
    statement = "CREATE INDEX CONCURRENTLY IF NOT EXISTS good_by_n ON good (n);"
    with pytest.raises(MigrationError, match="cannot run inside a transaction block"):
        migrate.apply(empty_url, [table, Migration(2, "index", statement)])
    outside = Migration(2, "index", f"-- no-transaction\n{statement}")
    assert migrate.apply(empty_url, [table, outside]) == (outside,)
    with connect(empty_url, name="test") as connection:
        assert migrate.pending(connection, [table, outside]) == ()


def test_a_database_out_of_reach_is_an_error_of_the_driver() -> None:
    with pytest.raises(psycopg.OperationalError):
        migrate.apply("postgresql://nobody@127.0.0.1:1/none")


def test_partitions_are_made_for_many_callers_at_once(database_url: str) -> None:
    def prepare(_: int) -> int:
        with connect(database_url, name="test") as connection:
            row = connection.execute("SELECT series_prepare('2031-01-01', '1 hour') AS made").fetchone()
            assert row is not None
            return row["made"]

    with ThreadPoolExecutor(4) as workers:
        made = list(workers.map(prepare, range(4)))
    # Two hours of frames, and one day each of fixes and status.
    assert sorted(made) == [0, 0, 0, 4]


def test_partitions_keep_counts_uncompressed_as_the_series_says(database_url: str) -> None:
    with connect(database_url, name="test") as connection:
        rows = connection.execute(
            """SELECT DISTINCT attstorage::text AS storage FROM pg_attribute
               WHERE attname = 'counts' AND attrelid IN (SELECT inhrelid FROM pg_inherits)"""
        ).fetchall()
    assert [row["storage"] for row in rows] == ["e"]


def test_migrations_have_lasting_names(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("SELECT 1")
    (tmp_path / "0003_three.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match="0003_three stands where number 0002 is due"):
        migrate.available(tmp_path)
    (tmp_path / "0003_three.sql").rename(tmp_path / "two.sql")
    with pytest.raises(MigrationError, match=r"two.sql: migrations are named"):
        migrate.available(tmp_path)


def test_series_on_plain_postgresql(database_url: str) -> None:
    assert series_behaviour(database_url) == EXPECTED_BEHAVIOUR


def test_rows_without_a_partition_of_their_own_are_kept_and_dropped_alike(database_url: str) -> None:
    day = datetime(2041, 1, 1, tzinfo=UTC)
    insert_status(database_url, [day + timedelta(hours=10), day + timedelta(hours=25)])
    with connect(database_url, name="test") as connection:
        connection.execute("SELECT series_drop('device_status', '2041-01-02T06:00Z')")
        rows = connection.execute("SELECT sequence FROM device_status").fetchall()
    assert [row["sequence"] for row in rows] == [1]


def test_what_became_of_earlier_offers_is_kept(empty_url: str) -> None:
    migrate.apply(empty_url, migrate.available()[:9])
    # state, unit that has it, whether it had accepted, who was asked
    earlier = [
        ("offered", "asked", False, ["declined", "asked"]),
        ("en_route", "comes", True, ["comes"]),
        ("completed", "was_there", True, ["declined", "was_there"]),
        ("stood_down", "turned_back", True, ["turned_back"]),
        ("stood_down", "not_needed", False, ["not_needed"]),
        ("failed", None, False, ["declined"]),
    ]
    with connect(empty_url, name="test") as connection:
        connection.execute("INSERT INTO escalation_plans (sha256, toml) VALUES ('0', '')")
        for unit in ("asked", "comes", "was_there", "turned_back", "not_needed", "declined"):
            connection.execute(
                "INSERT INTO units (id, kind, name, lat_deg, lon_deg) VALUES (%s, 'guard', '', 35, 139)",
                [unit],
            )
        for state, unit, accepted, tried in earlier:
            connection.execute(
                """WITH incident AS (
                       INSERT INTO incidents (plan_version, trigger, phase, occurred_at, opened_at, state)
                       SELECT version, 'long_press', 'helping', now(), now(), '{}' FROM escalation_plans RETURNING id)
                   INSERT INTO dispatches (incident_id, kind, state, unit_id, tried, requested_at, offered_at,
                                           accepted_at)
                   SELECT id, 'guard', %s, %s, %s, now(), now(), CASE WHEN %s THEN now() END FROM incident""",
                [state, unit, tried, accepted],
            )
    migrate.apply(empty_url)
    with connect(empty_url, name="test") as connection:
        rows = connection.execute(
            "SELECT d.state AS dispatch, asked, o.state FROM dispatch_offers o JOIN dispatches d ON d.id = dispatch_id"
        ).fetchall()
    assert {(row["dispatch"], row["asked"], row["state"]) for row in rows} == {
        ("offered", "asked", "open"),
        ("offered", "declined", "expired"),
        ("en_route", "comes", "accepted"),
        ("completed", "was_there", "completed"),
        ("completed", "declined", "expired"),
        ("stood_down", "turned_back", "stood_down"),
        ("stood_down", "not_needed", "withdrawn"),
        ("failed", "declined", "expired"),
    }
