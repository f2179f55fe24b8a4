"""The directory of fire headquarters: whom an operator rings for an ambulance at another place.

119 from the desk reaches the desk's own fire station, so each municipality's headquarters is
needed by its direct number. The directory is imported, dated, and replaced as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from incident.places import imports
from incident.places.place import Area, FireHeadquarters, Words
from incident.places.prefectures import city_of, five_digits
from incident.places.table import Row, read_table
from incident.places.words import coordinates, full_name
from runtime.database import Connection
from runtime.sql import Queries
from schemas.impact import Position

SQL = Queries("incident.places")
COLUMNS: Final = ("municipality_codes", "name_ja", "name_en", "number", "source", "as_of")
OLD_AFTER_DAYS: Final = 400
_NUMBER: Final = re.compile(r"\+81[1-9][0-9]{8,9}|0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}|0[0-9]{9,10}")


@dataclass(frozen=True, slots=True)
class FireEntry:
    """One line of the directory: a headquarters and the municipalities it is in charge of."""

    codes: tuple[str, ...]
    name: Words
    number: str
    source: str
    as_of: date


def read_directory(text: str, today: date) -> list[FireEntry]:
    """The entries of a CSV text. Raises table.DirectoryError with every fault in it."""
    seen: dict[str, int] = {}

    def entry(row: Row) -> FireEntry:
        codes: list[str] = []
        for written in row.text("municipality_codes").split():
            code = five_digits(written)
            if code is None:
                row.fault(
                    "municipality_codes",
                    "JIS codes of five digits, or six with the right check digit, separated by spaces",
                )
            elif code in seen:
                row.fault("municipality_codes", f"codes that no other line has; line {seen[code]} has {code}")
            else:
                seen[code] = row.line
                codes.append(code)
        number = row.text("number")
        if number and not (_NUMBER.fullmatch(number) and 10 <= len(_national(number)) <= 11):
            row.fault("number", "a direct number as 0460-00-0000 or +81460000000, in plain digits")
        return FireEntry(
            tuple(codes),
            Words(row.text("name_ja"), row.text("name_en")),
            number,
            row.text("source"),
            row.day("as_of", latest=today),
        )

    return read_table(text, COLUMNS, entry)


def replace_directory(conn: Connection, entries: Sequence[FireEntry]) -> int:
    """Put this directory in place of the one there is; for how many municipalities it is.

    Within the caller's transaction: until its commit everybody reads the old one.
    """
    rows = [(code, entry) for entry in entries for code in entry.codes]
    imports.begin(conn, "fire")
    conn.execute(SQL["clear_fire"])
    with conn.cursor().copy(SQL["copy_fire"]) as copy:
        for code, entry in rows:
            copy.write_row((code, entry.name.ja, entry.name.en, entry.number, entry.source, entry.as_of))
    imports.end(conn, "fire", len(rows))
    return len(rows)


def headquarters_of(conn: Connection, area: Area | None) -> tuple[FireHeadquarters, ...]:
    """Whom to ring: first the municipality's own, then those across a border that is near. Empty for nobody."""
    if area is None:
        return ()
    wanted: list[str] = []
    for municipality in (area.municipality, *area.nearby):
        wanted += [municipality.code, city_of(municipality.code)]
    rows = {
        row["municipality_code"]: row for row in conn.execute(SQL["fire_of"], {"codes": wanted}).fetchall()
    }
    found = [
        FireHeadquarters(
            Words(row["name_ja"], row["name_en"]), row["number"], row["source"], row["as_of"], row["age_days"]
        )
        for code in wanted
        if (row := rows.get(code)) is not None
    ]
    return tuple(dict.fromkeys(found))


def fire_words(position: Position, area: Area | None, found: Sequence[FireHeadquarters]) -> Words:
    """What the operator does to get an ambulance there."""
    if not found:
        return _without_number(position, area)
    ja = "、境の向こうなら".join(_number_ja(one) for one in found)
    en = "; across the border: ".join(_number_en(one) for one in found)
    return Words(
        f"救急の要請は{ja}へ。こちらから119番にかけると、こちらの地域の消防につながります。",
        f"For an ambulance ring {en}. Dialling 119 from here reaches the fire station here, not there.",
    )


def _without_number(position: Position, area: Area | None) -> Words:
    ja, en = f"座標{coordinates(position)}", f"coordinates {coordinates(position)}"
    if area is not None:
        name = full_name(area.municipality)
        ja, en = f"{name.ja}、{ja}", f"{name.en}, {en}"
    return Words(
        f"管轄の消防本部の番号は名簿にありません。119番にかけ、最初に「{ja}の事故です。"
        "管轄の消防本部へ転送してください」と伝えてください。",
        f"The directory has no number for this place. Dial 119 and say first: an accident at {en}; "
        "please transfer me to the fire headquarters in charge there.",
    )


def _number_ja(one: FireHeadquarters) -> str:
    old = (
        "、1年以上前の番号のため、つながらないときは119番で転送を頼む"
        if one.age_days > OLD_AFTER_DAYS
        else ""
    )
    return f"{one.name.ja} {one.number}（{one.as_of}時点{old}）"


def _number_en(one: FireHeadquarters) -> str:
    old = (
        ", over a year old: if it fails, dial 119 and ask to be transferred"
        if one.age_days > OLD_AFTER_DAYS
        else ""
    )
    return f"{one.name.en} {one.number} (as of {one.as_of}{old})"


def _national(number: str) -> str:
    """The digits as dialled within Japan."""
    return number.replace("+81", "0", 1).replace("-", "")
