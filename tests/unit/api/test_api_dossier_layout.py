"""What stands in a dossier, before it is set: words, marks, maps, and the digest."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from api.dossier.blocks import Facts, Figures, Prose, Sheet, Table
from api.dossier.document import Dossier, Generated, Record
from api.dossier.glyphs import printable
from api.dossier.layout import lay_out
from api.dossier.map import HEIGHT, WIDTH, Fix, region, track
from api.dossier.outline import prefectures
from api.dossier.render import NotRendered, render
from api.views.admin import HOLDER, VEHICLE
from api.views.impact import ImpactDetail
from schemas.incident import Language

AT = datetime(2026, 10, 1, 3, 0, 0, tzinfo=UTC)
ID = UUID(int=5)
IMPACT: dict[str, Any] = ImpactDetail.model_config["json_schema_extra"]["examples"][0]  # pyright: ignore


def after(seconds: float) -> str:
    return (AT + timedelta(seconds=seconds)).isoformat()


def frames() -> list[dict[str, Any]]:
    """Ten seconds at rest, as base64 of zeros."""
    counts = "A" * (100 * 6 * 4 // 3)
    return [
        {
            "uptime_ms": 1_405_000 + 1000 * number,
            "rate_hz": 100.0,
            "samples": 100,
            "scale_mps2": 0.005,
            "full_scale_g": 16.0,
            "lowpass_hz": 42.0,
            "counts_base64": counts,
        }
        for number in range(10)
    ]


def call(**changes: Any) -> dict[str, Any]:
    return {
        "id": UUID(int=1),
        "party": "driver",
        "attempt": 1,
        "direction": "outbound",
        "operator": None,
        "number": "+819012345678",
        "language": "ja",
        "state": "ended",
        "end_status": "no-answer",
        "pressed": None,
        "spoken": None,
        "machine": None,
        "possible_duplicate": False,
        "created_at": after(0.5),
        "sent_at": after(1),
        "ringing_at": after(3),
        "answered_at": None,
        "ended_at": after(17),
    } | changes


def record(**changes: Any) -> Record:
    parts: dict[str, Any] = {
        "incident": {
            "id": ID,
            "trigger": "impact",
            "severity": "severe",
            "phase": "closed",
            "answer": None,
            "outcome": "accident",
            "taken_by": "sato",
            "occurred_at": after(0),
            "opened_at": after(0.4),
            "closed_at": after(3600),
            "flags": ["late"],
            "rule": "severe",
        },
        "place": {
            "lat_deg": 35.2324,
            "lon_deg": 139.1069,
            "at": after(0),
            "words": {"ja": "神奈川県箱根町付近", "en": "near Hakone, Kanagawa"},
            "road": "general",
            "fire": [
                {
                    "name": {"ja": "箱根町消防本部", "en": "Hakone Fire"},
                    "number": "0460-00-0000",
                    "as_of": "2026-04-01",
                }
            ],
        },
        "contract": {
            "policy_id": "P-0001",
            "valid_from": "2026-04-01",
            "valid_to": "2027-03-31",
            "holder": HOLDER,
            "vehicle": VEHICLE,
        },
        "device": {"id": "car-0001", "firmware": "1.4.2"},
        "impacts": [
            {
                **IMPACT,
                "uptime_ms": 1_410_010,
                "motion": frames(),
                "fixes": [],
                "delta_v_is_lower_bound": True,
            }
        ],
        "presses": [],
        "events": [
            {"at": after(0.4), "actor": "device", "kind": "opened", "data": {"trigger": "impact"}},
            {"at": after(100), "actor": "robot:r2", "kind": "drone_sent", "data": {"drone": "d-1"}},
        ],
        "calls": [call()],
        "messages": [],
        "chat": [
            {"id": UUID(int=2), "party": "driver", "operator": None, "at": after(9), "text": "足が痛い"}
        ],
        "dispatches": [],
        "notes": [],
        "plan": {"version": 3, "sha256": "ab" * 32, "activated_at": after(-1000)},
        "left_out": {},
    }
    return Record.model_validate(parts | changes)


def dossier(kept: Record | None = None, *, masked: bool = False) -> Dossier:
    made = Generated(at=AT, by="operator:sato", reason="police inquiry", software="0.1.0")
    return Dossier.of(kept or record(), made, [], masked=masked)


def sheet(kept: Record | None = None, language: Language = Language.EN) -> Sheet:
    return lay_out(dossier(kept), "Example Insurance", prefectures(), language)


def words(laid: Sheet) -> str:
    """All texts of a sheet, a line each."""
    lines = [laid.title, laid.subtitle, laid.headline, *laid.foot]
    for block in [laid.facts, *(block for section in laid.sections for block in section.blocks)]:
        match block:
            case Facts(rows):
                lines += [" = ".join(row) for row in rows]
            case Table(headings, _, rows):
                lines += [" | ".join(row) for row in (headings, *rows)]
            case Prose(text):
                lines.append(text)
            case Figures(figures):
                lines += [caption for _, caption in figures]
    return "\n".join(lines)


def test_what_was_measured_is_told_with_its_marks() -> None:
    said = words(sheet())
    assert "at least 31.5 km/h (expected within 29.9 to 33.1 km/h)" in said
    assert "11 o'clock (330 degrees clockwise from the front)" in said
    assert "2026-10-01 12:00:00" in said  # Japan
    assert "near Hakone, Kanagawa, 35.232400, 139.106900" in said
    assert "serious injury or worse (MAIS 3+) | 2 %–11 % | NHTSA 2022 all 2 %" in said
    assert "Hakone Fire 0460-00-0000 (as of 2026-04-01)" in said
    assert "1 placed, 0 answered" in said
    assert "police inquiry" in said
    assert "firmware" in said.lower()
    assert "31.5 km/h 以上 (推定範囲 29.9〜33.1 km/h)" in words(sheet(language=Language.JA))


def test_a_call_tells_how_long_it_rang_and_what_came_of_it() -> None:
    calls = [
        call(possible_duplicate=True),
        call(attempt=2, answered_at=after(10), ended_at=after(31), pressed="3", end_status="completed"),
        call(attempt=3, sent_at=None, ringing_at=None, end_status="withdrawn"),
        call(party="operator", operator="mori", ringing_at=None),
        call(party="robot", direction="inbound", machine=True, spoken="助けて"),
    ]
    said = words(sheet(record(calls=calls)))
    assert (
        "the driver (1) | +819012345678 | 12:00:01 | 14 s | – | – | no answer, may have been placed twice"
        in said
    )
    assert "the driver (2) | +819012345678 | 12:00:01 | 7 s | 21 s | 3 | completed" in said
    assert "the driver (3) | +819012345678 | not placed | – | – | – | withdrawn before it was placed" in said
    assert "an operator mori (1) | +819012345678 | 12:00:01 | not known | – | – | no answer" in said
    assert "robot (1)" in said
    assert "may have been voicemail, understood: '助けて'" in said


def test_messages_and_conversations_are_told_with_what_came_of_them() -> None:
    mail = {
        "id": UUID(int=3),
        "channel": "mail",
        "party": "driver",
        "template": "after",
        "language": "ja",
        "number": None,
        "email": "taro@example.jp",
        "subject": "ご報告",
        "body": "本文",
        "state": "failed",
        "code": "550",
        "created_at": after(5),
        "sent_at": after(6),
        "delivered_at": None,
    }
    kept = record(messages=[mail])
    said = words(sheet(kept))
    assert "e-mail | taro@example.jp | 12:00:05 | 12:00:06 | failed, 550 | ご報告\n本文" in said
    assert "12:00:09 | the driver | the driver | 足が痛い" in said
    assert "taro@example.jp" not in words(sheet(kept.masked()))


def test_a_line_of_an_unknown_kind_is_shown_by_its_name() -> None:
    assert "12:01:40 | +100.0 | robot r2 | drone_sent drone=d-1" in words(sheet())


def test_what_is_missing_is_said() -> None:
    bare = record(place=None, contract=None, impacts=[], calls=[], device=None)
    for language, lines in (
        (Language.EN, ("No place is on record.", "No policy was found.", "No calls are on record.")),
        (
            Language.JA,
            ("場所は記録されていません。", "契約は見つかっていません。", "電話の記録はありません。"),
        ),
    ):
        assert all(line in words(sheet(bare, language)) for line in lines)
    kept = record()
    kept.impacts[0].motion = []
    assert "No motion is kept." in words(sheet(kept))
    assert "Left out, there being very many: events 7" in words(sheet(record(left_out={"events": 7})))


def test_the_digest_is_the_records_and_nobody_elses() -> None:
    one = dossier()
    other = Dossier.of(
        record(),
        Generated(at=AT + timedelta(1), by="admin:admin", reason="x", software="2"),
        [],
        masked=False,
    )
    assert one.digest == other.digest
    changed = record()
    changed.events[0].data["severity"] = "light"
    assert dossier(changed).digest != one.digest
    # What is not a number must not make it depend on who writes it down.
    changed.impacts[0].peak_g = float("nan")
    reread = Record.model_validate_json(json.dumps(json.loads(changed.model_dump_json()) | {"impacts": []}))
    assert reread.digest() != changed.digest()


def test_a_masked_record_keeps_the_last_four_digits_and_leaves_the_original_alone() -> None:
    kept = record(calls=[call(), call(attempt=2, number=None), call(attempt=3, number="110")])
    masked = kept.masked()
    assert [each.number for each in masked.calls] == ["*********5678", None, "110"]
    assert masked.contract is not None
    assert masked.contract.holder.birth_year is None
    assert masked.contract.holder.emergency_contacts[0].number == "*********4321"
    assert kept.calls[0].number == "+819012345678"


def test_the_motion_is_drawn_for_paper() -> None:
    figures = [block for part in sheet().sections for block in part.blocks if isinstance(block, Figures)]
    svgs = [svg for each in figures for svg, _ in each.figures]
    assert len(svgs) == 3  # two maps, one impact
    assert "rotate(330)" in svgs[2]
    assert all("var(--" not in svg and "@media" not in svg for svg in svgs)


def test_the_map_has_its_place_in_the_middle_and_north_on_top() -> None:
    drawn = region(35.2324, 139.1069, prefectures(), Language.JA)
    assert f'cx="{WIDTH / 2:.1f}" cy="{HEIGHT / 2:.1f}"' in drawn
    named = {name: float(y) for y, name in re.findall(r'class="name" x="\d+" y="(\d+)"[^>]*>([^<]+)<', drawn)}
    assert named["東京"] < named["神奈川"] < HEIGHT / 2 + 60
    assert "50 km" in drawn
    assert "Kanagawa" in region(35.2324, 139.1069, prefectures(), Language.EN)


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(0.0, 0.0), (89.9, 179.9), (24.3, 123.8), (-35.0, -120.0)])
def test_a_place_far_from_the_outline_is_still_drawn(lat_deg: float, lon_deg: float) -> None:
    assert "<circle" in region(lat_deg, lon_deg, prefectures(), Language.JA)
    assert "nan" not in track(lat_deg, lon_deg, [], Language.JA)


def test_the_track_is_drawn_to_scale_and_says_when_and_how_fast() -> None:
    fixes = [Fix(-60.0 + n, 35.2 + n * 1e-4, 139.1, 40.0 if n % 2 else None) for n in range(62)]
    drawn = track(35.206, 139.1, fixes, Language.EN)
    ys = np.array([float(y) for y in re.findall(r'class="fix" cx="[\d.]+" cy="([\d.]+)"', drawn)])
    assert (np.diff(ys) < 0).all()  # it drove north
    length_m = 61 * 1e-4 * 111_195
    px_per_m = (ys[0] - ys[-1]) / length_m
    (bar_px,) = re.findall(r'class="bar" d="M12 \d+v5h([\d.]+)v-5"', drawn)
    assert float(bar_px) / px_per_m == pytest.approx(200.0, rel=0.01)
    assert ">200 m<" in drawn
    assert "-60 s" in drawn
    assert "40 km/h" in drawn


def test_all_prefectures_are_where_they_belong() -> None:
    found = {each.en: each.ring_deg.mean(axis=0) for each in prefectures()}
    assert len(found) == 47
    assert found["Hokkaido"][1] > 42
    assert found["Okinawa"][1] < 27
    assert found["Nagasaki"][0] < 131 < found["Tokyo"][0] < 140.5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("髙橋 一郎 é ΔV", "髙橋 一郎 é ΔV"),
        ("a\tb\nc", "a b\nc"),
        ("😀", "〔U+1F600〕"),
        ("\u202eevil", "〔U+202E〕evil"),
        ("\x00\u200d", "〔U+0000〕〔U+200D〕"),
        ("か\u3099", "が"),
    ],
)
def test_what_cannot_be_printed_is_shown_by_its_code(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_runs_too_wide_for_a_column_get_places_to_break() -> None:
    for text in ("x" * 100, "W" * 12):
        pieces = printable(text).split("\u200b")
        assert "".join(pieces) == text
        assert max(map(len, pieces)) <= 6
    for whole in ("あ" * 100, "guard-hakone-hybrid-5", "headquarters", "+819012345678", "ab" * 32):
        assert printable(whole) == whole


def test_a_document_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(NotRendered, match="longer than"):
        render(sheet(), b"{}", limit_s=0.01)
