"""What whoever is asked to come is told, as facts and in words: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incident.places.place import Words
from incident.places.words import compass, coordinates
from incident.wording import clock_time
from schemas.impact import Position, Severity
from schemas.incident import DispatchKind, DispatchState, Language, RoadKind


@dataclass(frozen=True, slots=True)
class Car:
    """How to know the car, and what it runs on where that was told."""

    plate: str
    model: str
    colour: str
    fuel: str | None


@dataclass(frozen=True, slots=True)
class Brief:
    """One dispatch as whoever was asked may see it; `state` is OFFERED while they may answer."""

    dispatch_id: UUID
    offer_id: UUID
    kind: DispatchKind
    state: DispatchState
    offer: str
    offered_at: datetime
    expires_at: datetime
    arrival_s: float | None
    eta_at: datetime | None
    reminder: str | None
    reminder_at: datetime | None
    incident_id: UUID
    severity: Severity | None
    occurred_at: datetime
    position: Position | None
    road: RoadKind
    place: Words | None
    heading_deg: float | None
    car: Car | None


NEEDS: Final[Mapping[DispatchKind, Words]] = {
    DispatchKind.GUARD: Words("現場の安全確保", "secure the scene"),
    DispatchKind.ROADSIDE: Words("ロードサービス(内容は未確認)", "roadside help, not known yet for what"),
    DispatchKind.TOW: Words("レッカー", "tow the car"),
    DispatchKind.BATTERY: Words("バッテリー上がり", "flat battery"),
    DispatchKind.TYRE: Words("タイヤのトラブル", "tyre trouble"),
    DispatchKind.KEY: Words("鍵のトラブル", "key trouble"),
    DispatchKind.FUEL: Words("燃料切れ", "out of fuel"),
}
SEVERITIES: Final[Mapping[Severity, Words]] = {
    Severity.LIGHT: Words("軽い", "light"),
    Severity.MODERATE: Words("中程度の", "moderate"),
    Severity.SEVERE: Words("強い", "severe"),
    Severity.VERY_SEVERE: Words("非常に強い", "very severe"),
}
"""As they stand before "impact"."""
_HIGH_VOLTAGE: Final = Words(
    "高電圧の車です。オレンジ色の配線に触れず、煙や異音があれば離れてください。",
    "High voltage: do not touch orange cables, and keep away if there is smoke or an odd noise.",
)
DANGERS: Final[Mapping[str | None, Words]] = {
    None: Words(
        "燃料の種類は不明です。電気自動車かもしれません。",
        "What the car runs on is not known: it may be electric.",
    ),
    "petrol": Words(
        "ガソリン車です。漏れていれば火気厳禁です。", "Petrol: no flames or flares if any has leaked."
    ),
    "diesel": Words("ディーゼル車です。路面への油漏れに注意。", "Diesel: mind oil on the road."),
    "hybrid": Words(f"ハイブリッド車。{_HIGH_VOLTAGE.ja}", f"Hybrid. {_HIGH_VOLTAGE.en}"),
    "electric": Words(f"電気自動車。{_HIGH_VOLTAGE.ja}", f"Electric car. {_HIGH_VOLTAGE.en}"),
    "hydrogen": Words(
        f"水素の車です。シューという音がすれば風上へ離れてください。{_HIGH_VOLTAGE.ja}",
        f"Hydrogen: if it hisses, move away upwind. {_HIGH_VOLTAGE.en}",
    ),
    "lpg": Words(
        "LPガス車です。ガス臭があれば火気厳禁で離れてください。",
        "LPG: if you smell gas, no flames, and keep away.",
    ),
}
CARRIES_NOBODY: Final = Words(
    "警備員は、けが人も同乗の方も車に乗せて運びません。", "Guards carry nobody in their car, hurt or not."
)
_ROADS: Final[Mapping[RoadKind, Words]] = {
    RoadKind.GENERAL: Words("一般道", "ordinary road"),
    RoadKind.EXPRESSWAY: Words(
        "高速道路。車外ではガードレールの外側に。発炎筒はトンネル内と燃料漏れのときは使わないこと",
        "expressway: on foot stay behind the barrier; no flare in a tunnel or near leaked fuel",
    ),
    RoadKind.UNKNOWN: Words("道路の種類は不明", "kind of road not known"),
}


def dangers(brief: Brief) -> Words:
    """What to beware of in the car itself."""
    return DANGERS[brief.car.fuel if brief.car is not None else None]


def approach(heading_deg: float | None) -> Words | None:
    """From which side to come: in Japan cars drive on the left, so its own carriageway is the one it faced along."""
    if heading_deg is None:
        return None
    to, back = compass(heading_deg), compass(heading_deg + 180)
    return Words(
        f"車は直前まで{to.ja}へ走っていました。左側通行のため、{to.ja}行きの車線側です。"
        f"{back.ja}側から同じ向きに入り、車の後方に付けてください。",
        f"The car was driving {to.en}, so it is on the left, in the lanes that go {to.en}. "
        f"Come from the {back.en}, in the same direction, and stop behind it.",
    )


def words(brief: Brief, language: Language) -> str:
    """The whole offer as a text, line by line."""
    ja = language is Language.JA
    need, road, danger = NEEDS[brief.kind], _ROADS[brief.road], dangers(brief)
    impact = SEVERITIES[brief.severity] if brief.severity is not None else None
    side = approach(brief.heading_deg)
    lines: list[Words | None] = [
        Words(f"依頼: {need.ja}", f"Wanted: {need.en}"),
        _where(brief),
        Words(
            f"発生: {clock_time(brief.occurred_at)}ごろ" + (f"、{impact.ja}衝撃" if impact else ""),
            f"Since: about {clock_time(brief.occurred_at)}" + (f", a {impact.en} impact" if impact else ""),
        ),
        _which(brief),
        Words(f"道路: {road.ja}", f"Road: {road.en}"),
        Words(f"進入: {side.ja}", f"Approach: {side.en}") if side else None,
        Words(f"危険: {danger.ja}", f"Dangers: {danger.en}"),
        CARRIES_NOBODY if brief.kind is DispatchKind.GUARD else None,
    ]
    return "\n".join((line.ja if ja else line.en) for line in lines if line is not None)


def _where(brief: Brief) -> Words:
    if brief.position is None:
        return Words("場所: 不明", "Place: not known")
    at = coordinates(brief.position)
    if brief.place is None:
        return Words(f"場所: 座標 {at}", f"Place: coordinates {at}")
    return Words(f"場所: {brief.place.ja}(座標 {at})", f"Place: {brief.place.en} (coordinates {at})")


def _which(brief: Brief) -> Words | None:
    if brief.car is None:
        return None
    car = " ".join(part for part in (brief.car.colour, brief.car.model, brief.car.plate) if part)
    return Words(f"車: {car}", f"Car: {car}")
