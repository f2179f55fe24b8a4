"""Which devices may speak, and where the uptime of their boots is anchored: a cache over the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from time import monotonic
from typing import Final

from ingest.envelope import Rejection, Stamp
from ingest.placing import Placed, place
from runtime.database import Connection
from runtime.sql import Queries
from schemas.topics import UpTopic

SQL = Queries("ingest")
_KNOWN_FOR_S: Final = 30.0
_UNKNOWN_FOR_S: Final = 2.0
# Anyone can invent names, and a device boots: beyond so many begin anew.
_REMEMBERED: Final = 200_000

Boot = tuple[str, int]


class Fleet:
    """Belongs to one worker; everything in it can be read again from the database.

    It takes an anchor for kept before the commit: after a rollback begin with a new one.
    """

    def __init__(self) -> None:
        self._devices: dict[str, tuple[str | None, bool, float]] = {}
        self._anchors: dict[Boot, datetime] = {}

    def refresh(self, conn: Connection, device_ids: Iterable[str]) -> None:
        """Look up the devices not known, or not lately."""
        if len(self._devices) > _REMEMBERED:
            self._devices.clear()
        now_s = monotonic()
        stale = {name for name in device_ids if self._devices.get(name, (None, False, 0.0))[2] <= now_s}
        if not stale:
            return
        found = {row["id"]: row for row in conn.execute(SQL["devices"], {"ids": list(stale)}).fetchall()}
        for name in stale:
            row = found.get(name)
            if row is None:
                self._devices[name] = (None, False, now_s + _UNKNOWN_FOR_S)
            else:
                self._devices[name] = (row["shard"], row["revoked"], now_s + _KNOWN_FOR_S)

    def check(self, topic: UpTopic) -> Rejection | None:
        """Why a device may not speak on a topic, or None. The device was refreshed before."""
        shard, revoked, _ = self._devices.get(topic.device_id, (None, False, 0.0))
        if shard is None:
            return Rejection("unknown_device", f"no device {topic.device_id} is provisioned")
        if revoked:
            return Rejection("revoked_device", f"device {topic.device_id} was revoked")
        if shard != topic.shard:
            return Rejection("wrong_shard", f"device {topic.device_id} belongs to shard {shard}")
        return None

    def knows(self, device_id: str) -> bool:
        """Whether the device is provisioned, revoked or not."""
        return self._devices.get(device_id, (None, False, 0.0))[0] is not None

    def load_anchors(self, conn: Connection, boots: Iterable[Boot]) -> None:
        """Read the anchors of boots not met before by this worker."""
        if len(self._anchors) > _REMEMBERED:
            self._anchors.clear()
        missing = [boot for boot in set(boots) if boot not in self._anchors]
        if not missing:
            return
        key = {"devices": [device for device, _ in missing], "boots": [boot for _, boot in missing]}
        for row in conn.execute(SQL["anchors"], key).fetchall():
            self._anchors[row["device_id"], row["boot_id"]] = row["anchor_at"]

    def place(self, conn: Connection, device_id: str, stamp: Stamp, received_at: datetime) -> Placed:
        """Place an event in time, and anchor its boot if this is the first message of it."""
        boot = (device_id, stamp.boot_id)
        known = self._anchors.get(boot)
        placed = place(stamp, received_at, known)
        if known is not None:
            return placed
        row = conn.execute(
            SQL["keep_anchor"],
            {"device_id": device_id, "boot_id": stamp.boot_id, "anchor_at": placed.anchor_at},
        ).fetchone()
        if row is None:
            raise AssertionError("INSERT … RETURNING gave no row")
        self._anchors[boot] = row["anchor_at"]
        # The other lane may have anchored the boot a moment before us: then that anchor holds.
        return placed if row["anchor_at"] == placed.anchor_at else place(stamp, received_at, row["anchor_at"])
