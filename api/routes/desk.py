"""The desk: operators sign in with their telephone; supervisors and the second site are administered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from api.auth import DeskChief, DeskOperator, DeskWatcher
from api.context import Here
from api.errors import Problem, problems
from api.fields import Name, Nothing
from api.views.desk import DeskView, MemberRequest, MemberView, SignInRequest
from incident.record import members
from incident.record.members import UnknownMember
from incident.wording.refusals import Refusal
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/desk", tags=["desk"])
_DENIED: Final = (401, 403)


@router.get("", operation_id="get_desk", summary="See who is at the desk", responses=problems(*_DENIED))
def get_desk(here: Here, _: DeskWatcher) -> DeskView:
    """Everybody with their telephones, and whether any operator would be rung."""
    with here.transaction() as conn:
        return _view(conn)


@router.post("/sign_in", operation_id="sign_in", summary="Be there", responses=problems(*_DENIED, 413))
def sign_in(here: Here, who: DeskOperator, body: SignInRequest) -> DeskView:
    """From now on this operator's telephone is rung when somebody needs a person; it also ends a pause."""
    with here.transaction() as conn:
        members.sign_in(conn, who.name, body.phone, body.language)
        return _view(conn)


@router.post("/sign_out", operation_id="sign_out", summary="Be away", responses=problems(*_DENIED, 413))
def sign_out(here: Here, who: DeskOperator, _: Nothing | None = None) -> DeskView:
    """The telephone is not rung any more. The answer says if nobody else is there."""
    with here.transaction() as conn:
        members.sign_out(conn, who.name)
        return _view(conn)


@router.post("/pause", operation_id="pause_desk", summary="Pause", responses=problems(*_DENIED, 409, 413))
def pause(here: Here, who: DeskOperator, _: Nothing | None = None) -> DeskView:
    """Signed in, and not rung until the next sign_in."""
    with here.transaction() as conn:
        try:
            members.pause(conn, who.name)
        except UnknownMember:
            raise Problem(HTTPStatus.CONFLICT, Refusal.NOT_AT_THE_DESK.of()) from None
        return _view(conn)


@router.put(
    "/members/{name}",
    operation_id="put_desk_member",
    summary="Set somebody's telephone",
    responses={201: {"model": MemberView, "description": "They are new."}} | problems(*_DENIED, 413),
)
def put_member(here: Here, _: DeskChief, name: Name, body: MemberRequest, response: Response) -> MemberView:
    """An operator still signs in by themself; supervisors and the second site are rung in any case."""
    with here.transaction() as conn:
        made = members.put_member(conn, name, body.role, body.phone, body.language)
        (found,) = [member for member in members.members(conn) if member.name == name]
    response.status_code = HTTPStatus.CREATED if made else HTTPStatus.OK
    return MemberView.of(found)


@router.delete(
    "/members/{name}",
    operation_id="remove_desk_member",
    summary="Take somebody off the desk",
    responses=problems(*_DENIED, 404),
)
def remove_member(here: Here, _: DeskChief, name: Name) -> DeskView:
    """They are not rung any more; what they did stays on record."""
    with here.transaction() as conn:
        try:
            members.remove_member(conn, name)
        except UnknownMember:
            raise Problem(HTTPStatus.NOT_FOUND, f"nobody at the desk is called {name}") from None
        return _view(conn)


def _view(conn: Connection) -> DeskView:
    # Asked in either case: an empty desk is logged as an error, before anybody needs one.
    staffed = not members.desk_empty(conn)
    return DeskView(staffed=staffed, members=[MemberView.of(member) for member in members.members(conn)])
