"""Effects on the device: its light and tone, and the receipt for a press."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from incident.escalation.state import Light
from incident.record.hands import SQL, Hands
from runtime.database import Connection

# A light that says "help is coming" must never come on late: older ones are ignored.
_LIGHT_LIFETIME: Final = timedelta(seconds=120)
_RECEIPT_LIFETIME: Final = timedelta(seconds=30)


def show(hands: Hands, light: Light) -> None:
    """Have the device show a light, in place of any that still waits to be shown."""
    if hands.device_id is None:
        return
    hands.conn.execute(SQL["supersede_lights"], {"device_id": hands.device_id})
    tone = "ATTENTION" if light in (Light.HELP_COMING, Light.ARRIVED) else "CONFIRM"
    hands.queue("command", {"signal": {"light": light, "tone": tone}}, priority=2, lifetime=_LIGHT_LIFETIME)
    hands.note("command_queued", light=light)


def queue_receipt(conn: Connection, device_id: str, boot_id: int, sequence: int, incident_id: UUID) -> None:
    """Tell the device that a press was recorded; each time it asks, by a command of its own.

    A command that expired stays expired for the device, whoever sends it again.
    `boot_id` is the signed 64-bit form in which boots are stored.
    """
    receipt = {
        "boot_id": str(boot_id % 2**64),
        "sequence": sequence,
        "incident_id": str(incident_id),
    }
    conn.execute(
        SQL["queue_receipt"],
        {
            "id": uuid4(),
            "incident_id": incident_id,
            "device_id": device_id,
            "payload": Jsonb({"receipt": receipt}),
            "lifetime": _RECEIPT_LIFETIME,
        },
    )
