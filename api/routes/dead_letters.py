"""What devices sent and could not be read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from api import dead_letters
from api.access import Reason, log_access
from api.auth import DeadLetterReader
from api.context import Here
from api.dead_letters import Letter, LetterList
from api.errors import Problem, problems
from api.fields import ThingId, Words
from api.tokens import Identity
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/dead_letters", tags=["administration"])
_LARGEST: Final = 2**63 - 1
LetterId = Annotated[int, Path(ge=1, le=_LARGEST)]


@router.get(
    "", operation_id="list_dead_letters", summary="List what could not be read", responses=problems(401, 403)
)
def list_dead_letters(
    here: Here,
    _: DeadLetterReader,
    *,
    before: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="The id of the last one seen.")
    ] = None,
    device_id: Annotated[ThingId | None, Query(description="Of one device only.")] = None,
    reason: Annotated[Words | None, Query(description="Of one reason only.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LetterList:
    """Messages that could not be read, newest first, and how many there are of each reason."""
    with here.transaction() as conn:
        return dead_letters.page(conn, before=before, device_id=device_id, reason=reason, limit=limit)


@router.get(
    "/{letter_id}",
    operation_id="get_dead_letter",
    summary="Look at one that could not be read",
    responses=problems(401, 403, 404),
)
def get_dead_letter(here: Here, who: DeadLetterReader, letter_id: LetterId, reason: Reason = None) -> Letter:
    """It may hold where a car was: looking at it is logged."""
    with here.transaction() as conn:
        letter, _ = _read(conn, who, letter_id, reason)
    return letter


@router.get(
    "/{letter_id}/payload",
    operation_id="get_dead_letter_payload",
    summary="Take its payload away as a file",
    responses={
        200: {
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "the bytes as they came",
                }
            },
            "description": "What is kept of it.",
        }
    }
    | problems(401, 403, 404),
    response_class=Response,
)
def get_payload(here: Here, who: DeadLetterReader, letter_id: LetterId, reason: Reason = None) -> Response:
    """The bytes that are kept of it. It is logged."""
    with here.transaction() as conn:
        _, payload = _read(conn, who, letter_id, reason)
    return Response(
        payload,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="dead-letter-{letter_id}.bin"'},
    )


def _read(conn: Connection, who: Identity, letter_id: int, reason: str | None) -> tuple[Letter, bytes]:
    found = dead_letters.read(conn, letter_id)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such message, or no longer")
    log_access(conn, who, "dead_letter.read", str(letter_id), reason)
    return found
