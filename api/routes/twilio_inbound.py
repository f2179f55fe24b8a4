"""The carrier's webhooks about whoever rings our number or writes to it.

At Twilio, the number's voice address is `/twilio/inbound`, its fallback `/twilio/fallback/inbound`, its status
callback `/twilio/inbound/status` and its messaging address `/twilio/inbound_sms`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from api.carrier import CALL, TAKEN, TWIML, Signed, documented, xml
from api.context import Here
from api.throttle import Throttle
from incident import wording
from incident.voice import twiml
from incident.wording import Facts
from schemas.incident import Language

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
def inbound_sms(here: Here, request: Request, form: Signed) -> Response:
    """Kept as the driver's words at their open incident, or at one it opens; clear words count as an answer.

    Who is not known is told that nobody reads it, and what to do instead.
    """
    number = form.get("From", "")
    with here.change() as conn:
        known = here.inbound.write(conn, form.get("MessageSid", ""), number, form.get("Body", ""))
    replies: Throttle = request.app.state.text_replies
    if known or not replies.take(number):
        return xml(twiml.reply())
    facts = Facts(here.settings.insurer_ja, here.settings.insurer_en)
    words = (wording.text("sms", "unknown_writer", facts, language) for language in Language)
    return xml(twiml.reply("\n".join(words)))


def text_replies() -> Throttle:
    """How often a number nobody knows is answered: machines that answer each other would never end."""
    return Throttle(burst=3, per_s=1 / 600)
