"""The carrier's webhooks. What they change is committed before the words of the answer go out.

If the database cannot be reached the answer is 503: the carrier asks again, which our
addresses ask it to do, and a call is not told something that was not recorded.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from api import messages
from api.context import Context, Here
from api.errors import Problem, problems
from incident import twiml
from incident.calls import Links, UnknownCall
from incident.telephony import TRY_WEBHOOK_AGAIN
from schemas.incident import Language

router: Final = APIRouter(prefix="/twilio", tags=["carrier"])
_SIGNATURE: Final = "X-Twilio-Signature"
_MOST_FIELDS: Final = 200

Form = ImmutableMultiDict[str, str]


async def _signed_form(request: Request, here: Here) -> Form:
    """The form of a request that the carrier has signed. Raises Problem 400 or 403."""
    token = here.settings.twilio_auth_token.get_secret_value()
    try:
        body = (await request.body()).decode("utf-8")
        form = Form(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "the form cannot be read") from None
    address = here.settings.api_url + request.scope["raw_path"].decode("latin-1")
    if request.scope["query_string"]:
        address += "?" + request.scope["query_string"].decode("latin-1")
    signature = request.headers.get(_SIGNATURE, "")
    # Without a token of ours anybody could sign.
    if not token or not RequestValidator(token).validate(address, form, signature):
        raise Problem(HTTPStatus.FORBIDDEN, "the signature does not fit")
    return form


Signed = Annotated[Form, Depends(_signed_form)]


def _documented(example: dict[str, str]) -> dict[str, Any]:
    """The form a webhook brings, and its signature, for the documentation."""
    properties = {name: {"type": "string"} for name in example}
    return {
        "parameters": [
            {
                "name": _SIGNATURE,
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": "Twilio's signature over the exact public address and the form.",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "properties": properties, "required": list(example)},
                    "example": example,
                }
            },
        },
    }


_TWIML: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "TwiML. A call that is not known hears that the matter is taken care of.",
        "content": {
            "application/xml": {
                "schema": {"type": "string"},
                "example": '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /></Response>',
            }
        },
    }
} | problems(400, 403, 413)
_TAKEN: Final[dict[int | str, dict[str, Any]]] = {204: {"description": "Taken."}} | problems(400, 403, 413)
_CALL: Final = {"CallSid": "CA0f3c524f0e4d0a9a516d9f4a3a1c1101", "CallStatus": "in-progress"}
_MESSAGE: Final = {"MessageSid": "SM0f3c524f0e4d0a9a516d9f4a3a1c1101", "MessageStatus": "delivered"}


@router.post(
    "/voice/{call_id}",
    operation_id="twilio_voice",
    summary="Somebody picked up",
    response_class=Response,
    responses=_TWIML,
    openapi_extra=_documented(_CALL),
)
def voice(here: Here, call_id: UUID, form: Signed) -> Response:
    """The first words of a call, and the keys."""
    try:
        with here.change() as conn:
            words = here.calls.greet(conn, call_id, form.get("CallSid", ""), _links(here, call_id))
    except UnknownCall:
        return _farewell()
    return _xml(words)


@router.post(
    "/gather/{call_id}",
    operation_id="twilio_gather",
    summary="A key was pressed",
    response_class=Response,
    responses=_TWIML,
    openapi_extra=_documented({**_CALL, "Digits": "2"}),
)
def gather(here: Here, call_id: UUID, form: Signed) -> Response:
    """The answer is recorded, then confirmed."""
    try:
        with here.change() as conn:
            words = here.calls.press(
                conn, call_id, form.get("CallSid", ""), form.get("Digits", ""), _links(here, call_id)
            )
    except UnknownCall:
        return _farewell()
    return _xml(words)


@router.post(
    "/silent/{call_id}",
    operation_id="twilio_silent",
    summary="Nothing was pressed",
    response_class=Response,
    responses=_TWIML,
    openapi_extra=_documented(_CALL),
)
def silent(here: Here, call_id: UUID, form: Signed) -> Response:
    """Operators are called to the line, and it is held."""
    try:
        with here.change() as conn:
            words = here.calls.stay_silent(conn, call_id, form.get("CallSid", ""), _links(here, call_id))
    except UnknownCall:
        return _farewell()
    return _xml(words)


@router.post(
    "/hold/{call_id}",
    operation_id="twilio_hold",
    summary="The line is held",
    response_class=Response,
    responses=_TWIML,
    openapi_extra=_documented(_CALL),
)
def hold(
    here: Here,
    call_id: UUID,
    form: Signed,
    held: Annotated[int, Query(ge=0, le=100, description="How often it was held already.")] = 0,
) -> Response:
    """A little longer, and at last the promise to ring back."""
    try:
        with here.change() as conn:
            # Sent by the carrier once a bridge to a person has ended.
            talked = form.get("DialCallStatus") == "completed"
            words = here.calls.hold(conn, call_id, _links(here, call_id), held=held, talked=talked)
    except UnknownCall:
        return _farewell()
    return _xml(words)


@router.post(
    "/status/{call_id}",
    operation_id="twilio_status",
    summary="News of a call",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_TAKEN,
    openapi_extra=_documented({**_CALL, "SequenceNumber": "2"}),
)
def status(here: Here, call_id: UUID, form: Signed) -> None:
    """Moves the call forward, never back; in any order, twice, or before our request was answered."""
    try:
        with here.change() as conn:
            here.calls.report(conn, call_id, form.get("CallSid", ""), form.get("CallStatus", ""))
    except UnknownCall:
        return


@router.post(
    "/sms/{message_id}",
    operation_id="twilio_sms",
    summary="News of an SMS",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_TAKEN,
    openapi_extra=_documented(_MESSAGE),
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


def _links(here: Context, call_id: UUID) -> Links:
    base = here.settings.api_url + "/twilio"
    return Links(
        gather_url=f"{base}/gather/{call_id}{TRY_WEBHOOK_AGAIN}",
        silent_url=f"{base}/silent/{call_id}{TRY_WEBHOOK_AGAIN}",
        hold_url=f"{base}/hold/{call_id}{TRY_WEBHOOK_AGAIN}",
        connect_to="",
    )


def _xml(words: str) -> Response:
    return Response(words, media_type="application/xml")


def _farewell() -> Response:
    return _xml(twiml.handled(Language.JA))
