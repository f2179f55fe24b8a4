"""Effects on messages: what is written to the driver, as rows in the outbox."""

from __future__ import annotations

from uuid import uuid4

from incident import wording
from incident.hands import SQL, Hands
from schemas.incident import Language


def write(hands: Hands, channel: str, template: str) -> None:
    """Queue a push or SMS to the driver, in their language."""
    holder = hands.conn.look(SQL["facts_of_incident"], {"incident_id": hands.incident_id}).fetchone()
    phone = hands.conn.look(SQL["driver_phone"], {"holder_id": hands.holder_id}).fetchone()
    if channel == "sms" and phone is None:
        hands.note("effect_failed", what="sms", reason="no_number")
        return
    language = Language(holder["language"]) if holder and holder["language"] else Language.JA
    message_id = uuid4()
    hands.conn.add(
        "insert_messages",
        {
            "id": message_id,
            "incident_id": hands.incident_id,
            "channel": channel,
            "template": template,
            "language": language,
            "number": phone["number"] if phone and channel == "sms" else None,
            "body": wording.text(channel, template, hands.facts(), language),
        },
    )
    hands.queue(channel, {}, row_id=message_id, priority=3)
    hands.note(f"{channel}_queued", template=template)
