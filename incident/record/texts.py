"""Effects on messages: what is written to people, as rows in the outbox."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

from incident import wording
from incident.record import links
from incident.record.hands import SQL, Hands
from schemas.incident import CallParty, DispatchKind, Language


class _Address(NamedTuple):
    """Where a message goes, and in which language."""

    language: Language
    number: str | None = None
    email: str | None = None


def write(
    hands: Hands,
    channel: str,
    template: str,
    party: CallParty = CallParty.DRIVER,
    *,
    number: str | None = None,
    dispatch: DispatchKind | None = None,
) -> None:
    """Queue a push, SMS or mail. Without a number that is noted; without consent to mail there is none.

    `number` is one of several they have, where it matters which; `dispatch` whose arrival it tells of.
    """
    to = _address(hands, channel, party)
    if to is not None and number is not None:
        to = to._replace(number=number)
    if to is None:
        if channel == "sms":
            hands.note("effect_failed", what="sms", reason="no_number")
        return
    facts = hands.facts(dispatch)
    if wording.carries_link(channel, template):
        address = links.address(hands.conn.aside, hands.insurer.url, hands.incident_id, party)
        facts = replace(facts, link=address)
    message_id = uuid4()
    hands.conn.add(
        "insert_messages",
        {
            "id": message_id,
            "incident_id": hands.incident_id,
            "party": party,
            "channel": channel,
            "template": template,
            "language": to.language,
            "number": to.number,
            "email": to.email,
            "subject": wording.subject(template, facts, to.language) if channel == "mail" else "",
            "body": wording.text(channel, template, facts, to.language),
        },
    )
    hands.queue(channel, {}, row_id=message_id, priority=3)
    hands.note(f"{channel}_queued", template=template)


def _address(hands: Hands, channel: str, party: CallParty) -> _Address | None:
    key, choose = {"holder_id": hands.holder_id, "rank": 1}, hands.languages.choose
    if channel == "sms":
        query = "driver_phone" if party is CallParty.DRIVER else "contact_phone"
        phone = hands.conn.look(SQL[query], key).fetchone()
        return _Address(choose(phone["language"]), number=phone["number"]) if phone else None
    holder = hands.conn.look(SQL["holder_address"], key).fetchone()
    if channel == "mail":
        agreed = holder is not None and holder["email"] is not None
        return _Address(choose(holder["language"]), email=holder["email"]) if holder and agreed else None
    return _Address(choose(holder["language"] if holder else None))
