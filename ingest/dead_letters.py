"""What could not be read is kept with its reason, up to so many bytes per device and day."""

from __future__ import annotations

from typing import Final

from ingest.envelope import Rejection
from ingest.fleet import SQL
from ingest.session import Delivery
from runtime.database import Connection

KEEP_BYTES: Final = 8192
_ROW_BYTES: Final = 200  # what a row costs beside its payload
_STRANGERS: Final = "?"


def bury(
    conn: Connection, delivery: Delivery, rejection: Rejection, *, device_id: str | None, cap_bytes: int
) -> bool:
    """Keep one unreadable message, or only count it when the day's room is used up.

    `device_id` is a known device; all unknown ones share one allowance, as anyone can
    invent names. A copy of one that is kept already is not kept twice. True if it is kept.
    """
    payload = delivery.payload[:KEEP_BYTES]
    topic = _printable(delivery.topic)[:300]
    size_bytes = len(delivery.payload)
    if delivery.again:
        same = {"topic": topic, "size_bytes": size_bytes, "payload": payload}
        if conn.execute(SQL["dead_letter_known"], same).fetchone() is not None:
            return True
    key = {"device_id": device_id or _STRANGERS, "day": delivery.received_at.date()}
    size = {"bytes": len(payload) + _ROW_BYTES, "cap": cap_bytes}
    if conn.execute(SQL["dead_letter_room"], {**key, **size}).fetchone() is None:
        conn.execute(SQL["dead_letter_dropped"], key)
        return False
    conn.execute(
        SQL["store_dead_letter"],
        {
            "received_at": delivery.received_at,
            "topic": topic,
            "device_id": device_id,
            "reason": rejection.reason,
            "detail": _printable(rejection.detail)[:500],
            "size_bytes": size_bytes,
            "payload": payload,
        },
    )
    return True


def _printable(text: str) -> str:
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()
