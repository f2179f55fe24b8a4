"""Operators: who looks at the same incident now."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import sessions
from api.auth import Reader
from api.context import Here
from api.errors import problems
from api.fields import Nothing, examples

router: Final = APIRouter(prefix="/v1/incidents", tags=["incidents"])


class LookersView(BaseModel):
    """Who else looks."""

    model_config = examples({"lookers": ["mori"]})

    lookers: list[str] = Field(
        description="Names of those who said so within the last 15 s, without who asks."
    )


@router.post(
    "/{incident_id}/look",
    operation_id="look_at_incident",
    summary="Say that one looks at it",
    responses=problems(401, 403, 413),
)
def look_at_incident(here: Here, who: Reader, incident_id: UUID, _: Nothing | None = None) -> LookersView:
    """For as long as it is open on a screen, every few seconds; the answer tells who else does.

    A program that comes by a token is told, and not seen by others.
    """
    with here.transaction() as conn:
        if who.session is not None:
            sessions.look(conn, who.session, incident_id)
        return LookersView(lookers=sessions.lookers(conn, incident_id, but=who.name))
