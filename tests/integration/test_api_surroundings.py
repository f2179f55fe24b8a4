"""What lies around an incident: the car's track, who could come, and what is near."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date

import pytest
from support.backend import OPERATOR, SCENE, Backend, running_backend

from incident.places.landmarks import read_landmarks, replace_landmarks
from incident.places.table import DirectoryError
from runtime.database import connect

HEADING = "kind,name_ja,name_en,number,lat_deg,lon_deg,source,as_of\n"
TODAY = date(2026, 10, 1)


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def line(kind: str, name: str, km_north: float) -> str:
    lat_deg = SCENE.lat_deg + km_north / 111.2
    return f"{kind},{name},{name} en,0460-00-0000,{lat_deg},{SCENE.lon_deg},book,2026-04-01\n"


def import_all(api: Backend, text: str) -> None:
    with connect(api.url, name="test") as conn:
        replace_landmarks(conn, read_landmarks(text, TODAY))


def test_units_come_soonest_first_with_what_keeps_them(api: Backend) -> None:
    api.insure()
    api.unit("far", km_north=30)
    api.unit("near", km_north=5)
    api.unit("truck", "tow", km_north=6)
    api.unit("beyond", km_north=90)
    incident_id = api.report()
    path = f"/v1/incidents/{incident_id}/surroundings"
    found = api.get(path)["units"]
    assert [unit["id"] for unit in found] == ["near", "truck", "far"]
    assert [round(unit["distance_km"]) for unit in found] == [5, 6, 30]
    assert found[0]["arrival_s"] < found[1]["arrival_s"] < found[2]["arrival_s"]
    assert not any(unit["busy"] for unit in found)
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard", "unit_id": "far"})
    assert {unit["id"]: unit["busy"] for unit in api.get(path)["units"]} == {
        "near": False,
        "truck": False,
        "far": True,
    }


def test_a_unit_is_sent_by_name_only_if_it_can_come(api: Backend) -> None:
    api.insure()
    api.unit("guard-1")
    api.unit("truck", "tow")
    path = f"/v1/incidents/{api.report()}/dispatches"
    assert "tow" in api.post(path, {"kind": "guard", "unit_id": "truck"}, status=409)["detail"]
    api.post(path, {"kind": "guard", "unit_id": "nobody"}, status=404)
    api.sql("UPDATE units SET on_shift = false WHERE id = 'guard-1' RETURNING id")
    refused = api.post(path, {"kind": "guard", "unit_id": "guard-1"}, status=409)
    assert "off shift" in refused["detail"]
    assert "勤務外" in refused["said"]["ja"]
    api.sql("UPDATE units SET on_shift = true WHERE id = 'guard-1' RETURNING id")
    api.post(path, {"kind": "guard", "unit_id": "guard-1"})
    assert [row["asked"] for row in api.sql("SELECT asked FROM dispatch_offers")] == ["guard-1"]


def test_the_track_is_of_the_minute_before_and_what_came_after(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    for seconds, speed_mps in ((-90, 12), (-30, 12.5), (-1, "NaN"), (20, 0)):
        api.sql(
            "INSERT INTO gps_fixes (device_id, boot_id, sequence, ordinal, at, uptime_ms, late, lat_deg, lon_deg,"
            " speed_mps, heading_deg, accuracy_m) SELECT device_id, 1, 100 + %s, 0,"
            " occurred_at + make_interval(secs => %s), 1, false, 35.2, 139.1, %s::real, 0, 5"
            " FROM incidents RETURNING at",
            seconds,
            seconds,
            speed_mps,
        )
    track = api.get(f"/v1/incidents/{incident_id}/surroundings")["track"]
    assert [point["speed_kmh"] for point in track] == [45.0, None, 0.0]


def test_of_each_kind_the_three_nearest_within_reach_are_shown(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = f"/v1/incidents/{incident_id}/surroundings"
    assert api.get(path)["landmarks"] == []
    hospitals = [line("hospital", f"病院{km}", km) for km in (9, 3, 30, 12)]
    import_all(api, HEADING + "".join(hospitals) + line("police", "警察署", 20) + line("police", "遠い", 60))
    found = api.get(path)["landmarks"]
    assert [(one["kind"], one["name"]["ja"]) for one in found] == [
        ("hospital", "病院3"),
        ("hospital", "病院9"),
        ("hospital", "病院12"),
        ("police", "警察署"),
    ]
    import_all(api, HEADING + line("police", "別の警察署", 1))
    assert [one["name"]["en"] for one in api.get(path)["landmarks"]] == ["別の警察署 en"]


def test_every_fault_of_a_directory_is_told_and_nothing_is_taken_over() -> None:
    text = HEADING + "school,学校,School,,35,139,book,2026-04-01\npolice,,Police,,91,139,book,2027-01-01\n"
    with pytest.raises(DirectoryError) as refused:
        read_landmarks(text, TODAY)
    said = str(refused.value)
    for wanted in ("line 2, kind: 'school'", "line 3, name_ja", "line 3, lat_deg", "line 3, as_of"):
        assert wanted in said


def test_looking_on_is_one_look_up_in_the_log(api: Backend) -> None:
    api.insure()
    path = f"/v1/incidents/{api.report()}/surroundings"
    for _ in range(3):
        api.get(path)
    api.get(path, OPERATOR | {"X-Reason": "complaint"})
    api.get(path, api.staff("mori"))
    logged = api.sql(
        "SELECT actor, reason FROM access_log WHERE action = 'incident.surroundings' ORDER BY id"
    )
    assert [tuple(row.values()) for row in logged] == [
        ("operator:sato", "incident work"),
        ("operator:sato", "complaint"),
        ("operator:mori", "incident work"),
    ]


def test_who_may_not_see_units_sees_none(api: Backend) -> None:
    api.insure()
    api.unit("guard-1")
    path = f"/v1/incidents/{api.report()}/surroundings"
    assert api.get(path, api.staff("audit", "auditor"))["units"] == []
    assert api.get(path, api.staff("kato", "supervisor"))["units"]


def test_there_is_nothing_around_an_incident_that_does_not_exist(api: Backend) -> None:
    api.get("/v1/incidents/7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e/surroundings", status=404)
