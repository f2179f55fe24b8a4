"""Looking for incidents of any age: found by what is known of them, paged, logged, taken away as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from support.backend import ADMIN, POLICY, Backend, running_backend

from schemas.impact import Severity
from schemas.incident import Trigger


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def found(api: Backend, headers: Any = ADMIN, **wanted: Any) -> list[str]:
    return [row["id"] for row in api.get(f"/v1/history?{urlencode(wanted)}", headers)["incidents"]]


def another(number: int, plate: str, name: str) -> dict[str, Any]:
    holder = {**POLICY["holder"], "name": name, "phones": [f"+81901234{number:04d}"]}
    return {**POLICY, "id": f"P-{number:04d}", "holder": holder, "vehicles": [{"plate": plate}]}


def closed(api: Backend, device_id: str, outcome: str, **report: Any) -> str:
    incident_id = str(api.report(device_id, **report))
    api.post(f"/v1/incidents/{incident_id}/take")
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": outcome})
    return incident_id


def test_incidents_are_found_by_what_is_known_of_them(api: Backend) -> None:
    api.insure()
    api.insure("car-0002", another(2, "横浜 500 さ 1", "鈴木 一郎"))
    old = closed(api, "car-0001", "false_alarm")
    new = closed(api, "car-0001", "accident", severity=None, trigger=Trigger.LONG_PRESS)
    other = str(api.report("car-0002", Severity.MODERATE))
    api.sql("UPDATE incidents SET opened_at = opened_at - interval '30 days' WHERE id = %s", old)
    api.sql(
        """UPDATE incidents SET place = '{"words": {"ja": "札幌市 100%% 通り", "en": "Sapporo"}}' WHERE id = %s""",
        other,
    )
    assert found(api) == [other, new, old]
    for wanted, ids in (
        ({"trigger": "long_press"}, [new]),
        ({"severity": "moderate"}, [other]),
        ({"outcome": "false_alarm"}, [old]),
        ({"taken_by": "sato"}, [new, old]),
        ({"taken_by": "mori"}, []),
        ({"policy_id": "P-0001"}, [new, old]),
        ({"device_id": "car-0002"}, [other]),
        ({"plate": "品川300あ1234"}, [new, old]),
        ({"plate": "５００ サ"}, []),
        ({"plate": "５００　さ"}, [other]),
        ({"holder": "佐藤太郎"}, [new, old]),
        ({"holder": "鈴木", "policy_id": "P-0001"}, []),
        ({"holder": "鈴木", "outcome": "accident"}, []),
        ({"holder": "鈴木", "severity": "moderate"}, [other]),
        ({"place": "sapporo 通り"}, [other]),
        ({"place": "100%"}, [other]),
        ({"place": "sapporo 箱根"}, []),
        ({"place": "_"}, []),
    ):
        assert found(api, **wanted) == ids, wanted
    opened = api.sql("SELECT opened_at FROM incidents WHERE id = %s", new)[0]["opened_at"].isoformat()
    assert found(api, opened_from=opened) == [other, new]
    assert found(api, opened_to=opened) == [old]
    for wrong in (
        "limit=0",
        "limit=201",
        "trigger=x",
        "before=x",
        f"before={quote(POLICY['id'])}",
        "x=1",
        "plate=1",
    ):
        api.get(f"/v1/history?{wrong}", ADMIN, status=422)


def test_pages_miss_nothing_and_repeat_nothing_while_incidents_come_in(api: Backend) -> None:
    for number in range(12):
        api.post("/v1/devices", {"id": f"car-1{number:03d}"}, ADMIN, status=201)
        api.report(f"car-1{number:03d}")
    # Many of one moment, as after an earthquake.
    api.sql("UPDATE incidents SET opened_at = now() - interval '1 minute'")
    before = set(found(api))
    seen: list[str] = []
    for number in range(20):
        after = {"before": seen[-1]} if seen else {}
        page = api.get(f"/v1/history?{urlencode({'limit': 3, **after})}", ADMIN)
        seen += [row["id"] for row in page["incidents"]]
        api.post("/v1/devices", {"id": f"car-2{number:03d}"}, ADMIN, status=201)
        api.report(f"car-2{number:03d}")
        if not page["more"]:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == before


def test_looking_for_somebody_is_logged_with_the_reason(api: Backend) -> None:
    api.insure()
    found(api)
    found(api, place="箱根", outcome="accident")
    assert api.sql("SELECT 1 FROM access_log") == []
    sato = api.staff("kato", "operator")
    api.get(
        f"/v1/history?{urlencode({'holder': '佐藤', 'plate': '品川'})}", sato | {"X-Reason": "call%20back"}
    )
    (row,) = api.sql("SELECT actor, action, object, reason FROM access_log WHERE action LIKE 'history%%'")
    assert row == {
        "actor": "operator:kato",
        "action": "history.search",
        "object": "plate 品川, holder 佐藤",
        "reason": "call back",
    }


def test_what_was_found_is_taken_away_as_a_file(api: Backend) -> None:
    api.insure()
    incident_id = closed(api, "car-0001", "accident")
    api.sql("UPDATE incidents SET taken_by = '=1+1' WHERE id = %s", incident_id)
    boss = api.staff("boss", "supervisor")
    answer = api.client.get("/v1/history.csv?outcome=accident", headers=boss)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="incidents.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["id"], row["outcome"], row["policy_id"]) == (incident_id, "accident", "P-0001")
    assert row["opened_at"].endswith("+09:00")
    assert row["taken_by"] == "'=1+1"
    logged = api.sql("SELECT actor, object FROM access_log WHERE action = 'history.export'")
    assert logged == [{"actor": "supervisor:boss", "object": "outcome accident"}]
    for role in ("operator", "auditor"):
        api.get("/v1/history.csv", api.staff(role, role), status=403)


def test_a_file_holds_more_than_a_page(api: Backend) -> None:
    api.post("/v1/devices", {"id": "car-0001"}, ADMIN, status=201)
    api.report("car-0001")
    api.sql(
        "INSERT INTO incidents (plan_version, trigger, phase, occurred_at, opened_at, closed_at, state) "
        "SELECT plan_version, trigger, 'closed', occurred_at, opened_at, now(), state "
        "FROM incidents, generate_series(1, 2500)"
    )
    rows = list(csv.reader(io.StringIO(api.client.get("/v1/history.csv", headers=ADMIN).text)))
    assert len({row[2] for row in rows[1:]}) == len(rows) - 1 == 2501
