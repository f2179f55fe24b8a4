"""A shift with something on every page of whoever runs it: incidents of many days, units, devices, plans, logs."""

from __future__ import annotations

from importlib import resources
from typing import Any

from support.backend import ADMIN, POLICY, Backend

from incident.plan.store import activate
from runtime.database import connect
from schemas.impact import Severity
from schemas.incident import Trigger

_PLACES = (
    ("神奈川県箱根町湯本", "Yumoto, Hakone, Kanagawa"),
    ("東京都港区芝公園4丁目", "Shibakoen 4, Minato, Tokyo"),
    ("静岡県御殿場市 東名高速道路 下り 83.7キロポスト", "Tomei Expressway, down, 83.7 km, Gotemba, Shizuoka"),
)
_OUTCOMES = ("accident", "false_alarm", "driver_fine", "pothole", "trouble")


def busy_shift(api: Backend) -> list[str]:
    """Have all of it happen; the incidents, the oldest first. The last two are open, of which one nobody has."""
    api.insure()
    incidents = [_one(api, number) for number in range(12)]
    _spread(api, incidents)
    _field(api, incidents[-1])
    _devices(api)
    _letters(api)
    _desk(api)
    toml = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")
    with connect(api.url, name="test") as conn:
        activate(conn, toml, actor="cli:mori", reason="標準の計画に戻す")
        changed = toml.replace("attempts_pause_s = 15", "attempts_pause_s = 18")
        activate(conn, changed, actor="cli:mori", reason="救急からの折り返しを待つため")
    return incidents


def _one(api: Backend, number: int) -> str:
    device_id = "car-0001" if number == 0 else f"car-{number:04d}x"
    if number:
        holder = {**POLICY["holder"], "phones": [f"+81901234{number:04d}"]}
        api.insure(device_id, {**POLICY, "id": f"P-1{number:03d}", "holder": holder})
    severities = (Severity.SEVERE, Severity.MODERATE, Severity.VERY_SEVERE, Severity.LIGHT)
    pressed = number % 5 == 4
    report: dict[str, Any] = {"trigger": Trigger.LONG_PRESS} if pressed else {}
    incident_id = str(api.report(device_id, None if pressed else severities[number % 4], **report))
    if number < 10:
        api.post(f"/v1/incidents/{incident_id}/take")
        api.post(f"/v1/incidents/{incident_id}/close", {"outcome": _OUTCOMES[number % 5]})
    elif number == 11:
        api.post(f"/v1/incidents/{incident_id}/take")
    return incident_id


def _spread(api: Backend, incidents: list[str]) -> None:
    """Over the hours and days before, each somewhere, with answers and help that took their time."""
    for number, incident_id in enumerate(incidents):
        ja, en = _PLACES[number % 3]
        ago_s = 0 if number >= 10 else 1200 if number >= 6 else (7 - number) * 86_400
        api.sql(
            "UPDATE incidents SET opened_at = opened_at - make_interval(secs => %s),"
            " closed_at = closed_at - make_interval(secs => %s - 700 - 40 * %s), firmware = %s,"
            " place = jsonb_build_object('words', jsonb_build_object('ja', %s::text, 'en', %s::text), 'hint', null)"
            " WHERE id = %s",
            *(ago_s, ago_s, number, f"1.{9 + number % 2}", ja, en, incident_id),
        )
        if number < 10:
            for kind, after_s in (
                ("line_waits", 12),
                ("desk_answered", 15 + number),
                ("answered", 20 + 9 * number),
            ):
                api.sql(
                    "INSERT INTO incident_events (incident_id, at, actor, kind)"
                    " SELECT id, opened_at + make_interval(secs => %s), 'plan', %s FROM incidents WHERE id = %s",
                    *(after_s, kind, incident_id),
                )
            api.sql(
                "INSERT INTO dispatches (incident_id, kind, state, requested_at, on_scene_at, ended_at)"
                " SELECT id, 'guard', 'completed', opened_at + interval '1 min',"
                " opened_at + make_interval(mins => %s), opened_at + interval '1 hour' FROM incidents WHERE id = %s",
                *(14 + number, incident_id),
            )


def _field(api: Backend, incident_id: str) -> None:
    for number, name in enumerate(("小田原警備 1号", "箱根ロード 2号", "御殿場 3号")):
        api.unit(f"guard-{number}", "roadside" if number == 1 else "guard", km_north=3.0 + number)
        api.sql(
            "UPDATE units SET name = %s, on_shift = %s WHERE id = %s", name, number < 2, f"guard-{number}"
        )
    api.sql("UPDATE units SET position_at = now() - interval '2 days' WHERE id = 'guard-2'")
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})


def _devices(api: Backend) -> None:
    for number, device in enumerate(api.get("/v1/devices", ADMIN)["devices"]):
        if number == 3:
            continue  # never heard
        api.sql(
            "INSERT INTO device_presence (device_id, online, boot_id, sequence, uptime_ms, heard_at, firmware)"
            " VALUES (%s, %s, 1, 5, 1, now() - make_interval(hours => %s), %s)",
            *(device["id"], number % 3 != 1, 30 if number == 5 else 0, f"1.{9 + number % 2}.2"),
        )
        api.sql(
            "INSERT INTO device_status (device_id, boot_id, sequence, at, received_at, late, online, firmware,"
            " hardware, battery_mv, signal_dbm, buffered_messages)"
            " VALUES (%s, 1, 5, now() - interval '2.4 s', now(), false, true, '1.9', 'b2', %s, %s, %s)",
            *(device["id"], 3710 - 40 * number, -71 - 3 * number, number % 4),
        )


def _letters(api: Backend) -> None:
    letters = (
        ("not_protobuf", "car-0001", "Error parsing message", b"\x08\xff\xfe\x10 not what it should be"),
        (
            "bad_position",
            "car-0001",
            "latitude 191.2 is none",
            '{"lat_deg": 191.2, "種類": "impact"}'.encode(),
        ),
        ("unknown_device", None, "there is no device nobody-7", b"\x00" * 6000),
    )
    for reason, device_id, detail, payload in letters:
        api.sql(
            "INSERT INTO dead_letters (topic, device_id, reason, detail, size_bytes, payload)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            *(
                f"cb/v1/0a/{device_id or 'nobody-7'}/up/impact",
                device_id,
                reason,
                detail,
                len(payload) + 9,
                payload,
            ),
        )
    api.sql(
        "INSERT INTO dead_letter_days (device_id, day, kept, dropped)"
        " VALUES ('car-0001', (now() AT TIME ZONE 'UTC')::date, 2, 31)"
    )


def _desk(api: Backend) -> None:
    api.post("/v1/desk/sign_in", {"phone": "+819011110001"})
    api.put("/v1/desk/members/kimura", {"role": "supervisor", "phone": "+819011110002"}, status=201)
    api.put("/v1/desk/members/mori", {"role": "operator", "phone": "+819011110003"}, status=201)
    api.sql("INSERT INTO audits (ran_at) VALUES (now())")
    api.sql(
        "INSERT INTO alarms (name, many, words) VALUES"
        " ('commands', 2, 'commands that devices on line have never acknowledged')"
    )
