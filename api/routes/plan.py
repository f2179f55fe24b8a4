"""The escalation plan in all its versions: to be read. It is changed by `cbutton plan activate`."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from api.auth import PlanReader
from api.context import Here
from api.errors import Problem, problems
from api.fields import BothLanguages
from api.views.plan import PlanVersion, PlanVersions, PlanView
from incident.plan.diff import differences
from incident.plan.picture import draw
from incident.plan.plan import Plan, read_plan
from incident.plan.store import Stored, UnknownPlan, stored, versions
from runtime.database import Connection
from schemas.incident import Language

router: Final = APIRouter(prefix="/v1/plans", tags=["administration"])
_LARGEST: Final = 2**31 - 1
_ONE: Final = problems(401, 403, 404)
Version = Annotated[int, Path(ge=1, le=_LARGEST)]


@router.get("", operation_id="list_plans", summary="List escalation plans", responses=problems(401, 403))
def list_plans(here: Here, _: PlanReader) -> PlanVersions:
    """Every version that was ever active, the present one first."""
    with here.transaction() as conn:
        found = versions(conn)
    return PlanVersions(
        plans=[
            PlanVersion(
                version=one.version,
                active=number == 0,
                activated_at=one.activated_at,
                actor=one.actor,
                reason=one.reason,
            )
            for number, one in enumerate(found)
        ]
    )


@router.get("/{version}", operation_id="get_plan", summary="Read an escalation plan", responses=_ONE)
def get_plan(
    here: Here,
    _: PlanReader,
    version: Version,
    compare: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="Tell what differs from this version.")
    ] = None,
) -> PlanView:
    """As its author wrote it, and on request what it does differently from another."""
    with here.transaction() as conn:
        plan = _stored(conn, version)
        other = None if compare is None else _stored(conn, compare)
    return PlanView(
        version=plan.version,
        toml=plan.toml,
        compared_with=compare,
        differences=None if other is None else _differences(read_plan(other.toml), read_plan(plan.toml)),
    )


@router.get(
    "/{version}/picture",
    operation_id="draw_plan",
    summary="Draw an escalation plan",
    responses={
        200: {
            "content": {"image/svg+xml": {"schema": {"type": "string"}, "example": "<svg>…</svg>"}},
            "description": "A drawing.",
        }
    }
    | _ONE,
    response_class=Response,
)
def draw_plan(here: Here, _: PlanReader, version: Version, language: Language = Language.JA) -> Response:
    """For each rule what is done when, over one axis of time. SVG, light or dark as the page that shows it."""
    with here.transaction() as conn:
        plan = _stored(conn, version)
    return Response(_drawn(plan.toml, language), media_type="image/svg+xml")


def _differences(before: Plan, after: Plan) -> list[BothLanguages]:
    ja, en = (differences(before, after, language) for language in Language)
    return [BothLanguages(ja=one, en=other) for one, other in zip(ja, en, strict=True)]


@lru_cache(maxsize=16)
def _drawn(toml: str, language: Language) -> str:
    return draw(read_plan(toml), language)


def _stored(conn: Connection, version: int) -> Stored:
    try:
        return stored(conn, version)
    except UnknownPlan as error:
        raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
