"""Who may ask for what: a role for each endpoint, taken from the bearer token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Here
from api.errors import Problem
from api.tokens import Identity, Role, admitted


def _scheme(role: Role, description: str) -> HTTPBearer:
    return HTTPBearer(scheme_name=role, description=description, auto_error=False)


_ADMIN: Final = _scheme(Role.ADMIN, "The administration's token, from CBUTTON_ADMIN_TOKEN.")
_OPERATOR: Final = _scheme(Role.OPERATOR, "An operator's token, from CBUTTON_OPERATOR_TOKENS.")
_UNIT: Final = _scheme(Role.UNIT, "A unit's token, from POST /v1/units/{unit_id}/token.")
_PROVIDER: Final = _scheme(
    Role.PROVIDER, "A control centre's token, from POST /v1/providers/{provider_id}/token."
)
_DRIVER: Final = _scheme(Role.DRIVER, "A driver's token, from POST /v1/holders/{holder_id}/token.")

_Given = HTTPAuthorizationCredentials | None


def _admit(here: Here, given: _Given, *roles: Role) -> Identity:
    identity = here.tokens.identify(given.credentials) if given is not None else None
    if identity is None:
        words = "a bearer token is needed" if given is None else "the token is not known"
        raise Problem(HTTPStatus.UNAUTHORIZED, words, headers={"WWW-Authenticate": "Bearer"})
    if identity.role not in roles:
        raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {' or '.join(roles)}")
    return identity


def _admit_still(here: Here, given: _Given, role: Role) -> Identity:
    """The same for tokens that can be revoked. Waits for the database: for a thread of its own."""
    identity = _admit(here, given, role)
    with here.transaction() as conn:
        if not admitted(conn, identity):
            words = "the token does not count any more"
            raise Problem(HTTPStatus.UNAUTHORIZED, words, headers={"WWW-Authenticate": "Bearer"})
    return identity


async def _admin(here: Here, given: Annotated[_Given, Security(_ADMIN)]) -> Identity:
    return _admit(here, given, Role.ADMIN)


async def _operator(
    here: Here,
    given: Annotated[_Given, Security(_OPERATOR)],
    _or_admin: Annotated[_Given, Security(_ADMIN)],
) -> Identity:
    return _admit(here, given, Role.OPERATOR, Role.ADMIN)


async def _desk_operator(here: Here, given: Annotated[_Given, Security(_OPERATOR)]) -> Identity:
    return _admit(here, given, Role.OPERATOR)


def _unit(here: Here, given: Annotated[_Given, Security(_UNIT)]) -> Identity:
    return _admit_still(here, given, Role.UNIT)


def _provider(here: Here, given: Annotated[_Given, Security(_PROVIDER)]) -> Identity:
    return _admit_still(here, given, Role.PROVIDER)


def _driver(here: Here, given: Annotated[_Given, Security(_DRIVER)]) -> Identity:
    return _admit_still(here, given, Role.DRIVER)


Admin = Annotated[Identity, Depends(_admin)]
Operator = Annotated[Identity, Depends(_operator)]
DeskOperator = Annotated[Identity, Depends(_desk_operator)]
FieldUnit = Annotated[Identity, Depends(_unit)]
FieldProvider = Annotated[Identity, Depends(_provider)]
Driver = Annotated[Identity, Depends(_driver)]
