"""For operators: what to read out for an ambulance, and photos from the scene."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from api.access import Reason, log_access
from api.auth import Operator, Reader
from api.context import Here
from api.errors import Problem, problems
from api.fields import BothLanguages
from api.views.dispatch import AmbulanceView, FireView
from incident.field import ambulance_request
from incident.places.place import Words
from incident.record.offers import SQL
from incident.service import UnknownIncident

router: Final = APIRouter(prefix="/v1", tags=["incidents"])


@router.get(
    "/incidents/{incident_id}/ambulance",
    operation_id="get_ambulance_request",
    summary="What to read out for an ambulance",
    responses=problems(401, 403, 404),
)
def get_ambulance_request(
    here: Here, who: Operator, incident_id: UUID, reason: Reason = None
) -> AmbulanceView:
    """The text, and the direct number of the fire headquarters in charge. The system itself never dials 119."""
    with here.transaction() as conn:
        found = ambulance_request.read(conn, incident_id, here.settings.twilio_from_number)
        if found is None:
            raise UnknownIncident(incident_id)
        log_access(conn, who, "incident.ambulance", str(incident_id), reason)
    return AmbulanceView(
        state=found.state,
        text=_both(found.text),
        hint=_both(found.hint),
        fire=[
            FireView(name=_both(fire.name), number=fire.number, source=fire.source, as_of=fire.as_of)
            for fire in found.fire
        ],
        fire_words=_both(found.fire_words),
        callback_number=found.callback_number,
    )


_PHOTO: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"image/jpeg": {"example": "the file itself"}},
        "description": "The photo as it was sent.",
    }
}


@router.get(
    "/photos/{photo_id}",
    operation_id="get_photo",
    summary="A photo from the scene",
    response_class=Response,
    responses=_PHOTO | problems(401, 403, 404),
)
def get_photo(here: Here, who: Reader, photo_id: UUID, reason: Reason = None) -> Response:
    """As it was sent, with what it says of place and time. The look-up is logged."""
    with here.transaction() as conn:
        row = conn.execute(SQL["photo"], {"photo_id": photo_id}).fetchone()
        if row is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such photo")
        log_access(conn, who, "photo.read", str(photo_id), reason)
    return Response(bytes(row["jpeg"]), media_type="image/jpeg")


def _both(said: Words) -> BothLanguages:
    return BothLanguages(ja=said.ja, en=said.en)
