"""Places in words: ten that are known, the compass, codes of municipalities, regions of the map."""

from __future__ import annotations

from math import cos, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.places.geocoder import OfflineGeocoder, municipality_map, read_region
from incident.places.place import Area, Municipality, Words
from incident.places.prefectures import city_of, five_digits, prefecture
from incident.places.sphere import Offset, bearing_deg, distance_km, moved, offset, turn_deg
from incident.places.towns import FARTHEST_KM, Town, Towns, load_towns
from incident.places.words import area_words, compass, coordinates, full_name, hint_words
from schemas.impact import Position

TOWNS = load_towns()
MAP = municipality_map()
OFFLINE = OfflineGeocoder(TOWNS, MAP)


def said(lat_deg: float, lon_deg: float) -> tuple[Words, Area | None]:
    position = Position(lat_deg, lon_deg)
    area = OFFLINE.area(position)
    return area_words(position, area, TOWNS.nearest(position)), area


@pytest.mark.parametrize(
    ("place", "code", "ja", "en"),
    [
        # The positions are those of stations, halls and the named spots on the public map.
        ((35.1895, 139.0250), "14382", "神奈川県箱根町付近", "near Hakone, Kanagawa"),
        ((36.2308, 137.9652), "20202", "長野県松本市付近", "near Matsumoto, Nagano"),
        ((35.6670, 138.5686), "19201", "山梨県甲府市付近", "near Kofu, Yamanashi"),
        ((35.6556, 139.3390), "13201", "東京都八王子市付近", "near Hachioji, Tokyo"),
        ((35.2556, 139.1597), "14206", "神奈川県小田原市付近", "near Odawara, Kanagawa"),
        ((43.0621, 141.3544), "01100", "北海道札幌市付近", "near Sapporo, Hokkaido"),
        ((26.2124, 127.6809), "47201", "沖縄県那覇市付近", "near Naha, Okinawa"),
        # Yanagisawa pass, on the Ome highway.
        (
            (35.7889, 138.8303),
            "19213",
            "山梨県甲州市、丹波山村の西約8キロ",
            "in Koshu, Yamanashi, about 8 km west of Tabayama",
        ),
        # Kamikochi belongs to a town that is far away.
        (
            (36.2489, 137.6377),
            "20202",
            "長野県松本市、安曇野市の西約23キロ",
            "in Matsumoto, Nagano, about 23 km west of Azumino",
        ),
        # Umihotaru, on the bridge across Tokyo bay.
        (
            (35.4639, 139.8756),
            "12206",
            "千葉県木更津市、中心部の北西約10キロ",
            "in Kisarazu, Chiba, about 10 km north-west of its centre",
        ),
    ],
)
def test_known_places(place: tuple[float, float], code: str, ja: str, en: str) -> None:
    words, area = said(*place)
    assert words == Words(ja, en)
    assert area is not None
    assert area.municipality.code == code
    assert area.is_guess


@pytest.mark.parametrize("place", [(30.0, 145.0), (37.566, 126.978)], ids=["the Pacific", "Seoul"])
def test_no_municipality_is_named_at_sea_and_abroad(place: tuple[float, float]) -> None:
    words, area = said(*place)
    assert area is None
    assert f"{place[0]:.5f}, {place[1]:.5f}" in words.ja
    assert "海上か国外" in words.ja
    assert "at sea or abroad" in words.en


def test_off_the_coast_a_town_gives_the_direction_but_no_municipality() -> None:
    words, area = said(34.5, 139.0)
    assert area is None
    assert words.ja.endswith("南東約18キロ（海上か海岸）")
    assert "about 18 km south-east of" in words.en


def test_by_a_border_the_other_municipality_is_named_too() -> None:
    # Hakone pass, where the old Tokaido goes over to Kannami in Shizuoka.
    here = Position(35.1806, 139.0230)
    area = OFFLINE.area(here)
    assert area is not None
    assert area.municipality.name == Words("箱根町", "Hakone")
    assert [other.name.ja for other in area.nearby] == ["函南町"]
    hint = hint_words(here, area, (), off_address=False)
    assert "静岡県函南町との境の近く" in hint.ja
    assert "The border with Kannami, Shizuoka is near." in hint.en


def test_off_any_address_the_driver_is_asked_for_what_can_be_read_there() -> None:
    hint = hint_words(Position(35.788912345, 138.8303), None, (), off_address=True)
    assert "35.78891, 138.83030" in hint.ja
    assert all(word in hint.ja for word in ("住所のない", "電柱番号", "交差点名"))
    assert all(word in hint.en for word in ("no address", "pole", "crossing"))
    assert "電柱番号" not in hint_words(Position(35.0, 139.0), None, (), off_address=False).ja


def test_without_the_map_the_nearest_town_is_taken() -> None:
    without = OfflineGeocoder(TOWNS, lambda _position: None)
    area = without.area(Position(36.2308, 137.9652))
    assert area == Area(Municipality("20202", Words("松本市", "Matsumoto")), is_guess=True)
    assert without.area(Position(30.0, 145.0)) is None


