"""Operators: impacts with the finding behind them, and their drawings."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import impacts, veil
from api.access import Reason, log_access
from api.auth import Reader
from api.context import Here
from api.errors import Problem, problems
from api.fields import ThingId
from api.impacts import NothingToDraw, UnknownImpact
from api.views.impact import ImpactDetail, ImpactList
from api.views.waveform import WaveformView
from schemas.incident import Language

router: Final = APIRouter(prefix="/v1/impacts", tags=["incidents"])
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_SVG: Final = "image/svg+xml"
_DRAWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The drawing.",
        "content": {
            _SVG: {
                "schema": {"type": "string"},
                "example": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 640">…</svg>',
            }
        },
    }
}


class Drawing(Response):
    """An SVG that may load, run and be nothing but itself."""

    media_type = _SVG

    def __init__(self, svg: str) -> None:
        styles = (hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(svg))
        allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in styles) or "'none'"
        policy = f"default-src 'none'; style-src {allowed}; frame-ancestors 'self'; sandbox"
        super().__init__(svg, headers={"Content-Security-Policy": policy})


@contextmanager
def _named() -> Generator[None]:
    try:
        yield
    except UnknownImpact:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such impact") from None
    except NothingToDraw:
        raise Problem(
            HTTPStatus.NOT_FOUND, "no motion is kept of this impact, so it cannot be drawn"
        ) from None


@router.get("", operation_id="list_impacts", summary="List impacts", responses=problems(401, 403))
def list_impacts(
    here: Here,
    who: Reader,
    device: Annotated[ThingId | None, Query(description="Only those of one device.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="Only those before this one (its id).")] = None,
) -> ImpactList:
    """Newest first, knocks included. The id of the last one as `before` gives the next page."""
    with here.transaction() as conn:
        try:
            found = impacts.page(conn, device, before=before, limit=limit)
        except UnknownImpact:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "query.before: there is no such impact") from None
    return ImpactList(impacts=[veil.impact(each, who) for each in found])


@router.get(
    "/{impact_id}",
    operation_id="get_impact",
    summary="Look an impact up",
    responses=problems(401, 403, 404),
)
def get_impact(here: Here, who: Reader, impact_id: UUID, reason: Reason = None) -> ImpactDetail:
    """All of one impact: the latest finding whole, its reasons in words, injury estimates by model.

    The look-up is logged with its reason.
    """
    with here.transaction() as conn, _named():
        found = impacts.detail(conn, impact_id)
        log_access(conn, who, "impact.read", str(impact_id), reason)
    return veil.impact(found, who)


@router.get(
    "/{impact_id}/waveform",
    operation_id="get_waveform",
    summary="What an impact felt like",
    responses=problems(401, 403, 404),
)
def get_waveform(here: Here, _: Reader, impact_id: UUID) -> WaveformView:
    """Ten seconds as one line, and the speed; 404 also where no motion is kept. It tells of no person and no place."""
    with here.transaction() as conn, _named():
        return impacts.waveform(conn, impact_id)


@router.get(
    "/{impact_id}/drawing.svg",
    operation_id="draw_impact",
    summary="Draw an impact",
    response_class=Response,
    responses=_DRAWN | problems(401, 403, 404),
)
def draw_impact(
    here: Here,
    who: Reader,
    impact_id: UUID,
    *,
    language: Annotated[Language, Query(description="Of the words in it.")] = Language.JA,
    reason: Reason = None,
) -> Drawing:
    """Motion from 10 s before to 20 s after, the velocity change, the speed, and where the force came from.

    404 also where no motion is kept. The look-up is logged with its reason.
    """
    with here.transaction() as conn, _named():
        svg = impacts.drawing(conn, impact_id, language)
        log_access(conn, who, "impact.draw", str(impact_id), reason)
    return Drawing(svg)
