"""How a place is said in Japanese and English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from incident.places.place import Area, Municipality, RoadCandidate, Words
from incident.places.prefectures import prefecture
from incident.places.sphere import bearing_deg
from incident.places.towns import Town
from schemas.impact import Position
from schemas.incident import RoadKind

FAR_FROM_TOWN_KM: Final = 3.0
_COMPASS: Final = (
    Words("北", "north"),
    Words("北東", "north-east"),
    Words("東", "east"),
    Words("南東", "south-east"),
    Words("南", "south"),
    Words("南西", "south-west"),
    Words("西", "west"),
    Words("北西", "north-west"),
)


def coordinates(position: Position) -> str:
    """To five decimals, about a metre: 35.23240, 139.10690."""
    return f"{position.lat_deg:.5f}, {position.lon_deg:.5f}"


def compass(heading_deg: float) -> Words:
    """One of eight directions."""
    return _COMPASS[round(heading_deg / 45) % 8]


def full_name(municipality: Municipality) -> Words:
    """With its prefecture: 神奈川県箱根町, Hakone, Kanagawa."""
    within, name = prefecture(municipality.code), municipality.name
    if within is None:
        return name
    ja = name.ja if name.ja.startswith(within.ja) else within.ja + name.ja
    return Words(ja, f"{name.en}, {within.en}")


def area_words(position: Position, area: Area | None, town: tuple[Town, float] | None) -> Words:
    """The place by municipality, and by distance and direction where the nearest town is some way off."""
    far = None if town is None or town[1] <= FAR_FROM_TOWN_KM else _away(position, *town, area)
    if area is not None:
        name = full_name(area.municipality)
        if far is None:
            return Words(f"{name.ja}付近", f"near {name.en}")
        return Words(f"{name.ja}、{far.ja}", f"in {name.en}, {far.en}")
    if town is not None:
        name = full_name(Municipality(town[0].code, town[0].name))
        way = _way(position, *town)
        return Words(f"{name.ja}の{way.ja}（海上か海岸）", f"{way.en} of {name.en} (at sea or by the shore)")
    return Words(
        f"国内の町から離れた場所（海上か国外）、座標 {coordinates(position)}",
        f"far from any town in Japan (at sea or abroad), coordinates {coordinates(position)}",
    )


def road_words(roads: Sequence[RoadCandidate]) -> Words | None:
    """Road, direction and kilometre post; where several are possible, both are said."""
    if not roads:
        return None
    said = [_one_road(road) for road in roads[:2]]
    return Words("、または".join(words.ja for words in said), ", or ".join(words.en for words in said))


def place_words(area: Words, roads: Words | None) -> Words:
    """Road first: that is what a patrol asks for."""
    if roads is None:
        return area
    return Words(f"{roads.ja}、{area.ja}", f"{roads.en}; {area.en}")


def hint_words(
    position: Position, area: Area | None, roads: Sequence[RoadCandidate], *, off_address: bool
) -> Words:
    """What an operator should know and ask: what is a guess, and what a driver can read off the roadside."""
    ja, en = [f"座標 {coordinates(position)}。"], [f"Coordinates {coordinates(position)}."]
    if area is not None and area.is_guess:
        ja.append("市区町村は推定です。")
        en.append("The municipality is a guess.")
    if area is not None and area.nearby:
        names = [full_name(other) for other in area.nearby]
        ja.append(f"{'、'.join(name.ja for name in names)}との境の近くです。")
        en.append(f"The border with {' and with '.join(name.en for name in names)} is near.")
    if len(roads) > 1:
        ja.append("道路か方向がいくつか考えられます。どの道路のどちら向きか、運転者に確かめてください。")
        en.append("More than one road or direction is possible: ask the driver which, and which way.")
    if any(road.kind is not RoadKind.GENERAL for road in roads):
        ja.append("車の外に出て安全な場所にいる場合だけ、近くの距離標(キロポスト)の数字を聞いてください。")
        en.append(
            "Only if they are out of the car and safe, ask for the number on the nearest kilometre post."
        )
    elif off_address:
        ja.append("住所のない場所と思われます。電柱番号、交差点名、近くの看板を読んでもらってください。")
        en.append(
            "There may be no address here: have the driver read a number on a pole, the name of a crossing "
            "or a sign nearby."
        )
    return Words("".join(ja), " ".join(en))


def _one_road(road: RoadCandidate) -> Words:
    ja, en = road.road.ja, road.road.en
    if road.direction is not None:
        ja, en = f"{ja}{road.direction.ja}", f"{en} {road.direction.en}"
    ja, en = f"{ja} {road.km:.1f}キロポスト付近", f"{en}, near kilometre post {road.km:.1f}"
    if road.tunnel:
        ja, en = f"{ja}（トンネル）", f"{en} (tunnel)"
    return Words(ja, en)


def _away(position: Position, town: Town, away_km: float, area: Area | None) -> Words:
    way = _way(position, town, away_km)
    if town.is_centre and area is not None and town.code == area.municipality.code:
        return Words(f"中心部の{way.ja}", f"{way.en} of its centre")
    return Words(f"{town.name.ja}の{way.ja}", f"{way.en} of {town.name.en}")


def _way(position: Position, town: Town, away_km: float) -> Words:
    to = compass(bearing_deg(town.position, position))
    return Words(f"{to.ja}約{away_km:.0f}キロ", f"about {away_km:.0f} km {to.en}")
