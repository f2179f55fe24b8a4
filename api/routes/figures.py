"""Supervisors and administration: figures over many incidents, without anything personal."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api import live_figures, time_figures
from api.auth import FigureReader
from api.context import Here
from api.errors import problems
from api.figures import FalseAlarms, false_alarms
from api.live_figures import LiveFigures
from api.time_figures import Days, TimeFigures
from incident.service import now

router: Final = APIRouter(prefix="/v1/figures", tags=["incidents"])
_DEFAULT: Final = timedelta(days=90)


@router.get(
    "/false-alarms",
    operation_id="get_false_alarms",
    summary="How often which source was wrong",
    responses=problems(401, 403),
)
def get_false_alarms(
    here: Here,
    _: FigureReader,
    since: Annotated[
        AwareDatetime | None, Query(description="Of incidents closed since then. Default: the last 90 days.")
    ] = None,
) -> FalseAlarms:
    """By what opened the incident, and for each by firmware and by whether the device's mount was known.

    They rest on what operators said at closing; `n` tells how many that were.
    """
    with here.transaction() as conn:
        return false_alarms(conn, since or now(conn) - _DEFAULT)


@router.get(
    "/live", operation_id="get_live_figures", summary="How all stands now", responses=problems(401, 403)
)
def get_live_figures(here: Here, _: FigureReader) -> LiveFigures:
    """What is open and who has it, who waits, and whether the machine does its work."""
    with here.transaction() as conn:
        return live_figures.read(conn)


@router.get(
    "/times", operation_id="get_time_figures", summary="How long things took", responses=problems(401, 403)
)
def get_time_figures(
    here: Here, _: FigureReader, days: Annotated[Days, Query(description="1, 7 or 30.")] = Days.TODAY
) -> TimeFigures:
    """Until the first answer, an operator, and help: of the whole time, and by the hour or day."""
    with here.transaction() as conn:
        return time_figures.read(conn, days)
