"""Staff: sign in and out, lock the screen, change the password, and the second factor."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from api import browsers, passwords, second_factor, sessions, sign_in, staff
from api.access import log_look_up
from api.auth import OwnLockedSession, OwnSession
from api.context import Context, Here
from api.errors import Problem, problems
from api.fields import Nothing
from api.sessions import Session
from api.sign_in import Door
from api.views.session import (
    CodeRequest,
    NewPasswordRequest,
    PasswordRequest,
    RecoveryCodes,
    SecondFactorView,
    SessionView,
    SignIn,
)
from incident.service import now
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/session", tags=["session"])
_OWN: Final = problems(401, 403, 413)
_WITH_PASSWORD: Final = problems(401, 403, 413, 429)


async def _door(request: Request) -> Door:
    address = request.client.host if request.client is not None else ""
    return Door(request.app.state.sign_in_gate, address, request.cookies.get(browsers.COOKIE))


At = Annotated[Door, Depends(_door)]


@router.post(
    "",
    operation_id="begin_session",
    summary="Sign in",
    responses=problems(401, 413, 429),
    openapi_extra={"security": []},
)
async def begin_session(here: Here, at: At, body: SignIn, response: Response) -> SessionView:
    """Sets the cookies `cb_session` and `cb_browser`. 401 with `needs_code` where only the code is missing or wrong.

    After five wrong tries in a row each further one has to wait, longer each time: 429 with `wait_s`. They count for
    the name, and many for the address; with the `cb_browser` of an earlier sign-in of this name for that browser only.
    """

    def work() -> tuple[str, str, SessionView]:
        account = sign_in.vouch(here, at, body.name, body.password, body.code)
        with here.transaction() as conn:
            session_id = sessions.begin(conn, account.name, here.settings)
            browser = browsers.remember(conn, at.browser, account.name)
            session = sessions.find(conn, session_id, here.settings)
        if session is None:
            raise Problem(HTTPStatus.CONFLICT, "the account was disabled just now")
        return session_id, browser, SessionView.of(session, here.settings)

    session_id, browser, view = await at.gate.in_turn(work)
    sessions.give(response, session_id, here.settings)
    browsers.give(response, browser, here.settings)
    return view


@router.get("", operation_id="get_session", summary="See who signed in", responses=problems(401, 403))
def get_session(here: Here, own: OwnLockedSession) -> SessionView:
    """Who one is, one's rights, and what a console needs to work with them. Also while locked."""
    return SessionView.of(own, here.settings)


@router.delete(
    "", operation_id="end_session", summary="Sign out", status_code=HTTPStatus.NO_CONTENT, responses=_OWN
)
def end_session(here: Here, own: OwnLockedSession, response: Response) -> None:
    """Ends this session, also where it is locked. The desk is left by POST /v1/desk/sign_out."""
    with here.transaction() as conn:
        sessions.end(conn, own)
        log_look_up(conn, _actor(own), "session.end", own.name, "signed out")
    sessions.take_back(response, here.settings)


@router.post("/lock", operation_id="lock_session", summary="Lock the screen", responses=_OWN)
def lock_session(here: Here, own: OwnLockedSession, _: Nothing | None = None) -> SessionView:
    """The queue and the stream go on; all else is answered with 423 until the password is given."""
    with here.transaction() as conn:
        sessions.lock(conn, own)
        if not own.locked:
            log_look_up(conn, _actor(own), "session.lock", own.name, "locked")
        return _view(here, conn, own)


@router.post("/unlock", operation_id="unlock_session", summary="Unlock the screen", responses=_WITH_PASSWORD)
async def unlock_session(here: Here, at: At, own: OwnLockedSession, body: PasswordRequest) -> SessionView:
    """With the password of who signed in. 403 where it is wrong; wrong ones count as at sign-in."""

    def work() -> SessionView:
        sign_in.check_password(here, at, own, body.password)
        with here.transaction() as conn:
            sessions.unlock(conn, own)
            log_look_up(conn, _actor(own), "session.unlock", own.name, "password given")
            return _view(here, conn, own)

    return await at.gate.in_turn(work)


@router.put(
    "/password", operation_id="change_password", summary="Change one's password", responses=_WITH_PASSWORD
)
async def change_password(here: Here, at: At, own: OwnSession, body: NewPasswordRequest) -> SessionView:
    """Ends every other session of one's own; every other browser is a stranger again."""

    def work() -> SessionView:
        if fault := passwords.fault(body.new_password, own.name):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"body.new_password: {fault}")
        sign_in.check_password(here, at, own, body.password)
        kept = passwords.hashed(body.new_password)
        with here.transaction() as conn:
            staff.set_password(conn, own.name, kept)
            sessions.end_all(conn, own.name, but=own)
            browsers.forget(conn, own.name, but=at.browser)
            log_look_up(conn, _actor(own), "staff.password", own.name, "by themself")
            return _view(here, conn, own)

    return await at.gate.in_turn(work)


@router.post(
    "/second_factor",
    operation_id="begin_second_factor",
    summary="Set up a second factor",
    responses=_WITH_PASSWORD | problems(409),
)
async def begin_second_factor(here: Here, at: At, own: OwnSession, body: PasswordRequest) -> SecondFactorView:
    """A secret for an authenticator app, in force once it is confirmed. 409 while one is on already."""

    def work() -> SecondFactorView:
        sign_in.check_password(here, at, own, body.password)
        secret = second_factor.secret()
        with here.transaction() as conn:
            if not staff.begin_second_factor(conn, own.name, secret):
                raise Problem(HTTPStatus.CONFLICT, "a second factor is on; an administrator can take it off")
        uri = second_factor.uri(secret, own.name, here.settings.insurer_en)
        return SecondFactorView(otpauth_uri=uri, secret=secret, qr_svg=second_factor.qr_svg(uri))

    return await at.gate.in_turn(work)


@router.post(
    "/second_factor/confirm",
    operation_id="confirm_second_factor",
    summary="Turn the second factor on",
    responses=_OWN | problems(409),
)
def confirm_second_factor(here: Here, own: OwnSession, body: CodeRequest) -> RecoveryCodes:
    """With a code that the app shows. The recovery codes are told this once. 409 where none was set up."""
    with here.transaction() as conn:
        account = staff.find(conn, own.name)
        if account is None or account.totp_secret is None or account.has_second_factor:
            raise Problem(HTTPStatus.CONFLICT, "set it up first: POST /v1/session/second_factor")
        step = second_factor.step(account.totp_secret, body.code, now(conn))
        if step is None:
            raise Problem(HTTPStatus.FORBIDDEN, "the code is wrong; is the clock of the telephone right?")
        codes = staff.confirm_second_factor(conn, account, step)
        if codes is None:
            raise Problem(HTTPStatus.CONFLICT, "it was set up anew meanwhile")
        log_look_up(conn, _actor(own), "staff.second_factor", own.name, "turned on")
    return RecoveryCodes(recovery_codes=codes)


def _view(here: Context, conn: Connection, own: Session) -> SessionView:
    found = sessions.still(conn, own, here.settings)
    if found is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "the session has ended")
    return SessionView.of(found, here.settings)


def _actor(own: Session) -> str:
    return f"{own.role}:{own.name}"
