"""Open to everybody who reaches the port: is it up, is it ready, and how does it do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.context import Here
from api.errors import Problem, problems
from api.views.admin import HealthView
from runtime import migrate

router: Final = APIRouter(tags=["health"])
_WAIT_S: Final = 1.0
_MIGRATIONS: Final = migrate.available()


@router.get("/healthz", operation_id="healthz", summary="Is the process up?")
async def healthz() -> HealthView:
    """Answers as long as the process runs; says nothing of the database."""
    return HealthView()


@router.get("/readyz", operation_id="readyz", summary="Can it do its work?", responses={503: problems()[503]})
def readyz(here: Here, request: Request) -> HealthView:
    """Whether the database answers and has the shape this code expects, and all threads run."""
    with here.transaction(wait_s=_WAIT_S) as conn:
        try:
            lacking = migrate.pending(conn, _MIGRATIONS)
        except migrate.MigrationError as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
    if lacking:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"the database lacks migration {lacking[0]}")
    if not all(thread.alive for thread in request.app.state.threads):
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "a thread of this process has ended")
    return HealthView()


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"example": 'cbutton_open_incidents{phase="reaching"} 2.0\n'}},
        }
    },
)
def metrics(request: Request) -> Response:
    """Requests of this process; and of the whole system incidents, timers, outbox, queue, dead letters."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
