"""Administration of accounts: who may sign in, and in which role."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from api import passwords, staff, tries
from api.access import Reason, log_access
from api.auth import Admitted, StaffAdmin
from api.context import Context, Here
from api.errors import Problem, problems
from api.fields import Name, Nothing
from api.routes.session import At
from api.staff import UnknownStaff
from api.tokens import Role
from api.views.staff import SetPasswordRequest, StaffList, StaffRequest, StaffView
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/staff", tags=["administration"])
_DENIED: Final = (401, 403)
_ONE: Final = problems(*_DENIED, 404, 413)


@router.get("", operation_id="list_staff", summary="List accounts", responses=problems(*_DENIED))
def list_staff(here: Here, _: StaffAdmin) -> StaffList:
    """Everybody who may sign in, or might once."""
    with here.transaction() as conn:
        return StaffList(staff=[StaffView.model_validate(row) for row in staff.everybody(conn)])


@router.put(
    "/{name}",
    operation_id="put_staff",
    summary="Make an account, or change its role",
    responses={201: {"model": StaffView, "description": "It is new."}} | problems(*_DENIED, 409, 413),
)
async def put_staff(
    here: Here, at: At, who: StaffAdmin, name: Name, *, body: StaffRequest, response: Response
) -> StaffView:
    """The name is the one at the desk. A role counts at once, also for who is signed in. It is logged."""

    def work() -> tuple[StaffView, bool]:
        kept = None if body.password is None else _hashed(body.password, name)
        with here.transaction() as conn:
            made = staff.put(conn, name, Role(body.role), body.language)
            if kept is not None:
                if not made:
                    raise Problem(
                        HTTPStatus.CONFLICT,
                        f"{name} has an account: PUT /v1/staff/{name}/password changes it",
                    )
                staff.set_password(conn, name, kept)
            log_access(conn, who, "staff.put", name, f"{'new' if made else 'changed'}: {body.role}")
            return _view(conn, name), made

    view, made = await at.gate.in_turn(work)
    response.status_code = HTTPStatus.CREATED if made else HTTPStatus.OK
    return view


@router.put(
    "/{name}/password", operation_id="set_staff_password", summary="Give somebody a password", responses=_ONE
)
async def set_staff_password(
    here: Here, at: At, who: StaffAdmin, name: Name, body: SetPasswordRequest
) -> StaffView:
    """All their sessions end, and wrong tries are forgotten. It is logged."""

    def work() -> StaffView:
        kept = _hashed(body.password, name)

        def change(conn: Connection) -> None:
            staff.set_password(conn, name, kept)
            staff.sign_out(conn, name)
            tries.forget(conn, name)

        return _change(here, who, name, "staff.password", change)

    return await at.gate.in_turn(work)


@router.post("/{name}/disable", operation_id="disable_staff", summary="Shut somebody out", responses=_ONE)
def disable_staff(
    here: Here, who: StaffAdmin, name: Name, _: Nothing | None = None, *, reason: Reason = None
) -> StaffView:
    """All their sessions end. What they did stays on record. It is logged."""
    return _change(here, who, name, "staff.disable", lambda conn: staff.disable(conn, name), reason=reason)


@router.post("/{name}/enable", operation_id="enable_staff", summary="Let somebody in again", responses=_ONE)
def enable_staff(
    here: Here, who: StaffAdmin, name: Name, _: Nothing | None = None, *, reason: Reason = None
) -> StaffView:
    """With the password they had. It is logged."""
    return _change(here, who, name, "staff.enable", lambda conn: staff.enable(conn, name), reason=reason)


@router.post("/{name}/unlock", operation_id="unlock_staff", summary="End somebody's waiting", responses=_ONE)
def unlock_staff(
    here: Here, who: StaffAdmin, name: Name, _: Nothing | None = None, *, reason: Reason = None
) -> StaffView:
    """Wrong tries are forgotten, so that they may try at once. It is logged."""
    return _change(here, who, name, "staff.unlock", lambda conn: staff.unlock(conn, name), reason=reason)


@router.delete(
    "/{name}/sessions", operation_id="end_staff_sessions", summary="End somebody's sessions", responses=_ONE
)
def end_sessions(here: Here, who: StaffAdmin, name: Name, reason: Reason = None) -> StaffView:
    """Wherever they are signed in, they have to sign in again, in browsers that are strangers. It is logged."""
    return _change(
        here, who, name, "staff.sessions_ended", lambda conn: staff.end_sessions(conn, name), reason=reason
    )


@router.delete(
    "/{name}/second_factor",
    operation_id="reset_staff_second_factor",
    summary="Take somebody's second factor off",
    responses=_ONE,
)
def reset_second_factor(here: Here, who: StaffAdmin, name: Name, reason: Reason = None) -> StaffView:
    """For a telephone that was lost. All their sessions end. It is logged."""

    def change(conn: Connection) -> None:
        staff.reset_second_factor(conn, name)
        staff.sign_out(conn, name)

    return _change(here, who, name, "staff.second_factor_reset", change, reason=reason)


def _change(
    here: Context,
    who: Admitted,
    name: str,
    action: str,
    change: Callable[[Connection], None],
    *,
    reason: str | None = "administration",
) -> StaffView:
    with here.transaction() as conn:
        try:
            change(conn)
        except UnknownStaff:
            raise Problem(HTTPStatus.NOT_FOUND, f"nobody called {name} has an account") from None
        log_access(conn, who, action, name, reason or "administration")
        return _view(conn, name)


def _view(conn: Connection, name: str) -> StaffView:
    (row,) = [row for row in staff.everybody(conn) if row["name"] == name]
    return StaffView.model_validate(row)


def _hashed(password: str, name: str) -> str:
    if fault := passwords.fault(password, name):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"body.password: {fault}")
    return passwords.hashed(password)
