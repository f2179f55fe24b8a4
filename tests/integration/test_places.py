"""Directories of places in a real database: imported whole or not at all, and asked within a transaction."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from cli.__main__ import app
from cli.simulated.directories import import_directories
from incident.places import imports
from incident.places.describe import as_json, describe, from_json, warm
from incident.places.place import Area, Municipality, Words
from incident.places.posts import read_posts, replace_posts
from runtime.database import Connection, connect
from runtime.settings import Settings
from schemas.impact import Position
from schemas.incident import RoadKind

FIRE_HEAD = "municipality_codes,name_ja,name_en,number,source,as_of"
POST_HEAD = "road_ja,road_en,direction_ja,direction_en,travel,kind,km,lat_deg,lon_deg,tunnel"
HAKONE, ODAWARA = Position(35.2324, 139.1069), Position(35.2556, 139.1597)
ON_TOMEI = Position(
    35.2590, 138.9155
)  # a way point of the simulated road, in the middle of both carriageways


@pytest.fixture
def conn(database_url: str) -> Generator[Connection]:
    warm()
    with connect(database_url, name="test", autocommit=True) as connection:
        yield connection


def cbutton(database_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["places", *arguments], env={"CBUTTON_DATABASE_URL": database_url})


def file(tmp_path: Path, *lines: str, name: str = "directory.csv") -> str:
    path = tmp_path / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def fire_rows(conn: Connection) -> list[tuple[str, str]]:
    rows = conn.execute("SELECT municipality_code, number FROM fire_headquarters ORDER BY 1").fetchall()
    return [(row["municipality_code"], row["number"]) for row in rows]


def posts(first_km: float, count: int) -> list[str]:
    return [
        f"道路,Road,下り,down,rising,expressway,{first_km + n / 10:.1f},{35 + n / 1000:.4f},139.0,no"
        for n in range(count)
    ]


def test_a_fire_directory_is_imported_by_the_command_and_replaced_by_the_next(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    first = file(
        tmp_path,
        FIRE_HEAD,
        "143821 14206,箱根,Hakone,0460-00-0001,見本,2024-04-01",
        "20202,松本,M,0263-00-0001,s,2026-04-01",
    )
    done = cbutton(database_url, "import-fire", first)
    assert (done.exit_code, done.stdout) == (0, "2 fire headquarters for 3 municipalities\n")
    assert fire_rows(conn) == [
        ("14206", "0460-00-0001"),
        ("14382", "0460-00-0001"),
        ("20202", "0263-00-0001"),
    ]
    shown = cbutton(database_url, "fire", "--lat", "35.2324", "--lon", "139.1069")
    assert shown.exit_code == 0
    assert "0460-00-0001" in shown.stdout
    assert "2024-04-01" in shown.stdout
    assert "1年以上前" in shown.stdout
    second = file(tmp_path, FIRE_HEAD, "14382,箱根,Hakone,0460-00-0002,s,2026-04-01")
    assert cbutton(database_url, "import-fire", second).exit_code == 0
    assert fire_rows(conn) == [("14382", "0460-00-0002")]


def test_a_file_with_a_bad_line_changes_nothing(database_url: str, conn: Connection, tmp_path: Path) -> None:
    assert (
        cbutton(
            database_url, "import-fire", file(tmp_path, FIRE_HEAD, "14382,a,b,0460-00-0001,s,2026-04-01")
        ).exit_code
        == 0
    )
    bad = file(tmp_path, FIRE_HEAD, "14206,a,b,0465-00-0001,s,2026-04-01", "20202,a,b,119,s,2026-04-01")
    refused = cbutton(database_url, "import-fire", bad)
    assert refused.exit_code == 1
    assert "line 3, number: '119' is not allowed" in refused.stderr
    assert "Nothing was imported." in refused.stderr
    assert fire_rows(conn) == [("14382", "0460-00-0001")]


def test_one_bad_file_of_several_boundaries_changes_nothing(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    good = file(tmp_path, geojson(feature("14382", "箱根町", square(139.0, 35.2, 0.2))), name="good.geojson")
    bad = file(tmp_path, geojson(feature("9", "箱根町", square(139.0, 35.2, 0.2))), name="bad.geojson")
    assert cbutton(database_url, "import-municipalities", good).exit_code == 0
    refused = cbutton(database_url, "import-municipalities", good, good, bad)
    assert refused.exit_code == 1
    assert "bad.geojson, feature 1: N03_007 '9' is not allowed" in refused.stderr
    row = conn.execute("SELECT count(*) AS rings FROM municipality_outlines").fetchone()
    assert row == {"rings": 1}


def test_an_import_killed_in_the_middle_leaves_the_old_directory(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    assert cbutton(database_url, "import-roads", file(tmp_path, POST_HEAD, *posts(10.0, 50))).exit_code == 0
    before = conn.execute("SELECT * FROM road_posts ORDER BY km").fetchall()
    # The 100th row of the next import waits for us: half of it is in, and the old rows are deleted.
    conn.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END'"
    )
    conn.execute(
        "CREATE TRIGGER wait BEFORE INSERT ON road_posts FOR EACH ROW WHEN (NEW.km = 30) EXECUTE FUNCTION wait()"
    )
    conn.execute("SELECT pg_advisory_lock(4711)")
    conn.execute("SET lock_timeout = '200ms'")  # nobody who reads waits for an import
    importing = subprocess.Popen(
        [
            *(sys.executable, "-m", "cli", "places", "import-roads"),
            file(tmp_path, POST_HEAD, *posts(20.1, 300)),
        ],
        env=os.environ | {"CBUTTON_DATABASE_URL": database_url},
    )
    sessions = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND "
    wait_for(lambda: one(conn, sessions + "wait_event = 'advisory'")["n"] == 1)
    assert conn.execute("SELECT * FROM road_posts ORDER BY km").fetchall() == before
    importing.send_signal(signal.SIGKILL)
    importing.wait()
    conn.execute("SELECT pg_advisory_unlock(4711)")
    wait_for(lambda: one(conn, sessions + "application_name = 'cbutton places'")["n"] == 0)
    assert conn.execute("SELECT * FROM road_posts ORDER BY km").fetchall() == before
    assert one(conn, "SELECT entries FROM place_imports WHERE kind = 'roads'") == {"entries": 50}
    # And the next one goes through.
    assert cbutton(database_url, "import-roads", file(tmp_path, POST_HEAD, *posts(20.1, 300))).exit_code == 0
    assert one(conn, "SELECT count(*) AS n, min(km) AS km FROM road_posts") == {"n": 300, "km": 20.1}


def test_two_imports_at_once_follow_each_other(database_url: str, conn: Connection) -> None:
    def replace_by(first_km: float) -> None:
        with connect(database_url, name="import") as importing:
            replace_posts(importing, read_posts("\n".join((POST_HEAD, *posts(first_km, 200)))))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(replace_by, (10.0, 20.0, 30.0, 40.0)))
    row = one(conn, "SELECT count(*) AS n, max(km) - min(km) AS long FROM road_posts")
    assert row["n"] == 200
    assert row["long"] == pytest.approx(19.9)


def test_an_incident_is_described_while_an_import_runs(database_url: str, conn: Connection) -> None:
    samples(database_url)
    with connect(database_url, name="import") as importing:
        imports.begin(importing, "fire")
        importing.execute("DELETE FROM fire_headquarters")
        conn.execute("SET lock_timeout = '1s'")
        assert [one_.number for one_ in describe(conn, HAKONE).fire] == ["050-0000-0002"]
        importing.rollback()


def test_without_any_directory_the_place_is_said_and_the_operator_knows_what_to_do(conn: Connection) -> None:
    facts = describe(conn, HAKONE, None, 40.0)
    assert facts.words.ja.startswith("神奈川県箱根町")
    assert facts.area == Area(Municipality("14382", Words("箱根町", "Hakone")), is_guess=True)
    assert (facts.roads, facts.fire, facts.road.kind) == ((), (), RoadKind.UNKNOWN)
    assert (
        "119番にかけ、最初に「神奈川県箱根町、座標35.23240, 139.10690の事故です。管轄の消防本部へ転送"
        in facts.fire_words.ja
    )
    assert "please transfer me to the fire headquarters" in facts.fire_words.en
    nowhere = describe(conn, Position(30.0, 145.0))
    assert (nowhere.area, nowhere.fire) == (None, ())
    assert "座標30.00000, 145.00000" in nowhere.fire_words.ja


def test_on_the_sample_expressway(database_url: str, conn: Connection) -> None:
    samples(database_url)
    facts = describe(conn, ON_TOMEI, 215.0, 98.0)
    (road,) = facts.roads
    assert (facts.road.kind, facts.road.is_guess) == (RoadKind.EXPRESSWAY, False)
    assert road.direction == Words("下り", "westbound (for Nagoya)")
    assert facts.words.ja.startswith(f"東名高速道路下り {road.km:.1f}キロポスト付近、静岡県")
    assert facts.words.en.startswith(
        f"Tomei Expressway westbound (for Nagoya), near kilometre post {road.km:.1f}; "
    )
    assert describe(conn, ON_TOMEI, 35.0, 98.0).roads[0].direction == Words("上り", "eastbound (for Tokyo)")
    both = describe(conn, ON_TOMEI)
    assert {one_.direction.ja for one_ in both.roads if one_.direction} == {"下り", "上り"}
    assert both.road.kind is RoadKind.EXPRESSWAY
    # A few hundred metres beside it, in the same region.
    beside = describe(conn, Position(35.2590, 138.9215), None, 50.0)
    assert (beside.roads, beside.road.kind) == ((), RoadKind.GENERAL)
    # The Hakone road: too far away for this directory to say anything.
    assert describe(conn, Position(36.2308, 137.9652), None, 100.0).road.kind is RoadKind.EXPRESSWAY


def test_the_number_of_a_ward_is_that_of_its_city_and_a_neighbour_is_named_by_the_border(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    directory = file(
        tmp_path,
        FIRE_HEAD,
        "34100,広島市消防局,Hiroshima,082-000-0001,s,2026-04-01",
        "14382,箱根,Hakone,0460-00-0001,s,2026-04-01",
        "22325,函南,Kannami,055-000-0001,s,2026-04-01",
    )
    assert cbutton(database_url, "import-fire", directory).exit_code == 0
    hiroshima = describe(conn, Position(34.3853, 132.4553))
    assert hiroshima.area is not None
    assert hiroshima.area.municipality.code == "34101"
    assert [one_.number for one_ in hiroshima.fire] == ["082-000-0001"]
    border = describe(conn, Position(35.1806, 139.0230))
    assert [one_.number for one_ in border.fire] == ["0460-00-0001", "055-000-0001"]
    assert "境の向こうなら" in border.fire_words.ja


def square(lon: float, lat: float, side: float) -> list[list[float]]:
    return [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]


def feature(code: str, name: str, *rings: list[list[float]]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"N03_003": None, "N03_004": name, "N03_007": code},
        "geometry": {"type": "Polygon", "coordinates": rings},
    }


def geojson(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_imported_boundaries_are_exact_and_go_before_the_map(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    # Odawara's station made part of a Hakone with a hole, and a village in the hole.
    path = file(
        tmp_path,
        geojson(
            feature("14382", "箱根町", square(139.0, 35.2, 0.3), square(139.10, 35.20, 0.05)),
            feature("22325", "函南町", square(139.10, 35.20, 0.05)),
        ),
        name="n03.geojson",
    )
    assert cbutton(database_url, "import-municipalities", path).stdout == "3 rings of boundaries\n"
    odawara = describe(conn, ODAWARA)
    # The map knows another place by its English name, so the Japanese one stands for both.
    assert odawara.area == Area(Municipality("14382", Words("箱根町", "箱根町")), is_guess=False)
    assert "推定" not in odawara.hint.ja
    hakone = describe(conn, Position(35.24, 139.02))
    assert hakone.area == Area(Municipality("14382", Words("箱根町", "Hakone")), is_guess=False)
    hole = describe(conn, HAKONE)
    assert hole.area is not None
    assert hole.area.municipality.code == "22325"
    # Outside of all that was imported the map still speaks.
    matsumoto = describe(conn, Position(36.2308, 137.9652))
    assert matsumoto.area is not None
    assert matsumoto.area.is_guess


def test_a_broken_directory_fails_no_incident(conn: Connection) -> None:
    conn.execute("ALTER TABLE fire_headquarters RENAME COLUMN number TO gone")
    with conn.transaction():
        facts = describe(conn, HAKONE)
        assert one(conn, "SELECT 1 AS still") == {"still": 1}
    assert facts.words.ja.startswith("神奈川県箱根町")
    assert "119番" in facts.fire_words.ja


def test_a_lost_connection_is_not_hidden(database_url: str, conn: Connection) -> None:
    with connect(database_url, name="lost") as lost:
        pid = lost.info.backend_pid
        conn.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(psycopg.OperationalError):
            describe(lost, HAKONE)


def test_the_facts_are_kept_and_read_again(database_url: str, conn: Connection) -> None:
    samples(database_url)
    for facts in (
        describe(conn, ON_TOMEI, None, 98.0),
        describe(conn, Position(30.0, 145.0)),
        describe(conn, HAKONE),
    ):
        kept = conn.execute("SELECT %s AS kept", [Jsonb(as_json(facts))]).fetchone()
        assert kept is not None
        assert from_json(kept["kept"]) == facts


def test_the_demo_never_replaces_a_real_directory(
    database_url: str, conn: Connection, tmp_path: Path
) -> None:
    assert (
        cbutton(
            database_url, "import-fire", file(tmp_path, FIRE_HEAD, "14382,a,b,0460-00-0001,s,2026-04-01")
        ).exit_code
        == 0
    )
    samples(database_url)
    assert fire_rows(conn) == [("14382", "0460-00-0001")]
    assert one(conn, "SELECT count(*) > 300 AS there FROM road_posts") == {"there": True}
    samples(database_url)


def test_show_says_everything_about_a_place(database_url: str, conn: Connection) -> None:
    samples(database_url)
    shown = cbutton(
        database_url, "show", "--lat", "35.2590", "--lon", "138.9155", "--heading", "215", "--speed", "98"
    )
    assert shown.exit_code == 0
    for words in (
        "東名高速道路下り",
        "Tomei Expressway",
        "road: expressway",
        "050-0000-000",
        "座標 35.25900, 138.91550",
    ):
        assert words in shown.stdout


def samples(database_url: str) -> None:
    import_directories(Settings.unconfigured(database_url=database_url))


def one(conn: Connection, sql: str, *values: Any) -> dict[str, Any]:
    row = conn.execute(sql, values or None).fetchone()  # pyright: ignore[reportArgumentType] a test's own text
    assert row is not None
    return row


def wait_for(condition: Any, within_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.02)
