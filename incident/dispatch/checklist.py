"""What is to be done on the scene: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from incident.places.place import Words


class Item(StrEnum):
    """One thing to see to on the scene."""

    PEOPLE_SAFE = "people_safe"
    TRIANGLE = "triangle_and_hazard_lights"
    SECONDARY_ACCIDENT = "secondary_accident_prevention"
    AMBULANCE = "ambulance"
    POLICE = "police"
    PHOTOS = "photos"
    OTHER_PARTY = "other_party"
    TOWING = "towing"


class Check(StrEnum):
    """What became of it."""

    DONE = "done"
    NOT_NEEDED = "not_needed"


FIRST: Final = (Item.PEOPLE_SAFE, Item.TRIANGLE, Item.SECONDARY_ACCIDENT)
"""Before these are seen to, or there is a reason, a scene is not secured."""

NAMES: Final[Mapping[Item, Words]] = {
    Item.PEOPLE_SAFE: Words("人の安全", "people safe"),
    Item.TRIANGLE: Words("三角表示板とハザードランプ", "warning triangle and hazard lights"),
    Item.SECONDARY_ACCIDENT: Words("二次事故の防止", "secondary accident prevention"),
    Item.AMBULANCE: Words("救急車", "ambulance"),
    Item.POLICE: Words("警察への届け出", "report to the police"),
    Item.PHOTOS: Words("写真", "photos"),
    Item.OTHER_PARTY: Words("相手の方の確認", "other party"),
    Item.TOWING: Words("レッカー", "towing"),
}
STATES: Final[Mapping[Check, Words]] = {
    Check.DONE: Words("実施", "done"),
    Check.NOT_NEEDED: Words("不要", "not needed"),
}


def missing(seen_to: Iterable[Item]) -> tuple[Item, ...]:
    """Which of the first items nobody has seen to yet."""
    seen = set(seen_to)
    return tuple(item for item in FIRST if item not in seen)
