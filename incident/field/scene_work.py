"""What is done on the scene: the checklist, and photos."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from incident.dispatch.checklist import Check, Item
from incident.dispatch.states import DispatchRefused
from incident.escalation.effects import Note
from incident.field.units import NotYours, OfferGone
from incident.record.hands import Hands
from incident.record.offers import SQL
from incident.service import Incidents
from incident.wording.refusals import Refusal, Why
from runtime.database import Connection
from schemas.incident import DispatchState

MOST_PHOTOS: Final = 10
LARGEST_PHOTO: Final = 5 * 2**20
_JPEG: Final = b"\xff\xd8\xff"
_THERE: Final = ("on_scene", "secured")


class PhotoRefused(ValueError):
    """It is no JPEG, is too large, or there are enough of them."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why.detail)


def check(
    conn: Connection,
    incidents: Incidents,
    asked: str,
    dispatch_id: UUID,
    *,
    item: Item,
    state: Check,
    note: str,
) -> None:
    """Write down what became of an item; the latest word counts. Raises as units.report."""
    at, hands = _on_scene(conn, incidents, asked, dispatch_id, Refusal.CANNOT_CHECK)
    values = {"id": dispatch_id, "item": item, "state": state, "note": note, "at": at, "by": asked}
    conn.execute(SQL["write_check"], values)
    # The note may hold personal words: the record has the fact only.
    hands.write([Note("scene_checked", {"item": item, "state": state, "unit": asked})], f"unit:{asked}")


def add_photo(conn: Connection, incidents: Incidents, asked: str, dispatch_id: UUID, jpeg: bytes) -> UUID:
    """Keep a photo as it is, what it says of place and time included; its id, the same for the same photo again.

    Raises PhotoRefused, and otherwise as units.report.
    """
    if not jpeg.startswith(_JPEG):
        raise PhotoRefused(Refusal.NO_JPEG.of())
    if len(jpeg) > LARGEST_PHOTO:
        raise PhotoRefused(Refusal.PHOTO_TOO_LARGE.of(most=LARGEST_PHOTO))
    at, hands = _on_scene(conn, incidents, asked, dispatch_id, Refusal.CANNOT_PHOTOGRAPH)
    # A phone that did not hear our answer sends it again.
    photo_id = uuid5(dispatch_id, sha256(jpeg).hexdigest())
    kept = [row["id"] for row in conn.execute(SQL["photos"], {"id": dispatch_id}).fetchall()]
    if photo_id in kept:
        return photo_id
    if len(kept) >= MOST_PHOTOS:
        raise PhotoRefused(Refusal.PHOTOS_ENOUGH.of(most=MOST_PHOTOS))
    values = {"photo_id": photo_id, "id": dispatch_id, "at": at, "by": asked, "jpeg": jpeg}
    conn.execute(SQL["insert_photo"], values)
    note = Note("photo_added", {"photo_id": str(photo_id), "bytes": len(jpeg), "unit": asked})
    hands.write([note], f"unit:{asked}")
    return photo_id


def _on_scene(
    conn: Connection,
    incidents: Incidents,
    asked: str,
    dispatch_id: UUID,
    refusal: Refusal,
) -> tuple[datetime, Hands]:
    key = {"id": dispatch_id, "asked": asked}
    owner = conn.execute(SQL["incident_of_offer"], key).fetchone()
    hands = incidents.hands(conn, owner["incident_id"]) if owner is not None else None
    if hands is None:
        raise NotYours(dispatch_id)
    dispatch = conn.execute(SQL["lock_dispatch"], {"id": dispatch_id}).fetchone()
    offer = conn.execute(SQL["offer"], key).fetchone()
    if dispatch is None or offer is None:
        raise NotYours(dispatch_id)
    state = DispatchState(dispatch["state"])
    if offer["state"] not in ("accepted", "completed", "open"):
        raise OfferGone(state, offer["state"])
    if offer["state"] != "accepted" or dispatch["state"] not in _THERE:
        raise DispatchRefused(state, refusal.of(state=state))
    return hands.at, hands
