"""How devices do, without where they are."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query

from api import device_health
from api.auth import DeviceWatcher
from api.context import Here
from api.device_health import HealthList, HealthWanted
from api.errors import problems

router: Final = APIRouter(prefix="/v1", tags=["administration"])


@router.get(
    "/device_health",
    operation_id="list_device_health",
    summary="How devices do",
    responses=problems(401, 403),
)
def list_device_health(here: Here, _: DeviceWatcher, wanted: Annotated[HealthWanted, Query()]) -> HealthList:
    """What each last told of itself, in order of their ids, and the whole fleet in figures."""
    with here.transaction() as conn:
        return device_health.read(conn, wanted)
