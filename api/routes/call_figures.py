"""Figures for people at the desk."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api import call_figures
from api.auth import DeskWatcher
from api.context import Here
from api.errors import problems
from api.views.call_figures import CallFiguresView, CarrierView, WaitingView

router: Final = APIRouter(prefix="/v1/figures", tags=["incidents"])


@router.get("/calls", operation_id="call_figures", summary="See how calls do", responses=problems(401, 403))
def see_call_figures(here: Here, _: DeskWatcher) -> CallFiguresView:
    """Calls that wait in our own queue, the most urgent first, for how long still, and how the carrier does."""
    with here.transaction() as conn:
        found = call_figures.read(conn, here.settings)
    return CallFiguresView(
        calls_per_s=found.calls_per_s,
        started_last_minute=found.started_last_minute,
        carrier=CarrierView(
            state=found.carrier.state, since=found.carrier.since, succeeded_at=found.carrier.succeeded_at
        ),
        queue=[
            WaitingView(
                urgency=one.urgency.name.lower(),
                waiting=one.waiting,
                longest_wait_s=round(one.longest_s, 1),
                predicted_wait_s=None if one.predicted_s is None else round(one.predicted_s, 1),
            )
            for one in found.queue
        ],
    )
