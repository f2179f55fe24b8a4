"""Administration: policies, devices and units."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Query, Response

from api import devices, field_units, policies, veil
from api.access import Reason, log_access
from api.auth import Admin, DeviceWatcher, UnitChief, UnitWatcher
from api.context import Here
from api.errors import Problem, problems
from api.fields import PolicyId, ThingId
from api.views.admin import (
    DeviceList,
    DeviceRequest,
    DeviceView,
    PolicyRequest,
    PolicyView,
    UnitList,
    UnitRequest,
    UnitView,
)

router: Final = APIRouter(prefix="/v1", tags=["administration"])
_DENIED: Final = (401, 403)
_View = TypeVar("_View")


@router.post(
    "/policies",
    operation_id="create_policy",
    summary="Take a policy in",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": PolicyView, "description": "It was there already."}}
    | problems(*_DENIED, 409, 413),
)
def create_policy(here: Here, who: Admin, body: PolicyRequest, response: Response) -> PolicyView:
    """A policy with its holder, phones, emergency contacts and cars; the same again answers 200."""
    with here.transaction() as conn:
        view, made = policies.create(conn, body)
    return _with_status(veil.policy(view, who), response, made=made)


@router.get(
    "/policies/{policy_id}",
    operation_id="get_policy",
    summary="Look a policy up",
    responses=problems(*_DENIED, 404),
)
def get_policy(here: Here, who: Admin, policy_id: PolicyId, reason: Reason = None) -> PolicyView:
    """A policy as it is kept. The look-up is logged."""
    with here.transaction() as conn:
        view = policies.read(conn, policy_id)
        if view is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no policy {policy_id}")
        log_access(conn, who, "policy.read", policy_id, reason)
    return veil.policy(view, who)


@router.put(
    "/policies/{policy_id}",
    operation_id="replace_policy",
    summary="Replace a policy",
    responses={201: {"model": PolicyView, "description": "It is new."}} | problems(*_DENIED, 409, 413),
)
def replace_policy(
    here: Here, who: Admin, policy_id: PolicyId, body: PolicyRequest, response: Response
) -> PolicyView:
    """What is not named any more is gone. Holder and cars that stay (by plate) keep their ids."""
    if body.id != policy_id:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"body.id is {body.id}, the address says {policy_id}")
    with here.transaction() as conn:
        view, made = policies.replace(conn, body)
    return _with_status(veil.policy(view, who), response, made=made)


@router.post(
    "/devices",
    operation_id="provision_device",
    summary="Let a device in",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": DeviceView, "description": "It was there already."}}
    | problems(*_DENIED, 409, 413),
)
def provision_device(here: Here, _: Admin, body: DeviceRequest, response: Response) -> DeviceView:
    """Gives it a shard for life, and says which topics it uses; the same again answers 200."""
    with here.transaction() as conn:
        view, made = devices.provision(conn, body)
    return _with_status(view, response, made=made)


@router.get("/devices", operation_id="list_devices", summary="List devices", responses=problems(*_DENIED))
def list_devices(
    here: Here,
    _: DeviceWatcher,
    after: Annotated[str, Query(max_length=40, description="The id of the last one seen.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> DeviceList:
    """Devices in order of their ids, a page at a time."""
    with here.transaction() as conn:
        return DeviceList(devices=devices.page(conn, after=after, limit=limit))


@router.get(
    "/devices/{device_id}",
    operation_id="get_device",
    summary="Look a device up",
    responses=problems(*_DENIED, 404),
)
def get_device(here: Here, _: DeviceWatcher, device_id: ThingId) -> DeviceView:
    """A device, its topics, and what was last heard of it."""
    with here.transaction() as conn:
        return devices.read(conn, device_id)


@router.delete(
    "/devices/{device_id}",
    operation_id="revoke_device",
    summary="Shut a device out",
    responses=problems(*_DENIED, 404),
)
def revoke_device(here: Here, _: Admin, device_id: ThingId) -> DeviceView:
    """Its record stays; it is not let in again. Done twice, the first time counts."""
    with here.transaction() as conn:
        return devices.revoke(conn, device_id)


@router.post(
    "/units",
    operation_id="create_unit",
    summary="Take a unit in",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": UnitView, "description": "It was there already."}}
    | problems(*_DENIED, 409, 413),
)
def create_unit(here: Here, _: UnitChief, body: UnitRequest, response: Response) -> UnitView:
    """A unit is off shift until it says otherwise. The same id, skills and name again answers 200."""
    with here.transaction() as conn:
        field_units.check_provider(conn, body.provider_id)
        made = field_units.insert(conn, body)
        view = field_units.read(conn, body.id)
    if not made and (sorted(view.skills), view.name) != (body.able, body.name):
        raise Problem(HTTPStatus.CONFLICT, f"unit {body.id} exists with other skills or another name")
    return _with_status(view, response, made=made)


@router.put(
    "/units/{unit_id}",
    operation_id="replace_unit",
    summary="Replace a unit",
    responses=problems(*_DENIED, 404, 409, 413),
)
def replace_unit(here: Here, _: UnitChief, unit_id: ThingId, body: UnitRequest) -> UnitView:
    """Its skills, name, base, shift, language and provider. Where it is now it says itself."""
    if body.id != unit_id:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"body.id is {body.id}, the address says {unit_id}")
    with here.transaction() as conn:
        field_units.check_provider(conn, body.provider_id)
        field_units.replace(conn, body)
        return field_units.read(conn, unit_id)


@router.get("/units", operation_id="list_units", summary="List units", responses=problems(*_DENIED))
def list_units(
    here: Here,
    _: UnitWatcher,
    after: Annotated[str, Query(max_length=40, description="The id of the last one seen.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> UnitList:
    """Units in order of their ids, where they are, and whether they are on shift; a page at a time."""
    with here.transaction() as conn:
        return UnitList(units=field_units.page(conn, after=after, limit=limit))


def _with_status(view: _View, response: Response, *, made: bool) -> _View:
    response.status_code = HTTPStatus.CREATED if made else HTTPStatus.OK
    return view
