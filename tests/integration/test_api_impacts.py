"""Impacts over HTTP: found by the real lane, read and drawn by operators."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Generator
from uuid import UUID
from xml.etree import ElementTree

import pytest
from support.backend import ADMIN, OPERATOR, Backend, running_backend
from support.crash_trace import CRASH_S, between, crash_trace
from support.insured import insured_world
from support.lanes import DEVICE, running_lane
from support.servers import Broker

NOBODY = UUID(int=7)


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


@pytest.fixture
def crashed(api: Backend, broker: Broker) -> str:
    """A crash that only the bulk lane brought, looked at again; its impact's id."""
    with insured_world(api.url) as world, running_lane(world, broker, "bulk") as lane:
        said = [
            each
            for each in between(crash_trace(trigger=False), -CRASH_S - 1, 40.0)
            if each.name in {"accel", "gps"}
        ]
        for each in said:
            lane.publish(each.name, each.payload)
        lane.work(len(said))
        world.conn.execute("UPDATE candidates SET due_at = now()")
        lane.assessor.decide_due(world.conn)
        world.conn.execute("UPDATE evidence_due SET due_at = now()")
        lane.assessor.look_again(world.conn)
        # The evidence must not need what is dropped after hours.
        world.conn.execute("TRUNCATE accel_frames, gps_fixes")
    (row,) = api.sql("SELECT id FROM impacts")
    return str(row["id"])


def test_an_impact_is_told_whole(api: Backend, crashed: str) -> None:
    found = api.get(f"/v1/impacts/{crashed}")
    assert found["severity"] == found["analysis"]["severity"] == "severe"
    assert found["delta_v_from_kmh"] < 32 < found["delta_v_to_kmh"]
    assert found["possible_severities"][0] in {"moderate", "severe"}
    assert found["speed_after_kmh"] < 5
    assert found["withdrawn"] is found["parked"] is False
    assert {reason["code"] for reason in found["explained"]} == set(found["reasons"])
    assert all(reason["ja"] and reason["en"] != reason["code"] for reason in found["explained"])
    assert found["evidence"]["motion_from_s"] < -9.9
    assert found["evidence"]["motion_to_s"] >= 20
    assert found["evidence"]["fixes"] >= 30
    assert found["evidence"]["may_grow"] is True
    fatal = found["injury"][2]
    assert fatal["injury"] == "fatal"
    assert 0 < fatal["low"] < fatal["high"] < 0.1
    assert [each["model"] for each in fatal["models"]][:1] == ["NHTSA 2022 all"]
    assert len(fatal["models"]) >= 2
    assert found["injury_modifiers"]["belt"] == found["injury_modifiers"]["age"] == "unknown"
    assert found["injury_uncovered"] == []
    assert found["moving_again"] is False
    assert found["analysis"]["gps_reaches"] is True
    assert (found["analysis"]["mount"] is None) is (found["pdof_deg"] is None)
    assert len(found["analysis"]["measures"]["delta_v_series_kmh"]) == 26
    assert found["device_id"] == DEVICE

    incident = api.get(f"/v1/incidents/{found['incident_id']}")
    (listed,) = incident["impacts"]
    assert listed.items() <= found.items()
    assert listed["injury"] == found["injury"]


def test_the_looks_at_an_impact_are_logged_with_their_reason(api: Backend, crashed: str) -> None:
    api.get(f"/v1/impacts/{crashed}", OPERATOR | {"X-Reason": "call%20back"})
    api.client.get(f"/v1/impacts/{crashed}/drawing.svg", headers=OPERATOR)
    logged = api.sql("SELECT actor, action, object, reason FROM access_log ORDER BY id")
    assert [tuple(row.values()) for row in logged] == [
        ("operator:sato", "impact.read", crashed, "call back"),
        ("operator:sato", "impact.draw", crashed, "incident work"),
    ]


