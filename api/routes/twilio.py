"""The carrier's webhooks about calls of ours to drivers and contacts, and about messages."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import messages
from api.carrier import CALL, MESSAGE, TAKEN, TWIML, Signed, documented, xml
from api.context import Context, Here
from api.errors import problems
from incident.voice import twiml
from incident.voice.calls import UnknownCall
from incident.voice.twiml import Voice
from incident.wording import spoken
from runtime.database import Connection
from schemas.incident import Language

router: Final = APIRouter(prefix="/twilio", tags=["carrier"])


@router.post(
    "/voice/{call_id}",
    operation_id="twilio_voice",
    summary="Somebody picked up",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(CALL),
)
def voice(here: Here, call_id: UUID, form: Signed) -> Response:
    """The first words of a call, and the keys; to an operator, which incident it is."""
    return answer(here, lambda conn: here.talk.greet(conn, call_id, form.get("CallSid", "")))


@router.post(
    "/gather/{call_id}",
    operation_id="twilio_gather",
    summary="A key was pressed, or words were said",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented({**CALL, "Digits": "2"}),
)
def gather(here: Here, call_id: UUID, form: Signed) -> Response:
    """The answer is recorded, then confirmed. `SpeechResult` and `Confidence` come instead of `Digits`."""
    sid, words = form.get("CallSid", ""), form.get("SpeechResult", "")
    if words and not form.get("Digits"):
        confidence = _number(form.get("Confidence", ""))
        return answer(here, lambda conn: here.talk.say(conn, call_id, sid, words, confidence))
    return answer(here, lambda conn: here.talk.press(conn, call_id, sid, form.get("Digits", "")))


@router.post(
    "/silent/{call_id}",
    operation_id="twilio_silent",
    summary="Nothing was pressed or said",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(CALL),
)
def silent(here: Here, call_id: UUID, form: Signed) -> Response:
    """Operators are called to the line, and it is held."""
    return answer(here, lambda conn: here.talk.stay_silent(conn, call_id, form.get("CallSid", "")))


@router.post(
    "/hold/{call_id}",
    operation_id="twilio_hold",
    summary="The line is held",
    response_class=Response,
    responses=TWIML,
    openapi_extra=documented(CALL),
)
def hold(
    here: Here,
    call_id: UUID,
    form: Signed,
    held: Annotated[int, Query(ge=0, le=100, description="How often it was held already.")] = 0,
) -> Response:
    """A little longer, for as long as they stay."""
    return answer(here, lambda conn: here.talk.hold(conn, call_id, form.get("CallSid", ""), held))


@router.post(
    "/status/{call_id}",
    operation_id="twilio_status",
    summary="News of a call",
    status_code=HTTPStatus.NO_CONTENT,
    responses=TAKEN,
    openapi_extra=documented({**CALL, "SequenceNumber": "2"}),
)
def status(here: Here, call_id: UUID, form: Signed) -> None:
    """Moves the call forward, never back; in any order, twice, or before our request was answered."""
    try:
        with here.change() as conn:
            here.calls.report(conn, call_id, form.get("CallSid", ""), form.get("CallStatus", ""))
    except UnknownCall:
        return


@router.post(
    "/amd/{call_id}",
    operation_id="twilio_amd",
    summary="A guess at who picked up",
    status_code=HTTPStatus.NO_CONTENT,
    responses=TAKEN,
    openapi_extra=documented({"CallSid": CALL["CallSid"], "AnsweredBy": "machine_start"}),
)
def amd(here: Here, call_id: UUID, form: Signed) -> None:
    """A hint for operators that it may be voicemail: it answers nothing and ends nothing."""
    try:
        with here.change() as conn:
            here.calls.detected(conn, call_id, form.get("AnsweredBy", ""))
    except UnknownCall:
        return


@router.post(
    "/sms/{message_id}",
    operation_id="twilio_sms",
    summary="News of an SMS",
    status_code=HTTPStatus.NO_CONTENT,
    responses=TAKEN,
    openapi_extra=documented(MESSAGE),
)
def sms(here: Here, message_id: UUID, form: Signed) -> None:
    """Moves the message forward, never back; a failure goes into the incident's record."""
    with here.change() as conn:
        messages.report(
            conn,
            here.incidents,
            message_id,
            sid=form.get("MessageSid", ""),
            status=form.get("MessageStatus", ""),
            code=form.get("ErrorCode", ""),
        )


@router.post(
    "/fallback/{call_id}",
    operation_id="twilio_fallback",
    summary="Our own answer did not come",
    response_class=Response,
    responses={200: TWIML[200]} | problems(),
)
def fallback(call_id: str) -> Response:
    """Words that need neither database nor signature, in both languages. The carrier ends the call after them.

    `inbound` in place of a call's id is for who rings us: the fallback address of our number.
    """
    return xml(twiml.fallback("broken_inbound" if call_id == "inbound" else "broken"))


def answer(here: Context, words: Callable[[Connection], str]) -> Response:
    """TwiML, once what it says is committed; about a call that is not ours, that all is taken care of."""
    try:
        with here.change() as conn:
            said = words(conn)
    except UnknownCall:
        said = twiml.farewell([spoken("handled", Language.JA)], Voice(Language.JA))
    return xml(said)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
