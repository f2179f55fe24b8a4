"""What the series functions of the migrations do to rows, on any PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from runtime.database import connect

_DAY = datetime(2031, 1, 1, tzinfo=UTC)
EXPECTED_BEHAVIOUR: dict[str, object] = {
    "all": [0, 1, 2, 3, 4],
    "2031-01-01T23:59Z": [0, 1, 2, 3, 4],
    "2031-01-02T00:00Z": [2, 3, 4],
    "2031-01-02T23:00Z": [2, 3, 4],
    "2031-01-03T12:00Z": [4],
    "bins": [(datetime(2031, 1, 3, tzinfo=UTC), 1)],
}


def insert_status(url: str, ats: Sequence[datetime], *, first: int = 0) -> None:
    """One row of device_status per time, numbered from `first` on."""
    with connect(url, name="test") as connection:
        for sequence, at in enumerate(ats, start=first):
            connection.execute(
                """INSERT INTO device_status (device_id, boot_id, sequence, at, received_at, late, online,
                       firmware, hardware, battery_mv, signal_dbm, buffered_messages)
                   VALUES ('d', 1, %s, %s, %s, false, true, '', '', 0, 0, 0)""",
                [sequence, at, at],
            )


def series_behaviour(url: str) -> dict[str, object]:
    """Rows before and after partitions are made, dropped step by step; what is left each time."""
    hours = [_DAY + timedelta(hours=hour) for hour in (1, 23, 25, 47, 49)]
    insert_status(url, hours[:3])
    seen: dict[str, object] = {}
    with connect(url, name="test", autocommit=True) as connection:

        def left() -> list[int]:
            rows = connection.execute("SELECT sequence FROM device_status ORDER BY at").fetchall()
            return [row["sequence"] for row in rows]

        connection.execute("SELECT series_prepare(%s, '3 days')", [_DAY])
        insert_status(url, hours[3:], first=3)
        seen["all"] = left()
        with pytest.raises(psycopg.errors.UniqueViolation):
            insert_status(url, hours[4:], first=4)
        for before in [moment for moment in EXPECTED_BEHAVIOUR if moment.endswith("Z")]:
            connection.execute("SELECT series_drop('device_status', %s)", [before])
            seen[before] = left()
        bins = connection.execute(
            "SELECT date_bin('12 hours', at, 'epoch') AS bin, count(*) AS n FROM device_status GROUP BY 1"
        ).fetchall()
        seen["bins"] = [(row["bin"], row["n"]) for row in bins]
    return seen