@pytest.mark.parametrize(("language", "word"), [("ja", "強い衝撃"), ("en", "severe impact")])
def test_an_impact_is_drawn_and_may_do_nothing_else(
    api: Backend, crashed: str, language: str, word: str
) -> None:
    answer = api.client.get(
        f"/v1/impacts/{crashed}/drawing.svg", params={"language": language}, headers=OPERATOR
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "sandbox" in policy
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    root = ElementTree.fromstring(answer.text)
    (title,) = root.findall("{http://www.w3.org/2000/svg}title")
    assert word in str(title.text)
    assert "JST" in str(title.text)
    # Motion twice, the shock twice, the velocity change and the speed.
    assert answer.text.count("<polyline") == 6


def test_what_is_missing_of_an_impact_is_shaded_and_what_comes_after_it_drawn(
    api: Backend, crashed: str
) -> None:
    path = f"/v1/impacts/{crashed}/drawing.svg"
    # The panel of all motion is the one at 70 px.
    shaded = re.compile('class="missing" x="[0-9.]+" y="70"')
    assert not shaded.search(api.client.get(path, headers=OPERATOR).text)
    api.sql(
        "DELETE FROM impact_frames USING impacts i WHERE i.id = impact_id"
        " AND impact_frames.uptime_ms - i.uptime_ms BETWEEN 5000 AND 11000 RETURNING sequence"
    )
    drawn = api.client.get(path, headers=OPERATOR).text
    assert len(shaded.findall(drawn)) == 1
    assert drawn.count("<polyline") == 6 + 2


def test_only_operators_look(api: Backend, crashed: str) -> None:
    api.insure("car-0009")
    unit = api.unit()
    for path in ("/v1/impacts", f"/v1/impacts/{crashed}", f"/v1/impacts/{crashed}/drawing.svg"):
        assert api.client.get(path).status_code == 401
        assert api.client.get(path, headers=unit).status_code == 403
        assert api.client.get(path, headers=ADMIN).status_code == 200
    assert [row["actor"] for row in api.sql("SELECT actor FROM access_log WHERE action LIKE 'impact%%'")]


def test_what_is_not_there_is_said(api: Backend) -> None:
    for path in (f"/v1/impacts/{NOBODY}", f"/v1/impacts/{NOBODY}/drawing.svg"):
        assert api.get(path, status=404)["detail"] == "there is no such impact"
    assert api.get("/v1/impacts/what", status=422)["errors"]
    assert "no such impact" in api.get(f"/v1/impacts?before={NOBODY}", status=422)["detail"]
    assert api.get("/v1/impacts?device=car-0404") == {"impacts": []}
    assert api.sql("SELECT * FROM access_log") == []


def insert(api: Backend, device_id: str, minutes_ago: int, analysis: str | None = None) -> str:
    (row,) = api.sql(
        "INSERT INTO impacts (device_id, boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound,"
        " pdof_deg, peak_g, duration_ms, rollover, multiple, reasons, late, analysis)"
        " VALUES (%s, 1, 1000, now() - make_interval(mins => %s), 'light', 9, false, 350, 5, 90, false, false,"
        " '{weak}', false, %s) RETURNING id",
        *(device_id, minutes_ago, analysis),
    )
    return str(row["id"])


def test_the_list_is_newest_first_by_device_and_in_pages(api: Backend) -> None:
    for device_id in ("car-0001", "car-0002"):
        api.sql("INSERT INTO devices (id, shard) VALUES (%s, '00')", device_id)
    ids = [insert(api, f"car-000{1 + number % 2}", number) for number in range(7)]
    assert [each["id"] for each in api.get("/v1/impacts")["impacts"]] == ids
    ours = [each["id"] for each in api.get("/v1/impacts?device=car-0002")["impacts"]]
    assert ours == ids[1::2]
    first = api.get("/v1/impacts?device=car-0002&limit=2")["impacts"]
    rest = api.get(f"/v1/impacts?device=car-0002&limit=2&before={first[-1]['id']}")["impacts"]
    assert [each["id"] for each in first + rest] == ours


OTHER_SHAPE = (
    '{"severity": "none", "shape": "of another version",'
    ' "injury": [{"injury": "fatal", "low": 0.1, "high": 0.1, "models": {"x": 0.1}}]}'
)


@pytest.mark.parametrize("analysis", [None, OTHER_SHAPE])
def test_an_impact_without_a_finding_of_this_shape_is_told_all_the_same(
    api: Backend, analysis: str | None
) -> None:
    api.sql("INSERT INTO devices (id, shard) VALUES ('car-0001', '00')")
    impact_id = insert(api, "car-0001", 1, analysis)
    found = api.get(f"/v1/impacts/{impact_id}")
    assert (found["analysis"], found["possible_severities"], found["injury"]) == (None, [], [])
    assert found["withdrawn"] is (analysis is not None)
    assert found["clock"] == 12
    assert found["evidence"] == {"motion_from_s": None, "motion_to_s": None, "fixes": 0, "may_grow": False}
    refused = api.get(f"/v1/impacts/{impact_id}/drawing.svg", status=404)
    assert "no motion is kept" in refused["detail"]


def test_what_an_impact_felt_like_is_told_as_one_line(api: Backend, crashed: str) -> None:
    found = api.get(f"/v1/impacts/{crashed}/waveform")
    detail = api.get(f"/v1/impacts/{crashed}")
    assert found["from_s"] == pytest.approx(-4.0, abs=0.02)
    assert found["step_s"] * len(found["g"]) == pytest.approx(10.0, abs=0.1)
    felt = [value for value in found["g"] if value is not None]
    assert max(felt) == pytest.approx(detail["peak_g"], rel=0.2)
    assert found["pulse_s"] * 1000 == pytest.approx(detail["duration_ms"])
    before = [point["kmh"] for point in found["speed"] if point["at_s"] < 0]
    assert before[-1] == pytest.approx(detail["speed_before_kmh"], abs=2.0)
    api.sql("DELETE FROM impact_frames RETURNING sequence")
    assert "no motion" in api.get(f"/v1/impacts/{crashed}/waveform", status=404)["detail"]
