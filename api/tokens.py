"""Bearer tokens: whose they are, and how they are made.

Administrators and operators have tokens in the settings. Units, control centres and drivers have signed
tokens that name them, each with a number: the database says which number counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from secrets import compare_digest
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries

SQL: Final = Queries("api", "tokens.sql")
_SALT: Final = "cbutton.token"


class Role(StrEnum):
    """What somebody may do here."""

    ADMIN = "admin"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    UNIT = "unit"
    PROVIDER = "provider"
    DRIVER = "driver"


_SIGNED: Final = (Role.UNIT, Role.PROVIDER, Role.DRIVER)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `name` is an operator's name, a unit's or provider's id, or a policyholder's id."""

    role: Role
    name: str
    number: int = field(default=0, compare=False)
    """Which of their tokens it is."""


class Tokens:
    """Knows tokens and makes them. Raises ValueError without a key to sign them with."""

    def __init__(self, settings: Settings) -> None:
        secret_key = settings.secret_key.get_secret_value()
        if not secret_key:
            raise ValueError("CBUTTON_SECRET_KEY is not set: tokens cannot be signed")
        self._signer = URLSafeSerializer(secret_key, salt=_SALT)
        named = [(Identity(Role.ADMIN, "admin"), settings.admin_token)]
        named += [(Identity(Role.OPERATOR, name), token) for name, token in settings.operator_tokens.items()]
        # An empty token would let everybody in.
        self._kept = [
            (identity, token.get_secret_value().encode())
            for identity, token in named
            if token.get_secret_value()
        ]

    def identify(self, token: str) -> Identity | None:
        """Whose token this is; None for one that is not known. Whether it still counts `admitted` says."""
        given = token.encode()
        found = [identity for identity, kept in self._kept if compare_digest(kept, given)]
        return found[0] if found else self._signed(token)

    def sign(self, identity: Identity) -> str:
        """The token of a unit, a control centre or a policyholder."""
        return str(self._signer.dumps([identity.role, identity.name, identity.number]))

    def _signed(self, token: str) -> Identity | None:
        try:
            value: object = self._signer.loads(token)
        except BadData:
            return None
        match value:
            case [str(role), str(name)] if role in _SIGNED:
                return Identity(Role(role), name)
            case [str(role), str(name), int(number)] if role in _SIGNED:
                return Identity(Role(role), name, number)
            case _:
                return None


def admitted(conn: Connection, who: Identity) -> bool:
    """Whether a token counts: it was not replaced or revoked, and its holder is in service."""
    if who.role in (Role.ADMIN, Role.OPERATOR):
        return True
    key = {"name": who.name, "number": who.number}
    return conn.execute(SQL[f"{who.role}_admitted"], key).fetchone() is not None


def renew(conn: Connection, role: Role, name: str) -> Identity | None:
    """Make all tokens before void; the identity to sign for a new one. None where there is nobody of that name."""
    row = conn.execute(SQL[f"renew_{role}"], {"name": name}).fetchone()
    return Identity(role, name, row["token_number"]) if row is not None else None


def revoke(conn: Connection, role: Role, name: str) -> bool:
    """Make all tokens void; false where there is nobody of that name. A unit without one takes no work."""
    if role is Role.UNIT:
        conn.execute(SQL["end_shift"], {"name": name})
    return renew(conn, role, name) is not None
