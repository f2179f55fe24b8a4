"""How devices do, by what they last told of themselves."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import Request, Words, examples
from api.views.incident import AT
from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api", "device_health.sql")
_DEVICE: Final[dict[str, Any]] = {
    "id": "car-0001",
    "provisioned_at": AT,
    "online": True,
    "heard_at": AT,
    "firmware": "1.4.2",
    "hardware": "b2",
    "status_at": AT,
    "battery_mv": 3710,
    "signal_dbm": -87,
    "buffered_messages": 0,
    "delay_s": 0.4,
    "unreadable": 0,
}
_FIRMWARE: Final[dict[str, Any]] = {"firmware": "1.4.2", "devices": 1200, "old": False}
_FLEET: Final[dict[str, Any]] = {
    "devices": 1200,
    "online": 310,
    "silent": 41,
    "never_heard": 3,
    "by_firmware": [_FIRMWARE],
}


class HealthWanted(Request):
    """Which devices; all that is given must fit."""

    part: Words | None = Field(default=None, description="A part of the device's id.")
    silent: bool = Field(default=False, description="Not heard for more than 24 hours, or never.")
    old_firmware: bool = Field(default=False, description="Of an earlier firmware than the latest heard of.")
    unreadable: bool = Field(
        default=False, description="Something of it could not be read since yesterday (UTC)."
    )
    after: str = Field(default="", max_length=40, description="The id of the last one seen.")
    limit: int = Field(default=100, ge=1, le=500)


class DeviceHealth(BaseModel):
    """A device, and what it last told of itself; null where it never did."""

    model_config = examples(_DEVICE)

    id: str
    provisioned_at: AwareDatetime
    online: bool | None
    heard_at: AwareDatetime | None
    firmware: str | None
    hardware: str | None
    status_at: AwareDatetime | None = Field(description="When it told what follows.")
    battery_mv: int | None
    signal_dbm: int | None
    buffered_messages: int | None = Field(description="Waiting in its own store.")
    delay_s: float | None = Field(description="From the time it gave its last status to our receiving it.")
    unreadable: int = Field(description="Messages of it that could not be read since yesterday (UTC).")


class FirmwareCount(BaseModel):
    """How many devices run a firmware."""

    model_config = examples(_FIRMWARE)

    firmware: str = Field(description="Empty where it was not told.")
    devices: int
    old: bool = Field(description="Another that was heard of is later.")


class Fleet(BaseModel):
    """All devices that were not shut out."""

    model_config = examples(_FLEET)

    devices: int
    online: int
    silent: int = Field(description="Not heard for more than 24 hours.")
    never_heard: int
    by_firmware: list[FirmwareCount] = Field(description="Latest first.")


class HealthList(BaseModel):
    """Devices by id; the last one's id as `after` gives the next page."""

    model_config = examples({"devices": [_DEVICE], "more": False, "fleet": _FLEET})

    devices: list[DeviceHealth]
    more: bool
    fleet: Fleet


def read(conn: Connection, wanted: HealthWanted) -> HealthList:
    """A page of devices, and the whole in figures."""
    counts = conn.execute(_SQL["fleet"]).fetchall()
    latest = max((version(row["firmware"]) for row in counts), default=())
    by_firmware = [
        FirmwareCount(
            firmware=row["firmware"],
            devices=row["devices"],
            old=row["firmware"] != "" and version(row["firmware"]) < latest,
        )
        for row in sorted(counts, key=lambda row: version(row["firmware"]), reverse=True)
    ]
    values = {
        "part": None if not wanted.part else "%" + re.sub(r"([\\%_])", r"\\\1", wanted.part) + "%",
        "firmwares": [one.firmware for one in by_firmware if one.old] if wanted.old_firmware else None,
        **wanted.model_dump(include={"silent", "unreadable", "after"}),
        "limit": wanted.limit + 1,
    }
    rows = conn.execute(_SQL["health"], values).fetchall()
    return HealthList(
        devices=[DeviceHealth.model_validate(row) for row in rows[: wanted.limit]],
        more=len(rows) > wanted.limit,
        fleet=Fleet(
            **{
                name: sum(row[name] for row in counts)
                for name in ("devices", "online", "silent", "never_heard")
            },
            by_firmware=by_firmware,
        ),
    )


def version(firmware: str) -> tuple[tuple[int, str], ...]:
    """What versions are compared by: 1.10 is later than 1.9; one that is not told is before all."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.findall(r"[0-9]+|[A-Za-z]+", firmware)
    )
