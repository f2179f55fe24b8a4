"""Units in the field, and the work that is offered. Each function is part of the caller's transaction."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from api.errors import Problem
from api.views.admin import UnitRequest, UnitView
from api.views.field import CarView, CheckView, SceneView, UnitDispatchView
from incident.dispatch import handover
from incident.dispatch.brief import Brief, approach, dangers, words
from incident.field import briefing
from incident.record.offers import SQL as DISPATCH_SQL
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Fuel, Language

FIELD: Final = Queries("api", "field.sql")


def insert(conn: Connection, unit: UnitRequest) -> bool:
    """Take a unit in; whether it is new."""
    return conn.execute(FIELD["insert_unit"], _values(unit)).fetchone() is not None


def replace(conn: Connection, unit: UnitRequest) -> None:
    """Make a unit what is asked for. Raises Problem 404 where there is none."""
    if conn.execute(FIELD["replace_unit"], _values(unit)).fetchone() is None:
        raise _unknown(unit.id)


def read(conn: Connection, unit_id: str) -> UnitView:
    """A unit. Raises Problem 404."""
    row = conn.execute(FIELD["unit"], {"id": unit_id}).fetchone()
    if row is None:
        raise _unknown(unit_id)
    return UnitView.model_validate(row)


def page(conn: Connection, *, after: str, limit: int) -> list[UnitView]:
    """Units in order of their ids."""
    rows = conn.execute(FIELD["units"], {"after": after, "limit": limit}).fetchall()
    return [UnitView.model_validate(row) for row in rows]


def check_provider(conn: Connection, provider_id: str | None) -> None:
    """Raise Problem 409 unless a unit may belong to it."""
    if provider_id is None:
        return
    row = conn.execute(FIELD["provider"], {"id": provider_id}).fetchone()
    if row is None or row["mode"] != "units":
        raise Problem(
            HTTPStatus.CONFLICT, f"there is no provider {provider_id} whose units are asked one by one"
        )


def work(conn: Connection, dispatch_id: UUID, asked: str, language: Language) -> UnitDispatchView | None:
    """A dispatch as whoever was asked sees it; None where it is not, or no longer, theirs."""
    brief = briefing.read(conn, dispatch_id, asked)
    if brief is None or brief.offer not in ("open", "accepted"):
        return None
    side = approach(brief.heading_deg)
    checks = conn.execute(DISPATCH_SQL["checks"], {"id": dispatch_id}).fetchall()
    return UnitDispatchView(
        id=brief.dispatch_id,
        offer_id=brief.offer_id,
        kind=brief.kind,
        state=brief.state,
        offer_expires_at=brief.expires_at if brief.offer == "open" else None,
        eta_at=brief.eta_at,
        text=words(brief, language),
        reminder=brief.reminder,
        reminder_at=brief.reminder_at,
        checklist=[CheckView.model_validate(check) for check in checks],
        incident=SceneView(
            id=brief.incident_id,
            severity=brief.severity,
            occurred_at=brief.occurred_at,
            lat_deg=brief.position.lat_deg if brief.position else None,
            lon_deg=brief.position.lon_deg if brief.position else None,
            place=brief.place.in_language(language) if brief.place else None,
            road=brief.road,
            heading_deg=brief.heading_deg,
            approach=side.in_language(language) if side else None,
            dangers=dangers(brief).in_language(language),
            vehicle=_car(brief),
        ),
    )


def dispatches(conn: Connection, incident_id: UUID) -> list[dict[str, Any]]:
    """Every dispatch of an incident with all that is known of it, for operators."""
    found: list[dict[str, Any]] = []
    for row in conn.execute(FIELD["incident_dispatches"], {"id": incident_id}).fetchall():
        key = {"id": row["id"]}
        checks = conn.execute(DISPATCH_SQL["checks"], key).fetchall()
        photos = conn.execute(DISPATCH_SQL["photos"], key).fetchall()
        said = handover.summary(handover.Done.of(row, checks, len(photos)))
        found.append(row | {"checklist": checks, "photos": photos, "summary": {"ja": said.ja, "en": said.en}})
    return found


def _car(brief: Brief) -> CarView | None:
    car = brief.car
    if car is None:
        return None
    fuel = Fuel(car.fuel) if car.fuel else None
    return CarView(plate=car.plate, model=car.model, colour=car.colour, fuel=fuel)


def _values(unit: UnitRequest) -> dict[str, Any]:
    return unit.model_dump(exclude={"kind"}) | {"skills": unit.able}


def _unknown(unit_id: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"there is no unit {unit_id}")
