"""What all webhooks of the carrier have in common: the signature, and how they are documented.

What a webhook changes is committed before the words of the answer go out. If the database cannot be reached
the answer is 503: the carrier asks again, which our addresses ask it to do, and then asks our fallback address;
nobody is told something that was not recorded.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from api.context import Here
from api.errors import Problem, problems

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


def documented(example: dict[str, str]) -> dict[str, Any]:
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


TWIML: Final[dict[int | str, dict[str, Any]]] = {
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
TAKEN: Final[dict[int | str, dict[str, Any]]] = {204: {"description": "Taken."}} | problems(400, 403, 413)
CALL: Final = {"CallSid": "CA0f3c524f0e4d0a9a516d9f4a3a1c1101", "CallStatus": "in-progress"}
MESSAGE: Final = {"MessageSid": "SM0f3c524f0e4d0a9a516d9f4a3a1c1101", "MessageStatus": "delivered"}


def xml(words: str) -> Response:
    """TwiML as the carrier takes it."""
    return Response(words, media_type="application/xml")
