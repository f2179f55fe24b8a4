"""Who may ask for what: by the bearer token of a program, or by the session of somebody who signed in.

`api.rights` is the table. Units, control centres and drivers have endpoints of their own, by their token's role.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from secrets import compare_digest
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool

from api import sessions
from api.context import Context, Here
from api.errors import Problem
from api.rights import BY_TOKEN, RIGHTS, WHILE_LOCKED, Right, holders
from api.sessions import Session
from api.tokens import Identity, Role, admitted

CSRF: Final = "X-CSRF-Token"
_LOOKING: Final = ("GET", "HEAD", "OPTIONS")


def _scheme(role: Role, description: str) -> HTTPBearer:
    return HTTPBearer(scheme_name=role, description=description, auto_error=False)


_ADMIN: Final = _scheme(Role.ADMIN, "The administration's token, from CBUTTON_ADMIN_TOKEN.")
_OPERATOR: Final = _scheme(Role.OPERATOR, "An operator's token, from CBUTTON_OPERATOR_TOKENS.")
_UNIT: Final = _scheme(Role.UNIT, "A unit's token, from POST /v1/units/{unit_id}/token.")
_PROVIDER: Final = _scheme(
    Role.PROVIDER, "A control centre's token, from POST /v1/providers/{provider_id}/token."
)
_DRIVER: Final = _scheme(Role.DRIVER, "A driver's token, from POST /v1/holders/{holder_id}/token.")
_SESSION: Final = APIKeyCookie(
    name=sessions.COOKIE,
    scheme_name="session",
    description=f"Of who signed in by POST /v1/session. What changes something also carries {CSRF}, "
    "as GET /v1/session tells it. While the session is locked most is answered with 423.",
    auto_error=False,
)
_COOKIE: Any = Security(_SESSION)

_Given = HTTPAuthorizationCredentials | None


@dataclass(frozen=True, slots=True)
class Admitted(Identity):
    """Somebody with rights. `session` is theirs if they came by one."""

    rights: frozenset[Right] = frozenset()
    session: Session | None = None
    seen_at: datetime | None = None
    """Of the newest event they have seen of the incident they act on."""

    def may(self, right: Right) -> bool:
        """Whether they have another right as well."""
        return right in self.rights


def needs(right: Right) -> Callable[..., Coroutine[Any, Any, Admitted]]:
    """Admits whoever has a right, by a session or by a token."""
    by_token = [
        scheme
        for role, scheme in ((Role.OPERATOR, _OPERATOR), (Role.ADMIN, _ADMIN))
        if right in BY_TOKEN[role]
    ] or [_ADMIN]
    first, last = Security(by_token[0]), Security(by_token[-1])

    async def admit(
        here: Here,
        request: Request,
        cookie: str | None = _COOKIE,
        given: _Given = first,
        _or: _Given = last,
    ) -> Admitted:
        if given is None and cookie is not None:
            session = await _session(here, request, cookie)
            who = Admitted(session.role, session.name, rights=RIGHTS[session.role], session=session)
        else:
            identity = _identify(here, given)
            who = Admitted(identity.role, identity.name, rights=BY_TOKEN.get(identity.role, frozenset()))
        if not who.may(right):
            raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {' or '.join(holders(right))}")
        if right not in WHILE_LOCKED:
            _require_unlocked(who.session)
        return who

    return admit


async def _operator(
    who: Annotated[Admitted, Depends(needs(Right.WORK))],
    seen_at: Annotated[
        AwareDatetime | None,
        Header(
            alias="X-Seen-At",
            description="`at` of the newest event of the incident that is seen where this is asked for. What others "
            "decided since makes it a 409 with `changed`; without this header nothing is stale.",
        ),
    ] = None,
) -> Admitted:
    return replace(who, seen_at=seen_at)


async def _own_session(here: Here, request: Request, cookie: str | None = _COOKIE) -> Session:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        _identify(here, HTTPAuthorizationCredentials(scheme=kind, credentials=token))
        raise Problem(HTTPStatus.FORBIDDEN, "this is for who signed in; a token has no session")
    return await _session(here, request, cookie or "")


async def _open_session(session: Annotated[Session, Depends(_own_session)]) -> Session:
    _require_unlocked(session)
    return session


async def _session(here: Context, request: Request, cookie: str) -> Session:
    """The session of a cookie. Raises Problem where there is none, or where another site may have sent it."""
    session = await run_in_threadpool(_find, here, cookie) if cookie else None
    if session is None:
        raise _unknown("sign in: there is no session, or it has ended")
    given = request.headers.get(CSRF, "")
    if request.method not in _LOOKING and not compare_digest(given.encode(), session.csrf_token.encode()):
        raise Problem(HTTPStatus.FORBIDDEN, f"{CSRF} is missing or not that of this session")
    return session


def _find(here: Context, cookie: str) -> Session | None:
    with here.transaction() as conn:
        return sessions.find(conn, cookie, here.settings)


def _require_unlocked(session: Session | None) -> None:
    if session is not None and session.locked:
        raise Problem(
            HTTPStatus.LOCKED,
            "the session is locked: give the password first, POST /v1/session/unlock",
            extra={"locked": True},
        )


def _identify(here: Context, given: _Given) -> Identity:
    identity = here.tokens.identify(given.credentials) if given is not None else None
    if identity is None:
        raise _unknown("a bearer token is needed" if given is None else "the token is not known")
    return identity


def _admit_still(here: Context, given: _Given, role: Role) -> Identity:
    """The same for tokens that can be revoked. Waits for the database: for a thread of its own."""
    identity = _admit(here, given, role)
    with here.transaction() as conn:
        if not admitted(conn, identity):
            raise _unknown("the token does not count any more")
    return identity


def _unknown(words: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, words, headers={"WWW-Authenticate": "Bearer"})


def _admit(here: Context, given: _Given, role: Role) -> Identity:
    identity = _identify(here, given)
    if identity.role is not role:
        raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {role}")
    return identity


def _unit(here: Here, given: Annotated[_Given, Security(_UNIT)]) -> Identity:
    return _admit_still(here, given, Role.UNIT)


def _provider(here: Here, given: Annotated[_Given, Security(_PROVIDER)]) -> Identity:
    return _admit_still(here, given, Role.PROVIDER)


def _driver(here: Here, given: Annotated[_Given, Security(_DRIVER)]) -> Identity:
    return _admit_still(here, given, Role.DRIVER)


Watcher = Annotated[Admitted, Depends(needs(Right.WATCH))]
Reader = Annotated[Admitted, Depends(needs(Right.READ))]
Operator = Annotated[Admitted, Depends(_operator)]
DeskWatcher = Annotated[Admitted, Depends(needs(Right.SEE_DESK))]
DeskOperator = Annotated[Admitted, Depends(needs(Right.OWN_DESK))]
DeskChief = Annotated[Admitted, Depends(needs(Right.DESK))]
UnitWatcher = Annotated[Admitted, Depends(needs(Right.SEE_UNITS))]
UnitChief = Annotated[Admitted, Depends(needs(Right.UNITS))]
DeviceWatcher = Annotated[Admitted, Depends(needs(Right.SEE_DEVICES))]
FigureReader = Annotated[Admitted, Depends(needs(Right.FIGURES))]
Exporter = Annotated[Admitted, Depends(needs(Right.EXPORT))]
PlanReader = Annotated[Admitted, Depends(needs(Right.PLAN))]
DeadLetterReader = Annotated[Admitted, Depends(needs(Right.DEAD_LETTERS))]
AccessLogReader = Annotated[Admitted, Depends(needs(Right.ACCESS_LOG))]
Admin = Annotated[Admitted, Depends(needs(Right.ADMINISTER))]
StaffAdmin = Annotated[Admitted, Depends(needs(Right.STAFF))]
OwnSession = Annotated[Session, Depends(_open_session)]
OwnLockedSession = Annotated[Session, Depends(_own_session)]
FieldUnit = Annotated[Identity, Depends(_unit)]
FieldProvider = Annotated[Identity, Depends(_provider)]
Driver = Annotated[Identity, Depends(_driver)]
