"""Reading what is imported: every fault by its line with what is allowed, or all of the file."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from incident.places.address import Address, read_answer
from incident.places.boundaries import Outline, read_outlines
from incident.places.fire import FireEntry, read_directory
from incident.places.place import Words
from incident.places.posts import read_posts
from incident.places.table import DirectoryError, read_file

TODAY = date(2026, 11, 26)
FIRE_HEAD = "municipality_codes,name_ja,name_en,number,source,as_of"
POST_HEAD = "road_ja,road_en,direction_ja,direction_en,travel,kind,km,lat_deg,lon_deg,tunnel"
GOOD_FIRE = "14382 143821,箱根,Hakone,0460-00-0000,sample,2026-04-01"


def fire(*lines: str) -> list[FireEntry]:
    return read_directory("\n".join((FIRE_HEAD, *lines)), TODAY)


def fire_faults(*lines: str) -> tuple[str, ...]:
    with pytest.raises(DirectoryError) as caught:
        fire(*lines)
    return caught.value.faults


def posts_faults(*lines: str) -> tuple[str, ...]:
    with pytest.raises(DirectoryError) as caught:
        read_posts("\n".join((POST_HEAD, *lines)))
    return caught.value.faults


def test_a_directory_of_fire_headquarters_is_read() -> None:
    assert fire(
        "14382 142069,箱根,Hakone,0460-00-0000,sample,2026-04-01",
        "",
        "20202,松本,M,+81263000000,s,2026-11-26",
    ) == [
        FireEntry(("14382", "14206"), Words("箱根", "Hakone"), "0460-00-0000", "sample", date(2026, 4, 1)),
        FireEntry(("20202",), Words("松本", "M"), "+81263000000", "s", date(2026, 11, 26)),
    ]


def test_the_columns_may_come_in_any_order_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "fire.csv"
    file.write_text(
        "as_of,source,number,name_en,name_ja,municipality_codes\r\n2026-04-01,s,0460-00-0000,Hakone,箱根,14382\r\n",
        encoding="utf-8-sig",
    )
    (entry,) = read_directory(read_file(file), TODAY)
    assert (entry.codes, entry.number) == (("14382",), "0460-00-0000")


@pytest.mark.parametrize(
    "number",
    [
        "119",
        "0460820000x",
        "０４６０-00-0000",
        "046-00-0000",
        "0460-00-000000",
        "+810460000000",
        "1460-00-0000",
        "",
    ],
)
def test_only_a_direct_number_is_taken(number: str) -> None:
    (fault,) = fire_faults(f"14382,箱根,Hakone,{number},sample,2026-04-01")
    assert fault.startswith("line 2, number: ")
    assert repr(number) in fault


@pytest.mark.parametrize(
    "number", ["0460-00-0000", "03-0000-0000", "0460000000", "+81460000000", "050-0000-0000"]
)
def test_numbers_as_people_write_them_are_taken(number: str) -> None:
    assert fire(f"14382,箱根,Hakone,{number},sample,2026-04-01")[0].number == number


def test_every_fault_of_every_line_is_named_with_what_is_allowed() -> None:
    faults = fire_faults(
        "14382 143822,箱根,Hakone,0460-00-0000,sample,2026-04-01",
        "20202,,Matsumoto,119,sample,2026-02-30",
        "20203,a,b",
        "14382,x,y,0460-00-0000,,2026-11-27",
    )
    assert [fault.split(":")[0] for fault in faults] == [
        "line 2, municipality_codes",
        "line 3, number",
        "line 3, name_ja",
        "line 3, as_of",
        "line 4",
        "line 5, municipality_codes",
        "line 5, source",
        "line 5, as_of",
    ]
    assert "right check digit" in faults[0]
    assert "0460-00-0000 or" in faults[1]
    assert "2026-04-01, not after 2026-11-26" in faults[3]
    assert "3 columns where the first line names 6" in faults[4]
    assert "line 2 has 14382" in faults[5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: the columns are municipality_codes, name_ja, name_en, number, source, as_of"),
        ("municipality_codes,name_ja\n", "line 1: the columns are"),
        (FIRE_HEAD + ",more\n", "line 1: the columns are"),
        (FIRE_HEAD + "\n", "line 2: there is no row"),
        (FIRE_HEAD + '\n"14382,open quote', "not CSV"),
    ],
)
def test_what_is_no_directory_at_all(text: str, words: str) -> None:
    with pytest.raises(DirectoryError) as caught:
        read_directory(text, TODAY)
    assert words in str(caught.value)


def test_another_encoding_and_a_missing_file_are_said(tmp_path: Path) -> None:
    file = tmp_path / "sjis.csv"
    file.write_bytes("名前".encode("cp932"))
    with pytest.raises(DirectoryError, match="save the file as UTF-8"):
        read_file(file)
    with pytest.raises(DirectoryError, match="No such file"):
        read_file(tmp_path / "none.csv")


def test_posts_are_read() -> None:
    assert read_posts(
        f"{POST_HEAD}\n東名高速道路,Tomei,下り,west,rising,expressway,83.8,35.3,138.9,no\n"
        "国道1号,Route 1,,,both,general,90,35.2,139.0,yes\n"
    ) == [
        ("東名高速道路", "Tomei", "下り", "west", "rising", "expressway", 83.8, 35.3, 138.9, False),
        ("国道1号", "Route 1", "", "", "both", "general", 90.0, 35.2, 139.0, True),
    ]


def test_faults_of_posts_are_named() -> None:
    good = "東名,Tomei,下り,west,rising,expressway,83.8,35.3,138.9,no"
    faults = posts_faults(
        good,
        good,
        "東名,Tomei,,west,up,highway,-1,138.9,35.3,maybe",
        "東名,Tomei,下り,west,both,general,nan,35.3,138.9,no",
    )
    assert [fault.split(":")[0] for fault in faults] == [
        "line 3, km",
        "line 4, travel",
        "line 4, direction_ja",
        "line 4, kind",
        "line 4, km",
        "line 4, lat_deg",
        "line 4, lon_deg",
        "line 4, tunnel",
        "line 5, direction_ja",
        "line 5, km",
    ]
    assert "line 2 has it" in faults[0]
    assert "rising, falling or both" in faults[1]
    assert "expressway, motor_road or general" in faults[3]
    assert "a number from 0 to 2000" in faults[4]
    assert "a number from 20 to 46" in faults[5]
    assert "yes or no" in faults[7]


def test_the_samples_can_be_imported_and_say_that_they_are_made_up() -> None:
    folder = resources.files("cli.simulated.directories")
    entries = read_directory(folder.joinpath("fire.csv").read_text(encoding="utf-8"), TODAY)
    assert all(entry.number.startswith("050-0000-") for entry in entries)
    assert all("見本" in entry.name.ja and "fictitious" in entry.source for entry in entries)
    assert len(read_posts(folder.joinpath("roads.csv").read_text(encoding="utf-8"))) > 300


def feature(code: str | None = "14382", geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"N03_001": "神奈川県", "N03_003": "足柄下郡", "N03_004": "箱根町", "N03_007": code}
        | properties,
        "geometry": geometry
        or {"type": "Polygon", "coordinates": [[[139, 35], [139.1, 35], [139, 35.1], [139, 35]]]},
    }


def outlines(tmp_path: Path, *features: dict[str, Any]) -> list[Outline]:
    file = tmp_path / "n03.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return read_outlines(file)


def test_boundaries_are_read_ring_by_ring(tmp_path: Path) -> None:
    ring, other = (
        [[139, 35], [139.1, 35], [139, 35.1], [139, 35]],
        [[140, 36], [140.1, 36], [140, 36.1], [140, 36]],
    )
    many = {"type": "MultiPolygon", "coordinates": [[ring, other], [other]]}
    read = outlines(tmp_path, feature(), feature(geometry=many), feature(None), feature(N03_004="所属未定地"))
    assert [(one.code, one.name_ja, len(one.ring)) for one in read] == [("14382", "箱根町", 4)] * 4
    assert read[0].ring[1] == (139.1, 35.0)


@pytest.mark.parametrize(
    "properties",
    [{"N03_003": "札幌市", "N03_004": "中央区"}, {"N03_003": None, "N03_004": "札幌市", "N03_005": "中央区"}],
    ids=["until 2023", "since 2024"],
)
def test_wards_are_named_behind_their_city(tmp_path: Path, properties: dict[str, Any]) -> None:
    (read,) = outlines(tmp_path, feature("01101", **properties))
    assert read.name_ja == "札幌市中央区"


def test_every_faulty_feature_is_named(tmp_path: Path) -> None:
    swapped = {"type": "Polygon", "coordinates": [[[35, 139], [35, 139.1], [35.1, 139], [35, 139]]]}
    with pytest.raises(DirectoryError) as caught:
        outlines(
            tmp_path,
            feature("99999"),
            feature(geometry=swapped),
            feature(geometry={"type": "Point", "coordinates": [139, 35]}),
            {"type": "Feature"},
            feature(),
            feature(geometry={"type": "Polygon", "coordinates": [[[139, 35], [139.1, 35]]]}),
        )
    numbers = [fault.split("feature ")[1].split(":")[0] for fault in caught.value.faults]
    assert numbers == ["1", "2", "3", "4", "6"]
    assert "from 122 to 154" in caught.value.faults[1]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"features": []}', '{"features": 1}', "nonsense"])
def test_what_is_no_boundary_file_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.geojson"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DirectoryError):
        read_outlines(file)


def test_answers_of_address_services() -> None:
    assert read_answer({"results": {"muniCd": "14382", "lv01Nm": "湯本"}}) == Address("14382", "湯本", "")
    assert read_answer({"results": {"muniCd": "1101", "lv01Nm": "－"}}) == Address("01101", "", "")
    assert read_answer({}) is None
    assert read_answer({"error": "Unable to geocode"}) is None
    nominatim = {
        "address": {"province": "神奈川県", "county": "足柄下郡", "town": "箱根町", "quarter": "湯本"}
    }
    assert read_answer(nominatim) == Address(None, "", "神奈川県箱根町湯本")
    assert read_answer({"address": {"country": "日本"}}) is None
    for nonsense in ([], "x", 3, None, {"what": 1}, {"results": []}):
        with pytest.raises(ValueError, match="neither"):
            read_answer(nonsense)
