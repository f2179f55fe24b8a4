"""Policies in the database: read, created, replaced. Each function is part of the caller's transaction."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from api.context import SQL
from api.errors import Problem
from api.views.admin import (
    ContactView,
    HolderRequest,
    HolderView,
    PolicyRequest,
    PolicyView,
    VehicleView,
)
from runtime.database import Connection
from schemas.incident import Reach

_Found = TypeVar("_Found")


def read(conn: Connection, policy_id: str) -> PolicyView | None:
    """A policy with its holder and its present cars; None if there is none."""
    row = conn.execute(SQL["policy"], {"id": policy_id}).fetchone()
    if row is None:
        return None
    key = {"holder_id": row["holder_id"]}
    phones = conn.execute(SQL["holder_phones"], key).fetchall()
    contacts = conn.execute(SQL["holder_contacts"], key).fetchall()
    vehicles = conn.execute(SQL["policy_vehicles"], {"id": policy_id}).fetchall()
    return PolicyView(
        id=row["id"],
        holder_id=row["holder_id"],
        holder=HolderView(
            id=row["holder_id"],
            name=row["name"],
            language=row["language"],
            birth_year=row["birth_year"],
            email=row["email"],
            email_agreed_on=row["email_agreed_on"],
            reach=row["reach"],
            reach_consent_at=row["reach_consent_at"],
            phones=[phone["number"] for phone in phones],
            emergency_contacts=[ContactView.model_validate(contact) for contact in contacts],
        ),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        vehicles=[VehicleView.model_validate(vehicle) for vehicle in vehicles],
    )


def create(conn: Connection, policy: PolicyRequest) -> tuple[PolicyView, bool]:
    """Make a policy; the same once more is no error. Whether it is new comes with it.

    Raises Problem 409 when there is one of that id with other content.
    """
    conn.execute(SQL["lock_policy"], {"id": policy.id})
    existing = read(conn, policy.id)
    policy = _with_need(policy, existing)
    if existing is not None:
        if _content(existing) != _sorted(policy):
            raise Problem(
                HTTPStatus.CONFLICT, f"policy {policy.id} exists with other content: PUT replaces it"
            )
        return existing, False
    row = conn.execute(SQL["insert_holder"], _person(policy.holder)).fetchone()
    holder_id: UUID = _present(row)["id"]
    conn.execute(
        SQL["insert_policy"],
        {
            "id": policy.id,
            "holder_id": holder_id,
            "valid_from": policy.valid_from,
            "valid_to": policy.valid_to,
        },
    )
    _write_reach(conn, holder_id, policy.holder)
    _write_vehicles(conn, policy)
    return _present(read(conn, policy.id)), True


def replace(conn: Connection, policy: PolicyRequest) -> tuple[PolicyView, bool]:
    """Make a policy what is asked for, keeping the ids of its holder and of cars that stay.

    Raises Problem 409 while a device rides in a car that shall leave.
    """
    conn.execute(SQL["lock_policy"], {"id": policy.id})
    existing = read(conn, policy.id)
    if existing is None:
        return create(conn, policy)
    policy = _with_need(policy, existing)
    conn.execute(
        SQL["update_policy"],
        {"id": policy.id, "valid_from": policy.valid_from, "valid_to": policy.valid_to},
    )
    conn.execute(SQL["update_holder"], {"holder_id": existing.holder_id} | _person(policy.holder))
    _write_reach(conn, existing.holder_id, policy.holder)
    _write_vehicles(conn, policy)
    return _present(read(conn, policy.id)), False


def _with_need(policy: PolicyRequest, existing: PolicyView | None) -> PolicyRequest:
    """The same with how its holder is reached filled in where it is left as it is."""
    if policy.holder.reach is not None:
        return policy
    kept = {"reach": Reach.VOICE, "reach_consent_at": None}
    if existing is not None:
        kept = existing.holder.model_dump(include={"reach", "reach_consent_at"})
    return policy.model_copy(update={"holder": policy.holder.model_copy(update=kept)})


def _person(holder: HolderRequest) -> dict[str, Any]:
    return holder.model_dump(exclude={"phones", "emergency_contacts"})


def _write_reach(conn: Connection, holder_id: UUID, holder: HolderRequest) -> None:
    key = {"holder_id": holder_id}
    conn.execute(SQL["delete_phones"], key)
    conn.execute(SQL["delete_contacts"], key)
    for rank, number in enumerate(holder.phones, start=1):
        conn.execute(SQL["insert_phone"], key | {"number": number, "rank": rank})
    for rank, contact in enumerate(holder.emergency_contacts, start=1):
        conn.execute(SQL["insert_contact"], key | contact.model_dump() | {"rank": rank})


def _write_vehicles(conn: Connection, policy: PolicyRequest) -> None:
    rows = conn.execute(SQL["known_vehicles"], {"id": policy.id}).fetchall()
    known = {row["plate"]: row["id"] for row in rows}
    for vehicle in policy.vehicles:
        values = vehicle.model_dump()
        if vehicle.plate in known:
            conn.execute(SQL["update_vehicle"], values | {"id": known[vehicle.plate]})
        else:
            conn.execute(SQL["insert_vehicle"], values | {"policy_id": policy.id})
    key = {"policy_id": policy.id}
    conn.execute(SQL["retire_vehicles"], key | {"plates": [vehicle.plate for vehicle in policy.vehicles]})
    device = conn.execute(SQL["devices_in_retired_vehicles"], key).fetchone()
    if device is not None:
        raise Problem(
            HTTPStatus.CONFLICT,
            f"device {device['id']} still rides in {device['plate']}: revoke the device first",
        )


def _content(policy: PolicyView) -> PolicyRequest:
    return PolicyRequest.model_validate(
        policy.model_dump(exclude={"holder_id": True, "holder": {"id"}, "vehicles": {"__all__": {"id"}}})
    )


def _sorted(policy: PolicyRequest) -> PolicyRequest:
    by_plate = sorted(policy.vehicles, key=lambda vehicle: vehicle.plate)
    return policy.model_copy(update={"vehicles": by_plate})


def _present(found: _Found | None) -> _Found:
    if found is None:
        raise AssertionError("a row that was just written is missing")
    return found
