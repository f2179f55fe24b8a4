"""The urgent lane: presses, impacts and the last will, each in a transaction of its own.

A press is recorded, its incident opened or joined, and the receipt to the device queued in
one commit; only then is the broker told. A repeat changes nothing and is told again. What
cannot be worked off must not hold up the others: it is put aside, but a press stays at the
broker and is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import isfinite
from secrets import randbits
from typing import Final

import structlog
from psycopg.types.json import Jsonb

from incident.record.lights import queue_receipt
from incident.service import Incidents, Report, hint
from ingest.assess import Assessor
from ingest.attempt import attempt
from ingest.dead_letters import bury
from ingest.envelope import ImpactPart, Press, Rejection, Stamp, StatusReport, read
from ingest.fleet import SQL, Fleet
from ingest.placing import Placed, place
from ingest.session import Delivery
from runtime.database import Connection
from schemas.topics import UpTopic, parse_up

# Defects worth an operator's attention; the others are only kept with the press.
_FLAGS: Final = {
    "clock_unset",
    "clock_implausible",
    "bad_position",
    "kind_missing",
    "no_stamp",
    "uptime_implausible",
}
# With these a stamp says nothing of its boot: neither where it began nor how long ago.
_MEANINGLESS: Final = {"no_stamp", "uptime_implausible"}


class UrgentLane:
    """Works deliveries off one by one; belongs to one worker with its own autocommit connection."""

    def __init__(self, incidents: Incidents, assessor: Assessor, *, dead_letter_bytes: int) -> None:
        self._incidents = incidents
        self._assessor = assessor
        self._cap_bytes = dead_letter_bytes
        self._fleet = Fleet()
        self._log = structlog.get_logger(role="ingest", lane="urgent")

    def work(self, conn: Connection, deliveries: Sequence[Delivery]) -> None:
        """Commit and acknowledge each delivery in turn.

        Raises as `attempt` does when the database is lost; the rest stays at the broker.
        """
        for delivery in deliveries:
            failure = attempt(conn, partial(self._one, conn, delivery))
            if failure is None or self._set_aside(conn, delivery, failure):
                delivery.session.acknowledge(delivery)
                hint(conn)
            else:
                delivery.session.leave(delivery)

    def _set_aside(self, conn: Connection, delivery: Delivery, failure: Exception) -> bool:
        """Keep what cannot be worked off among the dead letters; false for a press, which is not given up."""
        self._log.error("message failed", topic=delivery.topic, exc_info=failure)
        self._fleet = Fleet()
        topic = parse_up(delivery.topic)
        if topic is not None and topic.name == "button":
            return False
        with conn.transaction():
            self._bury(conn, delivery, Rejection("failed", repr(failure)), topic.device_id if topic else None)
        return True

    def _one(self, conn: Connection, delivery: Delivery) -> None:
        topic = parse_up(delivery.topic)
        if topic is None:
            self._bury(conn, delivery, Rejection("bad_topic", delivery.topic), None)
            return
        self._fleet.refresh(conn, [topic.device_id])
        known = topic.device_id if self._fleet.knows(topic.device_id) else None
        refused = self._fleet.check(topic)
        uplink = refused or read(topic, delivery.payload, delivery.received_at)
        match uplink:
            case Rejection():
                self._bury(conn, delivery, uplink, known)
            case Press():
                self._press(conn, topic, uplink, delivery)
            case ImpactPart():
                self._part(conn, topic, uplink, delivery)
            case StatusReport():
                self._status(conn, topic, uplink, delivery)
            case _:
                self._bury(conn, delivery, Rejection("bad_topic", delivery.topic), known)

    def _press(self, conn: Connection, topic: UpTopic, press: Press, delivery: Delivery) -> None:
        stamp = press.stamp
        if "no_stamp" in press.defects:
            # Nothing identifies a copy of it, so each counts: better twice than never.
            stamp = replace(stamp, boot_id=randbits(63), sequence=1)
        if _MEANINGLESS.isdisjoint(press.defects):
            placed = self._place(conn, topic, stamp, delivery)
            self._hear(conn, topic, stamp, delivery)
        else:
            placed = place(stamp, delivery.received_at, None)
        defects = sorted({*press.defects, *placed.defects})
        key = {"device_id": topic.device_id, "boot_id": stamp.boot_id, "sequence": stamp.sequence}
        row = conn.execute(
            SQL["store_press"],
            {
                **key,
                "at": placed.at,
                "received_at": delivery.received_at,
                "kind": press.kind,
                "held_ms": press.held_ms,
                "late": stamp.late,
                "defects": defects,
                "lat_deg": press.position.lat_deg if press.position else None,
                "lon_deg": press.position.lon_deg if press.position else None,
            },
        ).fetchone()
        if row is None:
            repeated = conn.execute(SQL["press_repeated"], key).fetchone()
            if repeated is not None and repeated["incident_id"] is not None:
                queue_receipt(conn, topic.device_id, stamp.boot_id, stamp.sequence, repeated["incident_id"])
            return
        filed = self._incidents.report(
            conn,
            Report(
                device_id=topic.device_id,
                trigger=press.kind,
                severity=None,
                at=placed.at,
                late=stamp.late,
                position=press.position,
                flags=tuple(defect for defect in defects if defect in _FLAGS),
            ),
        )
        conn.execute(SQL["press_belongs_to"], {"id": row["id"], "incident_id": filed.incident_id})
        queue_receipt(conn, topic.device_id, stamp.boot_id, stamp.sequence, filed.incident_id)

    def _part(self, conn: Connection, topic: UpTopic, part: ImpactPart, delivery: Delivery) -> None:
        stamp, motion = part.stamp, part.motion
        placed = self._place(conn, topic, stamp, delivery)
        row = conn.execute(
            SQL["store_part"],
            {
                "device_id": topic.device_id,
                "boot_id": stamp.boot_id,
                "sequence": stamp.sequence,
                "trigger_no": part.trigger_no,
                "part": part.part,
                "last": part.last,
                "at": placed.at,
                "uptime_ms": stamp.event_uptime_ms,
                "trigger_uptime_ms": part.trigger_uptime_ms,
                "received_at": delivery.received_at,
                "late": stamp.late,
                "rate_hz": motion.rate_hz,
                "samples": motion.samples,
                "scale_mps2": motion.scale_mps2,
                "full_scale_g": motion.full_scale_g,
                "lowpass_hz": motion.lowpass_hz,
                "counts": motion.counts,
                "fixes": Jsonb(
                    [
                        {
                            "uptime_ms": fix.uptime_ms,
                            "lat_deg": fix.lat_deg,
                            "lon_deg": fix.lon_deg,
                            "speed_mps": fix.speed_mps if isfinite(fix.speed_mps) else None,
                            "heading_deg": fix.heading_deg,
                        }
                        for fix in part.fixes
                    ]
                ),
            },
        ).fetchone()
        self._hear(conn, topic, stamp, delivery)
        if row is not None:
            self._assessor.part_arrived(conn, topic, part, placed)

    def _status(self, conn: Connection, topic: UpTopic, status: StatusReport, delivery: Delivery) -> None:
        stamp = status.stamp
        placed = self._place(conn, topic, stamp, delivery)
        new = conn.execute(
            SQL["store_status"],
            {
                "device_id": topic.device_id,
                "boot_id": stamp.boot_id,
                "sequence": stamp.sequence,
                "at": placed.at,
                "received_at": delivery.received_at,
                "late": stamp.late,
                "online": status.online,
                "firmware": status.firmware,
                "hardware": status.hardware,
                "battery_mv": status.battery_mv,
                "signal_dbm": status.signal_dbm,
                "buffered_messages": status.buffered_messages,
            },
        ).fetchone()
        if new is None:
            return
        if not status.online:
            # The last will was written when the device connected, so its uptime says nothing of now.
            conn.execute(SQL["lose_device"], {"device_id": topic.device_id, "at": delivery.received_at})
            return
        before = conn.execute(SQL["presence"], {"device_id": topic.device_id}).fetchone()
        self._hear(conn, topic, stamp, delivery, firmware=status.firmware)
        if before is None or not before["online"] or before["boot_id"] != stamp.boot_id:
            self._incidents.device_online(conn, topic.device_id)

    def _place(self, conn: Connection, topic: UpTopic, stamp: Stamp, delivery: Delivery) -> Placed:
        self._fleet.load_anchors(conn, [(topic.device_id, stamp.boot_id)])
        return self._fleet.place(conn, topic.device_id, stamp, delivery.received_at)

    @staticmethod
    def _hear(
        conn: Connection, topic: UpTopic, stamp: Stamp, delivery: Delivery, *, firmware: str = ""
    ) -> None:
        """Note that the device is there, and what its uptime was: commands expire by it."""
        conn.execute(
            SQL["hear_device"],
            {
                "device_id": topic.device_id,
                "online": True,
                "boot_id": stamp.boot_id,
                "sequence": stamp.sequence,
                "uptime_ms": stamp.sent_uptime_ms,
                "heard_at": delivery.received_at,
                "firmware": firmware,
            },
        )

    def _bury(
        self, conn: Connection, delivery: Delivery, rejection: Rejection, device_id: str | None
    ) -> None:
        bury(conn, delivery, rejection, device_id=device_id, cap_bytes=self._cap_bytes)
