"""The carrier's webhooks about operators' telephones and the conference in which people talk."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from api.carrier import CALL, TAKEN, TWIML, Signed, documented
from api.context import Here
from api.routes.twilio import answer
from incident.voice.calls import UnknownCall

router: Final = APIRouter(prefix="/twilio", tags=["carrier"])


@router.post(
    "/desk/{call_id}",
    operation_id="twilio_desk",
    summary="An operator pressed a key",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented({**CALL, "Digits": "1"}),
)
def desk(here: Here, call_id: UUID, form: Signed) -> Response:
    """Key 1 takes the incident and joins its conference; whoever is later hears that a colleague has it."""
    digit = form.get("Digits", "")
    return answer(here, lambda conn: here.talk.take(conn, call_id, form.get("CallSid", ""), digit))


@router.post(
    "/connect/{call_id}",
    operation_id="twilio_connect",
    summary="A line is brought to an operator",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(CALL),
)
def connect(here: Here, call_id: UUID, form: Signed) -> Response:
    """The conference, or the hold if the operator has left meanwhile."""
    return answer(here, lambda conn: here.talk.connect(conn, call_id, form.get("CallSid", "")))


@router.post(
    "/wait/{call_id}",
    operation_id="twilio_wait",
    summary="Alone in a conference",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(CALL),
)
def wait(here: Here, call_id: UUID, form: Signed) -> Response:
    """What is heard until somebody else is there."""
    return answer(here, lambda conn: here.talk.wait(conn, call_id, form.get("CallSid", "")))


@router.post(
    "/left/{call_id}",
    operation_id="twilio_left",
    summary="A conference has ended",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented({**CALL, "DialCallStatus": "answered"}),
)
def left(here: Here, call_id: UUID, form: Signed) -> Response:
    """The end of the call if they have talked with a person, and the hold if not."""
    failed = form.get("DialCallStatus") == "failed"
    return answer(here, lambda conn: here.talk.leave(conn, call_id, form.get("CallSid", ""), failed=failed))


@router.post(
    "/recorded/{call_id}",
    operation_id="twilio_recorded",
    summary="A conversation was recorded",
    status_code=HTTPStatus.NO_CONTENT,
    responses=TAKEN,
    openapi_extra=documented(
        {"RecordingSid": "RE0f3c524f0e4d0a9a516d9f4a3a1c1101", "RecordingDuration": "95"}
    ),
)
def recorded(here: Here, call_id: UUID, form: Signed) -> None:
    """The record refers to it by the carrier's id; the recording itself stays with the carrier."""
    try:
        with here.change() as conn:
            here.talk.recorded(conn, call_id, form.get("RecordingSid", ""), form.get("RecordingDuration", ""))
    except UnknownCall:
        return
