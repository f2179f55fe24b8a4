"""Reads the record of one incident for its dossier, as of one moment."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from uuid import UUID

from api import impacts, policies
from api.context import SQL as API_SQL
from api.dossier.document import Dossier, Generated, LookUp, Record
from api.dossier.facts import DeviceFacts, ImpactFacts, IncidentFacts, PlaceOnRecord
from api.views.admin import VehicleView
from api.views.detail import ContractView
from incident.service import UnknownIncident, now
from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api.dossier", "record.sql")
MOST: Final = 20_000
"""Of each kind of thing no more is told."""
MOST_IMPACTS: Final = 20


def read(
    conn: Connection, incident_id: UUID, *, by: str, reason: str, masked: bool = False, needs: bool = True
) -> Dossier:
    """The dossier as of now. Raises UnknownIncident.

    `masked` is for readers outside; without `needs` injury estimates and special
    needs are left out. The caller's transaction should see one moment only (REPEATABLE READ), or its parts may not
    fit together.
    """
    record = read_record(conn, incident_id)
    if masked:
        record = record.masked()
    if not needs:
        record = record.without_needs()
    seen = conn.execute(_SQL["look_ups"], {"id": str(incident_id), "limit": MOST}).fetchall()
    generated = Generated(at=now(conn), by=by, reason=reason, software=_software())
    return Dossier.of(
        record, generated, [LookUp.model_validate(row) for row in seen], masked=masked, needs=needs
    )


def read_record(conn: Connection, incident_id: UUID) -> Record:
    """All that is on record. Raises UnknownIncident."""
    found = conn.execute(_SQL["incident"], {"id": incident_id}).fetchone()
    if found is None:
        raise UnknownIncident(incident_id)
    row: dict[str, Any] = found["incident"]
    incident = IncidentFacts.model_validate({**row, "rule": row["state"].get("rule")})
    counts = conn.execute(_SQL["counts"], {"id": incident_id}).fetchone() or {}
    told = {
        name: conn.execute(_SQL[name], {"id": incident_id, "limit": MOST}).fetchall()
        for name in ("events", "presses", "calls", "messages", "chat", "dispatches", "notes")
    }
    hardest = _impacts(conn, incident_id)
    shown = {name: len(rows) for name, rows in told.items()} | {"impacts": len(hardest)}
    return Record.model_validate(
        {
            "incident": incident,
            "place": _place(row),
            "contract": _contract(conn, row),
            "device": _device(row),
            "impacts": hardest,
            "plan": conn.execute(_SQL["plan"], {"version": row["plan_version"]}).fetchone(),
            "left_out": {name: counts[name] - many for name, many in shown.items() if counts[name] > many},
            **told,
        }
    )


def _place(row: dict[str, Any]) -> PlaceOnRecord | None:
    if row["lat_deg"] is None:
        return None
    said: dict[str, Any] = row.get("place") or {}
    return PlaceOnRecord(
        lat_deg=row["lat_deg"],
        lon_deg=row["lon_deg"],
        at=row["position_at"],
        words=said.get("words", {}),
        road=row.get("road"),
        fire=said.get("fire", []),
    )


def _contract(conn: Connection, row: dict[str, Any]) -> ContractView | None:
    policy = policies.read(conn, row["policy_id"]) if row["policy_id"] is not None else None
    if policy is None:
        return None
    vehicle = conn.execute(API_SQL["vehicle"], {"id": row["vehicle_id"]}).fetchone()
    return ContractView(
        policy_id=policy.id,
        valid_from=policy.valid_from,
        valid_to=policy.valid_to,
        holder=policy.holder,
        vehicle=VehicleView.model_validate(vehicle) if vehicle else None,
    )


def _device(row: dict[str, Any]) -> DeviceFacts | None:
    device_id = row["device_id"]
    return None if device_id is None else DeviceFacts(id=device_id, firmware=row.get("firmware") or None)


def _impacts(conn: Connection, incident_id: UUID) -> list[ImpactFacts]:
    rows = conn.execute(_SQL["hardest_impacts"], {"id": incident_id, "limit": MOST_IMPACTS}).fetchall()
    return [
        ImpactFacts.model_validate(
            {
                **impacts.detail(conn, row["id"]).model_dump(exclude={"explained"}),
                "uptime_ms": row["uptime_ms"],
                "motion": conn.execute(_SQL["motion"], {"id": row["id"]}).fetchall(),
                "fixes": conn.execute(_SQL["fixes"], {"id": row["id"]}).fetchall(),
            }
        )
        for row in rows
    ]


def _software() -> str:
    try:
        return version("connected-button")
    except PackageNotFoundError:
        return "?"
