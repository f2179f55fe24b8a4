"""The driver's app: one's own incident, what comes to help, and the answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter

from api.answer_page import choices_of
from api.auth import Driver
from api.commands import AnswerRequest
from api.context import SQL, Here
from api.errors import Problem, problems
from api.field_units import FIELD
from api.views.field import DriverIncidentView, DriverMessage, DriverSituation, HelpView
from incident.channels import answering
from runtime.database import Connection
from schemas.incident import CallParty

router: Final = APIRouter(prefix="/v1/driver", tags=["drivers"])


@router.get(
    "/incident", operation_id="get_own_incident", summary="See one's incident", responses=problems(401, 403)
)
def get_own_incident(here: Here, who: Driver) -> DriverSituation:
    """The newest incident of this policyholder that is not closed, or null."""
    with here.transaction() as conn:
        return situation(conn, who.name)


@router.post(
    "/incidents/{incident_id}/answer",
    operation_id="answer_own_incident",
    summary="Say how one is",
    responses=problems(401, 403, 404, 409, 413),
)
def answer_own_incident(here: Here, who: Driver, incident_id: UUID, body: AnswerRequest) -> DriverSituation:
    """Counts as the driver's answer. After the end, who is not fine opens a new incident, which is answered then.

    409 where that was a day ago or more: nobody has heard it then.
    """
    key = {"holder_id": who.name, "id": incident_id}
    with here.change() as conn:
        if conn.execute(SQL["one_driver_incident"], key).fetchone() is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such incident")
        heard_in = answering.take(conn, here.incidents, incident_id, CallParty.DRIVER, body.answer, via="app")
        row = conn.execute(SQL["one_driver_incident"], key | {"id": heard_in}).fetchone()
        return DriverSituation(incident=_view(conn, row) if row is not None else None)


def situation(conn: Connection, holder_id: str) -> DriverSituation:
    """The newest open incident of a policyholder, as they see it."""
    row = conn.execute(SQL["driver_incident"], {"holder_id": holder_id}).fetchone()
    return DriverSituation(incident=_view(conn, row) if row is not None else None)


def _view(conn: Connection, row: dict[str, Any]) -> DriverIncidentView:
    key = {"id": row["id"]}
    help_row = conn.execute(FIELD["driver_help"], key).fetchone()
    messages = conn.execute(SQL["driver_messages"], key).fetchall()
    return DriverIncidentView(
        **row,
        choices=choices_of(row),
        help=HelpView.model_validate(help_row) if help_row is not None else None,
        messages=[DriverMessage.model_validate(message) for message in messages],
    )
