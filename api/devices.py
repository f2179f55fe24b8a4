"""Devices in the database: let in, shown, shut out. Each function is part of the caller's transaction."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any

from api.context import SQL
from api.errors import Problem
from api.views.admin import DeviceRequest, DeviceView
from runtime.database import Connection
from schemas import topics


def shard_of(device_id: str) -> str:
    """The shard a device gets when none is asked for: by its id, the same on every machine."""
    return topics.SHARDS[hashlib.sha256(device_id.encode()).digest()[0] % len(topics.SHARDS)]


def provision(conn: Connection, device: DeviceRequest) -> tuple[DeviceView, bool]:
    """Let a device in; the same once more is no error. Whether it is new comes with it.

    Raises Problem: 422 when its vehicle does not exist, 409 when the id is taken by a device
    with other content, or by one that was revoked.
    """
    if device.vehicle_id is not None:
        vehicle = conn.execute(SQL["hold_vehicle"], {"id": device.vehicle_id}).fetchone()
        if vehicle is None or vehicle["retired_at"] is not None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"vehicle {device.vehicle_id} is in no policy")
    made = conn.execute(
        SQL["insert_device"],
        {
            "id": device.id,
            "shard": device.shard or shard_of(device.id),
            "vehicle_id": device.vehicle_id,
        },
    ).fetchone()
    view = read(conn, device.id)
    if made is not None:
        return view, True
    if view.revoked_at is not None:
        raise Problem(HTTPStatus.CONFLICT, f"device {device.id} was revoked", extra={"state": "revoked"})
    if view.vehicle_id != device.vehicle_id or device.shard not in (None, view.shard):
        raise Problem(HTTPStatus.CONFLICT, f"device {device.id} exists with another vehicle or shard")
    return view, False


def read(conn: Connection, device_id: str) -> DeviceView:
    """One device. Raises Problem 404."""
    row = conn.execute(SQL["device"], {"id": device_id}).fetchone()
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no device {device_id}")
    return _view(row)


def page(conn: Connection, *, after: str, limit: int) -> list[DeviceView]:
    """Devices in order of their ids, behind `after`."""
    return [_view(row) for row in conn.execute(SQL["devices"], {"after": after, "limit": limit}).fetchall()]


def revoke(conn: Connection, device_id: str) -> DeviceView:
    """Shut a device out; done twice, the first time counts. Raises Problem 404."""
    conn.execute(SQL["revoke_device"], {"id": device_id})
    return read(conn, device_id)


def _view(row: dict[str, Any]) -> DeviceView:
    shard, device_id = row["shard"], row["id"]
    return DeviceView.model_validate(
        row
        | {
            "up": {name: topics.up(shard, device_id, name) for name in topics.UPLINKS},
            "down": topics.down(shard, device_id),
        }
    )