@pytest.mark.parametrize(
    ("code", "ja", "en", "expected"),
    [
        ("1438200", "箱根町", "Hakone Town", Words("箱根町", "Hakone")),
        ("2020202", "松本市乗鞍上高地", "Norikura Kamikochi, Matsumoto City", Words("松本市", "Matsumoto")),
        ("2210002", "静岡市北部", "Northern Shizuoka City", Words("静岡市", "Shizuoka")),
        (
            "4220201",
            "佐世保市（宇久地域を除く）",
            "Sasebo City (Excluding Uku Area)",
            Words("佐世保市", "Sasebo"),
        ),
        ("3410100", "広島市中区", "Hiroshima City Naka Ward", Words("広島市中区", "Naka Ward, Hiroshima")),
        ("1310100", "千代田区", "Chiyoda City", Words("千代田区", "Chiyoda")),
        # Undivided, though its name has the sign for a town in the middle.
        ("1320900", "町田市", "Machida City", Words("町田市", "Machida")),
        ("2420400", "村市町", "X Town", Words("村市町", "X")),
    ],
)
def test_forecast_regions_are_read_as_municipalities(code: str, ja: str, en: str, expected: Words) -> None:
    assert read_region(code, ja, en) == Municipality(code[:5], expected)


def test_codes_with_and_without_check_digit() -> None:
    # The ministry's own list: Sapporo 011002, Hakone 143821, Matsumoto 202029, Naha 472018, Kodaira 132110.
    for six in ("011002", "143821", "202029", "472018", "132110"):
        assert five_digits(six) == six[:5]
        assert five_digits(six[:5]) == six[:5]
        assert five_digits(six[:5] + str((int(six[5]) + 1) % 10)) is None
    for wrong in ("", "1438", "1438211", "48101", "00101", "14000", "１４３８２", "1438a"):
        assert five_digits(wrong) is None


@pytest.mark.parametrize(
    ("ward", "city"),
    [
        ("01101", "01100"),
        ("01110", "01100"),
        ("14110", "14100"),
        ("14131", "14130"),
        ("22140", "22130"),
        ("27120", "27100"),
        ("27141", "27140"),
        ("40137", "40130"),
        ("13101", "13101"),
        ("14206", "14206"),
        ("14382", "14382"),
    ],
)
def test_wards_belong_to_their_city(ward: str, city: str) -> None:
    assert city_of(ward) == city


def test_prefectures_by_number() -> None:
    assert prefecture("01100") == Words("北海道", "Hokkaido")
    assert prefecture("14382") == Words("神奈川県", "Kanagawa")
    assert prefecture("47201") == Words("沖縄県", "Okinawa")
    assert prefecture("48000") is None
    assert full_name(Municipality("13101", Words("千代田区", "Chiyoda"))).ja == "東京都千代田区"


def test_every_town_lies_in_japan_and_has_both_names() -> None:
    assert len(TOWNS) > 1500
    for town in TOWNS:
        assert five_digits(town.code) == town.code
        assert town.name.ja
        assert town.name.en.isascii()
        assert 24 < town.position.lat_deg < 46
        assert 122 < town.position.lon_deg < 154


def test_compass_and_bearings() -> None:
    said = [compass(degrees).ja for degrees in (0, 45, 90, 135, 180, 225, 270, 315, 359, 22.4, 22.6)]
    assert said == ["北", "北東", "東", "南東", "南", "南西", "西", "北西", "北", "北", "北東"]
    tokyo = Position(35.6812, 139.7671)
    assert bearing_deg(tokyo, Position(36.6812, 139.7671)) == pytest.approx(0)
    assert bearing_deg(tokyo, Position(34.6812, 139.7671)) == pytest.approx(180)
    assert bearing_deg(Position(0, 139), Position(0, 140)) == pytest.approx(90)
    assert turn_deg(350, 10) == pytest.approx(20)
    assert turn_deg(10, 190) == pytest.approx(180)
    assert coordinates(Position(35.2, 139.123456)) == "35.20000, 139.12346"


PLACES = st.builds(Position, st.floats(20, 46), st.floats(120, 155))


@given(PLACES, st.floats(0, 360), st.floats(0, 2000))
def test_small_offsets_agree_with_the_sphere(origin: Position, heading_deg: float, away_m: float) -> None:
    by = Offset(away_m * sin(radians(heading_deg)), away_m * cos(radians(heading_deg)))
    there = moved(origin, by)
    assert distance_km(origin, there) * 1000 == pytest.approx(away_m, rel=1e-3, abs=0.01)
    seen = offset(origin, there)
    assert (seen.east_m, seen.north_m) == pytest.approx((by.east_m, by.north_m), rel=1e-3, abs=0.5)


@given(
    st.lists(PLACES, max_size=40),
    PLACES,
    st.sampled_from([0.0, 5.0, FARTHEST_KM, 500.0, 5000.0]),
)
def test_the_nearest_town_is_that_of_looking_at_all(
    places: list[Position], here: Position, within_km: float
) -> None:
    towns = [Town(f"{n:05d}", Words("x", "x"), place, False) for n, place in enumerate(places)]
    found = Towns(towns).nearest(here, within_km)
    in_reach = [away for town in towns if (away := distance_km(here, town.position)) <= within_km]
    assert (found[1] if found is not None else None) == min(in_reach, default=None)
    assert found is None or distance_km(here, found[0].position) == found[1]


@given(st.builds(Position, st.floats(30, 44), st.floats(129, 145)))
def test_the_nearest_of_the_real_towns_too(here: Position) -> None:
    found = TOWNS.nearest(here)
    nearest_km = min(distance_km(here, town.position) for town in TOWNS)
    assert (found[1] if found is not None else None) == (nearest_km if nearest_km <= FARTHEST_KM else None)
