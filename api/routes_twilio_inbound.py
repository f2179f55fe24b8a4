"""The carrier's webhooks about whoever rings our number or writes to it.

At Twilio, the number's voice address is `/twilio/inbound`, its fallback `/twilio/fallback/inbound`, its status
callback `/twilio/inbound/status` and its messaging address `/twilio/inbound_sms`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from api.carrier import CALL, TAKEN, TWIML, Signed, documented, xml
from api.context import Here

router: Final = APIRouter(prefix="/twilio", tags=["carrier"])
_RINGS: Final = {**CALL, "CallStatus": "ringing", "From": "+819012345678", "To": "+815000000000"}
_WRITES: Final = {
    "MessageSid": "SM0f3c524f0e4d0a9a516d9f4a3a1c1101",
    "From": "+819012345678",
    "Body": "助けて",
}


@router.post(
    "/inbound",
    operation_id="twilio_inbound",
    summary="Somebody rings us",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(_RINGS),
)
def inbound(here: Here, form: Signed) -> Response:
    """Their call joins the open incident or opens one, an operator is rung, and they are welcomed and held."""
    with here.change() as conn:
        return xml(here.inbound.ring(conn, form.get("CallSid", ""), form.get("From", "")))


@router.post(
    "/inbound/status",
    operation_id="twilio_inbound_status",
    summary="News of a call to us",
    status_code=HTTPStatus.NO_CONTENT,
    responses=TAKEN,
    openapi_extra=documented({**_RINGS, "CallStatus": "completed"}),
)
def inbound_status(here: Here, form: Signed) -> None:
    """Moves the call forward; whoever hung up while waiting is rung back by a person."""
    with here.change() as conn:
        here.inbound.status(conn, form.get("CallSid", ""), form.get("CallStatus", ""))


@router.post(
    "/inbound_sms",
    operation_id="twilio_inbound_sms",
    summary="Somebody writes to us",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(_WRITES),
)
def inbound_sms(here: Here, form: Signed) -> Response:
    """Kept as the driver's words at their open incident; a key, or words that are clear, count as an answer."""
    with here.change() as conn:
        here.inbound.write(conn, form.get("MessageSid", ""), form.get("From", ""), form.get("Body", ""))
    return xml('<?xml version="1.0" encoding="UTF-8"?><Response />')
