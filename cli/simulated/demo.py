"""The cast of `cbutton up --demo`: cars on three roads, and what will happen to them."""

from __future__ import annotations

from typing import Final

from cli.simulated.world import UNITS, Motorist, Staff, World

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
