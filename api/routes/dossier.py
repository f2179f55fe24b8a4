"""Operators: the dossier of an incident, as JSON and as a document to print."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.access import Reason, actor, log_access, spoken_reason
from api.auth import Admitted, Reader
from api.context import Context, Here
from api.dossier.document import Dossier
from api.dossier.layout import lay_out
from api.dossier.outline import prefectures
from api.dossier.reading import read
from api.dossier.render import Busy, NotRendered, render
from api.errors import Problem, problems
from api.rights import Right
from schemas.incident import Language

router: Final = APIRouter(prefix="/v1/incidents/{incident_id}", tags=["incidents"])
_DENIED: Final = (401, 403, 404)
_PDF: Final = "application/pdf"
_PRINTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The document, PDF/A-3, with the same content attached as JSON.",
        "content": {_PDF: {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7…"}},
    }
}
Masked = Annotated[
    bool,
    Query(
        description="For readers outside: the last four digits of numbers, no year of birth, no e-mail address."
    ),
]


@router.get(
    "/dossier",
    operation_id="get_dossier",
    summary="Export all that is on record",
    response_model=Dossier,
    responses=problems(*_DENIED),
)
def get_dossier(
    here: Here, who: Reader, incident_id: UUID, *, masked: Masked = False, reason: Reason = None
) -> Response:
    """Evidence, every event, call and message, dispatches, notes, and who looked at it, as of one moment.

    The export is logged with its reason, and tells of itself among the look-ups.
    """
    return Response(
        _read(here, who, incident_id, reason, masked=masked).json_bytes(), media_type="application/json"
    )


@router.get(
    "/dossier.pdf",
    operation_id="print_dossier",
    summary="Print all that is on record",
    response_class=Response,
    responses=_PRINTED | problems(*_DENIED),
)
def print_dossier(
    here: Here,
    who: Reader,
    incident_id: UUID,
    *,
    language: Annotated[Language, Query(description="Of the words in it.")] = Language.JA,
    masked: Masked = False,
    reason: Reason = None,
) -> Response:
    """The same as a document of A4 pages. 503 while many are being made, or when it takes too long.

    The export is logged with its reason. The digest at the foot of each page is that of the JSON's `record`.
    """
    dossier = _read(here, who, incident_id, reason, masked=masked)
    settings = here.settings
    insurer = settings.insurer_ja if language is Language.JA else settings.insurer_en
    try:
        pdf = render(lay_out(dossier, insurer, prefectures(), language), dossier.json_bytes())
    except Busy as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "10"}) from None
    except NotRendered as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"it could not be printed: {error}") from None
    name = f"dossier-{incident_id}-{language}.pdf"
    return Response(pdf, media_type=_PDF, headers={"Content-Disposition": f'inline; filename="{name}"'})


def _read(here: Context, who: Admitted, incident_id: UUID, reason: str | None, *, masked: bool) -> Dossier:
    with here.snapshot() as conn:
        log_access(conn, who, "incident.dossier", str(incident_id), reason)
        return read(
            conn,
            incident_id,
            by=actor(who),
            reason=spoken_reason(reason),
            masked=masked,
            needs=who.may(Right.SEE_NEEDS),
        )
