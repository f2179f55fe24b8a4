"""The driver's telephone as a second detector: what its own crash detection felt.

Platforms tell an authorised app of a crash in the background (Apple's SafetyKit, `SACrashDetectionEvent`);
the app passes it on here, once or as often as it takes to be heard.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from api.auth import Driver
from api.context import Here
from api.errors import problems
from api.fields import Request, examples
from api.routes.driver import situation
from api.views.field import DriverSituation
from incident import service
from incident.service import Report
from runtime.sql import Queries
from schemas.impact import Position
from schemas.incident import Trigger

router: Final = APIRouter(prefix="/v1/driver", tags=["drivers"])
PHONE: Final = Queries("api", "phone.sql")
_LATE: Final = timedelta(seconds=120)
"""A telephone's clock is the network's, so this is no error of it: the event waited for a network."""


class PlaceRequest(Request):
    """Where the telephone was, in degrees."""

    lat_deg: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon_deg: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class PhoneCrashRequest(Request):
    """A crash the telephone has felt."""

    model_config = examples(
        {
            "event_id": "7d9f3a52-8a57-4c7e-9f5e-0a4a4a3c1b11",
            "at": "2026-11-24T22:14:05+09:00",
            "source": "safetykit",
            "place": {"lat_deg": 35.2323, "lon_deg": 139.1069},
        }
    )

    event_id: UUID
    at: AwareDatetime
    source: Annotated[str, Field(pattern="^[a-z0-9_-]{1,40}$")]
    place: PlaceRequest | None = None


@router.post(
    "/crash",
    operation_id="report_phone_crash",
    summary="Pass on the telephone's own crash detection",
    responses=problems(401, 403, 413),
)
def report_phone_crash(here: Here, who: Driver, body: PhoneCrashRequest) -> DriverSituation:
    """Opens an incident, or joins and may raise the open one of the car. The same event again changes nothing."""
    holder_id = UUID(who.name)
    key = {"holder_id": holder_id, "event_id": body.event_id}
    with here.change() as conn:
        conn.execute(PHONE["lock_phone_crash"], key)
        if conn.execute(PHONE["phone_crash"], key).fetchone() is None:
            now = service.now(conn)
            at: datetime = min(body.at, now)
            report = Report(
                device_id=service.device_of(conn, holder_id),
                trigger=Trigger.PHONE_CRASH,
                severity=None,
                at=at,
                late=now - at > _LATE,
                position=Position(body.place.lat_deg, body.place.lon_deg) if body.place else None,
                holder_id=holder_id,
            )
            filed = here.incidents.report(conn, report)
            conn.execute(
                PHONE["insert_phone_crash"],
                key
                | {
                    "at": at,
                    "source": body.source,
                    "late": report.late,
                    "lat_deg": body.place.lat_deg if body.place else None,
                    "lon_deg": body.place.lon_deg if body.place else None,
                    "incident_id": filed.incident_id,
                },
            )
        return situation(conn, who.name)
