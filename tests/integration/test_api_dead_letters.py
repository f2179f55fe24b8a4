"""What could not be read, shown: listed, counted, looked at, taken away."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

import pytest
from support.backend import ADMIN, Backend, running_backend

LETTERS = "/v1/dead_letters"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def bury(api: Backend, payload: bytes, reason: str = "malformed", device_id: str | None = "car-0001") -> int:
    (row,) = api.sql(
        "INSERT INTO dead_letters (topic, device_id, reason, detail, size_bytes, payload) "
        "VALUES ('cb/v1/0a/car-0001/up/impact', %s, %s, 'Error parsing message', %s, %s) RETURNING id",
        *(device_id, reason, len(payload) + 5, payload),
    )
    return row["id"]


def test_they_are_listed_and_counted(api: Backend) -> None:
    first = bury(api, b"\x00\xff")
    bury(api, b"{}", "wrong_topic", None)
    last = bury(api, b"\x01")
    api.sql(
        "INSERT INTO dead_letter_days (device_id, day, kept, dropped) VALUES "
        "('car-0001', (now() AT TIME ZONE 'UTC')::date, 2, 7), ('?', (now() AT TIME ZONE 'UTC')::date - 40, 1, 90)"
    )
    told = api.get(LETTERS, ADMIN)
    assert [letter["id"] for letter in told["letters"]] == [last, last - 1, first]
    assert [(each["reason"], each["many"], each["devices"]) for each in told["by_reason"]] == [
        ("malformed", 2, 1),
        ("wrong_topic", 1, 0),
    ]
    assert told["dropped"] == 7
    assert told["letters"][0]["size_bytes"] == 6
    assert told["letters"][0]["kept_bytes"] == 1
    for wanted, ids in (
        ({"device_id": "car-0001"}, [last, first]),
        ({"reason": "wrong_topic"}, [last - 1]),
        ({"before": last, "limit": 1}, [last - 1]),
    ):
        page = api.get(f"{LETTERS}?{urlencode(wanted)}", ADMIN)
        assert [letter["id"] for letter in page["letters"]] == ids, wanted
    assert api.get(f"{LETTERS}?limit=2", ADMIN)["more"] is True
    for wrong in ("before=0", "limit=0", "limit=201", f"before={2**63}", "device_id=a b"):
        api.get(f"{LETTERS}?{wrong}", ADMIN, status=422)


def test_one_is_looked_at_and_taken_away_and_both_are_logged(api: Backend) -> None:
    binary, words = bury(api, b"\x00\xff\x10"), bury(api, '{"種": 1}'.encode())
    boss: Any = api.staff("boss", "supervisor")
    told = api.get(f"{LETTERS}/{binary}", boss)
    assert (told["payload_hex"], told["text"]) == ("00ff10", None)
    assert api.get(f"{LETTERS}/{words}", boss)["text"] == '{"種": 1}'
    file = api.client.get(f"{LETTERS}/{binary}/payload", headers=boss)
    assert file.content == b"\x00\xff\x10"
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"] == f'attachment; filename="dead-letter-{binary}.bin"'
    logged = api.sql("SELECT actor, object FROM access_log WHERE action = 'dead_letter.read' ORDER BY id")
    assert [row["object"] for row in logged] == [str(binary), str(words), str(binary)]
    assert {row["actor"] for row in logged} == {"supervisor:boss"}
    api.get(f"{LETTERS}/99999", boss, status=404)
    for role in ("operator", "auditor"):
        api.get(f"{LETTERS}/{binary}", api.staff(role, role), status=403)
