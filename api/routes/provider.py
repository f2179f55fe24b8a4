"""Control centres that take work as a whole: what they were offered, and how it goes. Each sees only its own."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter

from api import field_units
from api.auth import FieldProvider
from api.context import Context, Here
from api.errors import problems
from api.field_units import FIELD
from api.fields import Nothing
from api.tokens import Identity
from api.views.field import AcceptRequest, CompleteRequest, DeclineRequest
from api.views.provider import ProviderAcceptRequest, ProviderWork
from incident.dispatch.states import asked_of_centre
from incident.field import units
from runtime.database import Connection
from schemas.incident import DispatchState, Language

router: Final = APIRouter(prefix="/v1/provider", tags=["providers"])
_REPORT: Final = problems(401, 403, 404, 409, 413)


@router.get(
    "/dispatches", operation_id="list_provider_work", summary="See one's work", responses=problems(401, 403)
)
def list_provider_work(here: Here, who: FieldProvider) -> ProviderWork:
    """What waits for an answer and what is under way, oldest first; for a centre that missed a message."""
    with here.transaction() as conn:
        return _work(conn, who.name)


@router.post(
    "/dispatches/{dispatch_id}/accept",
    operation_id="accept_provider_dispatch",
    summary="Take the work",
    responses=_REPORT,
)
def accept_provider_dispatch(
    here: Here, who: FieldProvider, dispatch_id: UUID, body: ProviderAcceptRequest
) -> ProviderWork:
    """Only now is the driver told that somebody comes. 409 when it ran out or another took it."""
    said = {"eta_s": body.eta_s, "crew": body.crew or None}
    return _report(here, who, dispatch_id, DispatchState.ACCEPTED, **said)


@router.post(
    "/dispatches/{dispatch_id}/decline",
    operation_id="decline_provider_dispatch",
    summary="Not take the work",
    responses=_REPORT,
)
def decline_provider_dispatch(
    here: Here, who: FieldProvider, dispatch_id: UUID, body: DeclineRequest | None = None
) -> ProviderWork:
    """Another is asked at once. Also after accepting, when nobody can come after all."""
    return _report(here, who, dispatch_id, DispatchState.DECLINED, reason=body.reason if body else "")


@router.post(
    "/dispatches/{dispatch_id}/en_route",
    operation_id="provider_sets_off",
    summary="Somebody is on the way",
    responses=_REPORT,
)
def provider_sets_off(
    here: Here, who: FieldProvider, dispatch_id: UUID, body: ProviderAcceptRequest | None = None
) -> ProviderWork:
    """With who it is and when they will be there, where that is known better by now."""
    said = {"crew": (body.crew or None) if body else None}
    work = _report(here, who, dispatch_id, DispatchState.EN_ROUTE, **said)
    if body is None or body.eta_s is None:
        return work
    return expect_provider_arrival(here, who, dispatch_id, AcceptRequest(eta_s=body.eta_s))


@router.post(
    "/dispatches/{dispatch_id}/eta",
    operation_id="expect_provider_arrival",
    summary="Tell a new time of arrival",
    responses=_REPORT,
)
def expect_provider_arrival(
    here: Here, who: FieldProvider, dispatch_id: UUID, body: AcceptRequest
) -> ProviderWork:
    """The driver hears it where it matters, and nobody is sent instead."""
    with here.change() as conn:
        units.expect(conn, here.incidents, asked_of_centre(who.name), dispatch_id, body.eta_s)
        return _work(conn, who.name)


@router.post(
    "/dispatches/{dispatch_id}/on_scene",
    operation_id="provider_arrives",
    summary="Somebody has arrived",
    responses=_REPORT,
)
def provider_arrives(
    here: Here, who: FieldProvider, dispatch_id: UUID, _: Nothing | None = None
) -> ProviderWork:
    """They are there. Looking after them is the centre's own task."""
    return _report(here, who, dispatch_id, DispatchState.ON_SCENE)


@router.post(
    "/dispatches/{dispatch_id}/secured",
    operation_id="provider_secures_scene",
    summary="The scene is secured",
    responses=_REPORT,
)
def provider_secures_scene(
    here: Here, who: FieldProvider, dispatch_id: UUID, _: Nothing | None = None
) -> ProviderWork:
    """Nobody is in danger of traffic any more, by the centre's own checklist."""
    return _report(here, who, dispatch_id, DispatchState.SECURED)


@router.post(
    "/dispatches/{dispatch_id}/complete",
    operation_id="complete_provider_dispatch",
    summary="Report and leave",
    responses=_REPORT,
)
def complete_provider_dispatch(
    here: Here, who: FieldProvider, dispatch_id: UUID, body: CompleteRequest
) -> ProviderWork:
    """The work is done."""
    return _report(here, who, dispatch_id, DispatchState.COMPLETED, words=body.report)


def _report(
    here: Context, who: Identity, dispatch_id: UUID, wanted: DispatchState, **said: Any
) -> ProviderWork:
    with here.change() as conn:
        units.report(conn, here.incidents, asked_of_centre(who.name), dispatch_id, wanted, **said)
        return _work(conn, who.name)


def _work(conn: Connection, provider_id: str) -> ProviderWork:
    rows = conn.execute(FIELD["work_of_provider"], {"provider_id": provider_id}).fetchall()
    asked = asked_of_centre(provider_id)
    found = [field_units.work(conn, row["dispatch_id"], asked, Language.JA) for row in rows]
    return ProviderWork(dispatches=[work for work in found if work is not None])
