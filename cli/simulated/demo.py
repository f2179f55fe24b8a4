"""The cast of `cbutton up --demo`: cars on three roads, and what will happen to them."""

from __future__ import annotations

from typing import Any, Final

from cli.simulated.world import UNITS, Motorist, Staff, World

_EVERY_S: Final = 900.0
_REPEATS: Final = 8


def _again(action: dict[str, Any], *, at_s: float) -> tuple[dict[str, Any], ...]:
    """The same every quarter of an hour for two hours; a car that was struck drives on in between."""
    struck = action["do"] in {"crash", "roll_over"}
    script: list[dict[str, Any]] = []
    for turn in range(_REPEATS):
        begins_s = at_s + turn * _EVERY_S
        script.append({"at_s": begins_s, **action})
        if struck:
            script.append({"at_s": begins_s + _EVERY_S / 2, "do": "drive"})
    return tuple(script)


SPARE: Final = "CB-SPARE-01"
"""A device without a car of the simulation, for publishing by hand."""

WORLD: Final = World(
    motorists=(
        Motorist(
            device_id="CB-HAKONE-01",
            name="山田 花子",
            car=("相模 300 あ 12-34", "カローラ", "白"),
            route="hakone-old-tokaido",
            phone="+819010000001",
            contact="+819020000001",
            script=(
                {
                    "at_s": 8,
                    "do": "crash",
                    "delta_v_kmh": 48,
                    "pdof_deg": 330,
                    "shape": "barrier",
                    "duration_ms": 120,
                },
            ),
        ),
        Motorist(
            device_id="CB-MATSUMOTO-01",
            name="佐藤 健",
            car=("松本 500 さ 56-78", "フィット", "青"),
            route="matsumoto-town",
            phone="+819010000002",
            contact="+819020000002",
            answers="asks_help",
            script=({"at_s": 40, "do": "pothole"}, {"at_s": 100, "do": "press", "kind": "short"}),
        ),
        Motorist(
            device_id="CB-TOMEI-01",
            name="Emma Clark",
            car=("沼津 330 た 90-12", "Forester", "green"),
            route="tomei-gotemba-numazu",
            phone="+819010000003",
            contact="+819020000003",
            language="en",
            answers="answers_fine",
            script=(
                {
                    "at_s": 180,
                    "do": "crash",
                    "delta_v_kmh": 19,
                    "pdof_deg": 180,
                    "shape": "haversine",
                    "duration_ms": 110,
                },
            ),
        ),
        Motorist(
            device_id="CB-MATSUMOTO-02",
            name="鈴木 一郎",
            car=("松本 580 ひ 3-45", "N-BOX", "黒"),
            route="matsumoto-town",
            phone="+819010000004",
            contact="+819020000004",
            script=({"at_s": 70, "do": "drop"},),
        ),
        Motorist(
            device_id="CB-HAKONE-02",
            name="高橋 美咲",
            car=("湘南 301 ね 67-89", "プリウス", "銀"),
            route="hakone-old-tokaido",
            phone="+819010000005",
            contact="+819020000005",
        ),
        Motorist(
            device_id="CB-TOMEI-02",
            name="伊藤 誠",
            car=("横浜 302 は 23-45", "アルファード", "黒"),
            route="tomei-gotemba-numazu",
            phone="+819010000007",
            contact="+819020000007",
            answers="asks_help",
            script=_again(
                {"do": "crash", "delta_v_kmh": 31, "pdof_deg": 20, "shape": "barrier", "duration_ms": 100},
                at_s=55,
            ),
        ),
        Motorist(
            device_id="CB-MATSUMOTO-03",
            name="小林 和子",
            car=("松本 501 せ 67-89", "ミラ", "桃"),
            route="matsumoto-town",
            phone="+819010000008",
            contact="+819020000008",
            holder={"reach": "text", "reach_consent_at": "2026-01-05T00:00:00Z"},
            script=_again(
                {"do": "crash", "delta_v_kmh": 12, "pdof_deg": 90, "shape": "haversine", "duration_ms": 110},
                at_s=140,
            ),
        ),
        Motorist(
            device_id="CB-HAKONE-03",
            name="中村 大輔",
            car=("湘南 300 や 34-56", "ジムニー", "緑"),
            route="hakone-old-tokaido",
            phone="+819010000009",
            contact="+819020000009",
            script=_again({"do": "roll_over", "delta_v_kmh": 28}, at_s=260),
        ),
        Motorist(
            device_id="CB-MATSUMOTO-04",
            name="加藤 由美",
            car=("松本 502 た 12-34", "ワゴンR", "白"),
            route="matsumoto-town",
            phone="+819010000010",
            contact="+819020000010",
            answers="answers_fine",
            script=_again({"do": "press", "kind": "long"}, at_s=340),
        ),
        Motorist(
            device_id=SPARE,
            name="田中 次郎",
            car=("横浜 330 ま 11-22", "アクア", "赤"),
            route="",
            phone="+819010000006",
            contact="+819020000006",
        ),
    ),
    units=UNITS,
    staff=(
        Staff("sato", "operator"),
        Staff("mori", "operator"),
        Staff("kato", "supervisor"),
        Staff("admin", "admin"),
    ),
)
