"""The access log as it is read: by person, incident and time, in pages, as a file; reading it is logged too."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

import pytest
from support.backend import Backend, running_backend


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def entries(api: Backend, headers: Any, **wanted: Any) -> list[dict[str, Any]]:
    return api.get(f"/v1/access_log?{urlencode(wanted)}", headers)["entries"]


def test_a_look_at_an_incident_is_told_with_its_place(api: Backend) -> None:
    api.insure()
    incident_id = str(api.report())
    auditor = api.staff("kanji", "auditor")
    api.get(f"/v1/incidents/{incident_id}", api.staff("kato") | {"X-Reason": "call%20back"})
    api.get(f"/v1/incidents/{incident_id}")
    looks = entries(api, auditor, what=incident_id)
    assert [(each["role"], each["name"], each["reason"]) for each in looks] == [
        ("operator", "sato", "incident work"),
        ("operator", "kato", "call back"),
    ]
    assert {each["incident_id"] for each in looks} == {incident_id}
    assert looks[0]["policy_id"] == "P-0001"
    assert looks[0]["place"]["ja"]
    (only,) = entries(api, auditor, who="kato", action="incident.read")
    assert only["reason"] == "call back"
    assert entries(api, auditor, who="kat", action="incident.read") == []
    assert entries(api, auditor, until=only["at"], what=incident_id) == []
    assert len(entries(api, auditor, since=only["at"], what=incident_id)) == 2


def test_reading_the_log_is_logged(api: Backend) -> None:
    auditor = api.staff("kanji", "auditor") | {"X-Reason": "quarterly%20review"}
    entries(api, auditor, who="sato")
    (row,) = entries(api, auditor, action="access_log.read")
    assert (row["name"], row["object"], row["reason"]) == ("kanji", "who sato", "quarterly review")


def test_pages_miss_nothing_and_repeat_nothing_while_lines_come_in(api: Backend) -> None:
    boss = api.staff("boss", "supervisor")
    api.sql(
        "INSERT INTO access_log (actor, action, object, reason) "
        "SELECT 'operator:sato', 'policy.read', 'P-' || n, 'x' FROM generate_series(1, 25) n"
    )
    seen: list[str] = []
    before: dict[str, Any] = {}
    more = True
    while more:
        page = api.get(f"/v1/access_log?{urlencode({'limit': 4, 'who': 'sato', **before})}", boss)
        seen += [each["object"] for each in page["entries"]]
        before, more = {"before": page["entries"][-1]["id"]}, page["more"]
        api.sql(
            "INSERT INTO access_log (actor, action, object, reason) VALUES ('operator:sato', 'x', 'late', 'x')"
        )
    assert seen == [f"P-{number}" for number in range(25, 0, -1)]


def test_the_log_is_taken_away_as_a_file(api: Backend) -> None:
    auditor = api.staff("kanji", "auditor")
    api.sql(
        "INSERT INTO access_log (actor, action, object, reason) "
        "SELECT 'operator:sato', 'policy.read', 'P-' || n, '=x' FROM generate_series(1, 1500) n"
    )
    answer = api.client.get("/v1/access_log.csv?who=sato", headers=auditor)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len({row["id"] for row in rows}) == 1500
    assert rows[0]["object"] == "P-1500"
    assert rows[0]["reason"] == "'=x"
    (logged,) = entries(api, auditor, action="access_log.export")
    assert logged["object"] == "who sato"
