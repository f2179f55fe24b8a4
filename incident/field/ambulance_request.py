"""What an operator reads out to ask a fire headquarters for an ambulance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incident.dispatch.brief import SEVERITIES
from incident.places.describe import describe
from incident.places.place import FireHeadquarters, Words
from incident.places.words import coordinates
from incident.record.offers import SQL
from incident.wording import clock_time
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.incident import AmbulanceState, Trigger

_DESK: Final = Words(
    "この電話から119番にかけると、この受付がある市町村の消防につながります。"
    "現場を受け持つ消防本部の直通番号にかけてください。",
    "119 dialled here reaches the fire station of this desk's own town. Ring the direct number of the fire "
    "headquarters in charge of the place.",
)
_FUELS: Final = {
    "petrol": Words("ガソリン", "petrol"),
    "diesel": Words("軽油", "diesel"),
    "hybrid": Words("ハイブリッド(高電圧)", "hybrid, high voltage"),
    "electric": Words("電気自動車(高電圧)", "electric, high voltage"),
    "hydrogen": Words("水素(高電圧)", "hydrogen, high voltage"),
    "lpg": Words("LPガス", "LPG"),
}
_SIDES: Final = (
    Words("正面", "the front"),
    Words("右前", "the front right"),
    Words("右側面", "the right"),
    Words("右後ろ", "the rear right"),
    Words("後ろ", "the rear"),
    Words("左後ろ", "the rear left"),
    Words("左側面", "the left"),
    Words("左前", "the front left"),
)
_BY_BUTTON: Final = Words("車の緊急ボタンによる通報で", "By the button in the car")
_TOLD_BY: Final = {
    Trigger.LONG_PRESS: _BY_BUTTON,
    Trigger.SHORT_PRESS: _BY_BUTTON,
    Trigger.PHONE_CRASH: Words("スマートフォンの衝突検知による通報で", "By the crash detection of a phone"),
    Trigger.CALL: Words("当社への連絡による通報で", "Somebody contacted us"),
    Trigger.IMPACT: Words("車載装置による通報で", "By the device in the car"),
}


@dataclass(frozen=True, slots=True)
class AmbulanceRequest:
    """The text to read out, whom to ring, and what is known of the number."""

    state: AmbulanceState | None
    text: Words
    hint: Words
    fire: tuple[FireHeadquarters, ...]
    fire_words: Words
    callback_number: str


def read(conn: Connection, incident_id: UUID, callback_number: str) -> AmbulanceRequest | None:
    """The request for one incident; None if there is none of that id. `callback_number` is the desk's own."""
    row = conn.execute(SQL["ambulance_facts"], {"id": incident_id}).fetchone()
    if row is None:
        return None
    placed = row["lat_deg"] is not None
    position = Position(row["lat_deg"], row["lon_deg"]) if placed else None
    place = describe(conn, position, row["heading_deg"]) if position is not None else None
    nobody = Words("場所が分かりません。運転者に聞いてください。", "The place is not known: ask the driver.")
    return AmbulanceRequest(
        state=AmbulanceState(row["ambulance"]) if row["ambulance"] else None,
        text=text(row, position, place.words if place else None, callback_number),
        hint=_DESK if place is None else Words(_DESK.ja + place.hint.ja, f"{_DESK.en} {place.hint.en}"),
        fire=place.fire if place else (),
        fire_words=place.fire_words if place else nobody,
        callback_number=callback_number,
    )


def text(row: dict[str, Any], position: Position | None, place: Words | None, callback: str) -> Words:
    """What to say, line by line in the order a dispatcher asks: kind, place, what happened, people, dangers, number."""
    lines = [
        Words(
            "救急の要請です。交通事故の可能性があります。",
            "I am asking for an ambulance: a likely road accident.",
        ),
        _place(position, place),
        _impact(row),
        _people(row),
        _dangers(row),
        _car(row),
        Words(f"こちらの折り返し番号は {callback} です。", f"Our number for calling back is {callback}."),
    ]
    return Words("\n".join(line.ja for line in lines), "\n".join(line.en for line in lines))


def _place(position: Position | None, place: Words | None) -> Words:
    if position is None:
        return Words("場所は確認中です。", "The place is being established.")
    at = coordinates(position)
    if place is None:
        return Words(f"場所は、北緯・東経 {at} です。", f"The place: latitude, longitude {at}.")
    return Words(
        f"場所は、{place.ja}。北緯・東経 {at} です。", f"The place: {place.en}. Latitude, longitude {at}."
    )


def _impact(row: dict[str, Any]) -> Words:
    at: datetime = row["occurred_at"]
    ja, en = f"時刻は{clock_time(at)}ごろ。", f"At about {clock_time(at)}."
    if row["severity"] is None:
        told = _TOLD_BY[Trigger(row["trigger"])]
        return Words(f"{ja}{told.ja}、衝撃は不明です。", f"{en} {told.en}; impact not known.")
    severity = SEVERITIES[Severity(row["severity"])]
    if row["delta_v_kmh"] is None:
        return Words(f"{ja}{severity.ja}衝撃です。", f"{en} The impact was {severity.en}.")
    least = row["delta_v_is_lower_bound"]
    ja += f"{severity.ja}衝撃で、速度変化は{'少なくとも' if least else '約'}{row['delta_v_kmh']:.0f}キロ毎時"
    en += f" The impact was {severity.en}: {'at least' if least else 'about'} {row['delta_v_kmh']:.0f} km/h lost"
    if row["pdof_deg"] is not None:
        side = _SIDES[round(float(row["pdof_deg"]) / 45) % 8]
        ja, en = f"{ja}、{side.ja}から", f"{en}, from {side.en}"
    if row["rollover"]:
        ja, en = f"{ja}、横転した可能性", f"{en}; the car may have rolled over"
    return Words(f"{ja}。", f"{en}.")


def _people(row: dict[str, Any]) -> Words:
    if row["answer"] == "ambulance":
        return Words(
            "運転者または通報した人から救急車の要請がありました。人数は確認できていません。",
            "The driver or whoever told us asked for an ambulance. How many people there are is not known.",
        )
    if row["answer"] is None and not row["heard"]:
        return Words(
            "車内の人と連絡が取れていません。人数とけがの程度は不明です。",
            "The people in the car cannot be reached. How many there are, and how they are hurt, is not known.",
        )
    return Words("けが人の数と程度は確認中です。", "How many are hurt, and how, is being established.")


def _dangers(row: dict[str, Any]) -> Words:
    fuel = _FUELS.get(row["fuel"] or "")
    if fuel is None:
        return Words(
            "火災と燃料漏れ、燃料の種類は不明です。", "Fire, leaking fuel, and what it runs on are not known."
        )
    return Words(
        f"火災と燃料漏れは不明です。燃料は{fuel.ja}です。",
        f"Fire and leaks are not known. It runs on: {fuel.en}.",
    )


def _car(row: dict[str, Any]) -> Words:
    car = " ".join(part for part in (row["colour"], row["model"], row["plate"]) if part)
    if not car:
        return Words("車種は不明です。", "The car is not known.")
    return Words(f"車は {car} です。", f"The car: {car}.")
