"""For operators: what lies around an incident, and what its impact felt like."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter

from api import surroundings
from api.access import Reason, log_access_once
from api.auth import Reader
from api.context import Here
from api.errors import problems
from api.rights import Right
from api.views.surroundings import SurroundingsView

router: Final = APIRouter(prefix="/v1/incidents", tags=["incidents"])


@router.get(
    "/{incident_id}/surroundings",
    operation_id="get_surroundings",
    summary="What lies around an incident",
    responses=problems(401, 403, 404),
)
def get_surroundings(here: Here, who: Reader, incident_id: UUID, reason: Reason = None) -> SurroundingsView:
    """The car's track, units with their expected arrival, hospitals and police.

    Meant to be asked again every few seconds: the look-up is logged once in five minutes.
    """
    with here.transaction() as conn:
        found = surroundings.read(conn, incident_id, with_units=who.may(Right.SEE_UNITS))
        log_access_once(conn, who, "incident.surroundings", str(incident_id), reason)
    return found
