"""Conversations in writing: operators with drivers and contacts, drivers in their app."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Query

from api.access import Reason, log_access
from api.auth import Driver, Operator, Reader
from api.context import SQL, Here
from api.errors import Problem, problems
from api.views.chat import ConversationView, LinkRequest, OwnWordsRequest, Party, SaidView, WriteRequest
from incident.channels import chat
from incident.channels.answering import Over
from incident.escalation.effects import Note
from incident.record import links
from incident.service import UnknownIncident
from runtime.database import Connection
from schemas.incident import CallParty

router: Final = APIRouter(prefix="/v1")
_DESK: Final = problems(401, 403, 404)
_DRIVER: Final = problems(401, 403, 404, 409, 413)


@router.get(
    "/incidents/{incident_id}/messages",
    operation_id="get_conversation",
    summary="Read a conversation",
    tags=["incidents"],
    responses=_DESK,
)
def get_conversation(
    here: Here,
    who: Reader,
    incident_id: UUID,
    *,
    reason: Reason = None,
    with_: Annotated[Party, Query(alias="with", description="Whose conversation.")] = "driver",
) -> ConversationView:
    """What was written, oldest first, the newest 200. The look-up is logged with its reason."""
    with here.transaction() as conn:
        if conn.execute(SQL["opened_at"], {"id": incident_id}).fetchone() is None:
            raise UnknownIncident(incident_id)
        log_access(conn, who, "incident.messages", str(incident_id), reason)
        return _conversation(conn, incident_id, CallParty(with_), merged=True)


@router.post(
    "/incidents/{incident_id}/messages",
    operation_id="write_to_person",
    summary="Write to a person",
    tags=["incidents"],
    responses=_DESK | problems(409, 413),
)
def write_to_person(here: Here, who: Operator, incident_id: UUID, body: WriteRequest) -> ConversationView:
    """Shown on the person's answer page and in the app; who has neither open gets an SMS that leads there.

    409 once the incident is closed.
    """
    party = CallParty(body.to)
    with here.change() as conn:
        chat.operator_writes(
            conn,
            here.incidents,
            incident_id,
            party,
            message_id=body.id or uuid4(),
            operator=who.name,
            text=body.text,
        )
        return _conversation(conn, incident_id, party, merged=True)


@router.post(
    "/incidents/{incident_id}/links",
    operation_id="send_link",
    summary="Send a link to the answer page",
    tags=["incidents"],
    status_code=HTTPStatus.NO_CONTENT,
    responses=_DESK | problems(409, 413),
)
def send_link(here: Here, who: Operator, incident_id: UUID, body: LinkRequest) -> None:
    """By SMS, for somebody who can write or press better than speak. 409 once the incident is closed."""
    party = CallParty(body.to)
    with here.change() as conn:
        chat.send_link(conn, here.incidents, incident_id, party, operator=who.name)


@router.delete(
    "/incidents/{incident_id}/links",
    operation_id="revoke_links",
    summary="Revoke the links to the answer page",
    tags=["incidents"],
    status_code=HTTPStatus.NO_CONTENT,
    responses=_DESK,
)
def revoke_links(here: Here, who: Operator, incident_id: UUID) -> None:
    """Those that were sent lead nowhere any more; the next SMS brings a new one."""
    with here.change() as conn:
        hands = here.incidents.hands(conn, incident_id)
        if hands is None:
            raise UnknownIncident(incident_id)
        if links.revoke(conn, incident_id):
            hands.write([Note("links_revoked")], f"operator:{who.name}")


@router.get(
    "/driver/incidents/{incident_id}/messages",
    operation_id="get_own_conversation",
    summary="Read one's conversation",
    tags=["drivers"],
    responses=_DRIVER,
)
def get_own_conversation(here: Here, who: Driver, incident_id: UUID) -> ConversationView:
    """What was written, oldest first, the newest 200."""
    with here.transaction() as conn:
        _require_own(conn, who.name, incident_id)
        return _conversation(conn, incident_id, CallParty.DRIVER)


@router.post(
    "/driver/incidents/{incident_id}/messages",
    operation_id="write_to_operators",
    summary="Write to the operators",
    tags=["drivers"],
    responses=_DRIVER,
)
def write_to_operators(here: Here, who: Driver, incident_id: UUID, body: OwnWordsRequest) -> ConversationView:
    """Operators are called to it. 409 once the incident is closed."""
    with here.change() as conn:
        _require_own(conn, who.name, incident_id)
        message_id = body.id or uuid4()
        chat.person_writes(
            conn,
            here.incidents,
            incident_id,
            CallParty.DRIVER,
            message_id=message_id,
            text=body.text,
            via="app",
        )
        view = _conversation(conn, incident_id, CallParty.DRIVER)
        if all(one.id != message_id for one in view.messages):
            raise Over
        return view


def _require_own(conn: Connection, holder_id: str, incident_id: UUID) -> None:
    key = {"holder_id": holder_id, "id": incident_id}
    if conn.execute(SQL["one_driver_incident"], key).fetchone() is None:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such incident")


def _conversation(
    conn: Connection, incident_id: UUID, party: CallParty, *, merged: bool = False
) -> ConversationView:
    said = chat.read(conn, incident_id, party, merged=merged)
    return ConversationView(
        messages=[SaidView(id=one.id, at=one.at, operator=one.operator, text=one.text) for one in said]
    )
