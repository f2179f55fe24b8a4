from __future__ import annotations

import psycopg
import pytest
from structlog.testing import capture_logs

from runtime.database import connect_patiently


def test_whoever_waits_long_for_the_database_says_why_once() -> None:
    with capture_logs() as said, pytest.raises(psycopg.OperationalError):
        connect_patiently("postgresql://cbutton:hush@127.0.0.1:1/x", name="engine", for_s=2.8)
    assert [(line["event"], line["role"]) for line in said] == [("waiting for the database", "engine")]
    assert "Connection refused" in said[0]["reason"]
    assert "hush" not in str(said)
