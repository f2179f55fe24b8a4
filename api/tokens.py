"""Bearer tokens: whose they are, and how they are made.

Administrators and operators have tokens in the settings. Units and drivers have signed
tokens that name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from secrets import compare_digest
from typing import Final
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from runtime.settings import Settings

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


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `name` is an operator's name, a unit's or provider's id, or a policyholder's id."""

    role: Role
    name: str


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
        """Whose token this is; None for one that is not known."""
        given = token.encode()
        found = [identity for identity, kept in self._kept if compare_digest(kept, given)]
        return found[0] if found else self._signed(token)

    def for_unit(self, unit_id: str) -> str:
        """A token by which a unit in the field is known."""
        return str(self._signer.dumps([Role.UNIT, unit_id]))

    def for_provider(self, provider_id: str) -> str:
        """A token by which a provider's control centre is known."""
        return str(self._signer.dumps([Role.PROVIDER, provider_id]))

    def for_driver(self, holder_id: UUID) -> str:
        """A token by which a policyholder's app is known."""
        return str(self._signer.dumps([Role.DRIVER, str(holder_id)]))

    def _signed(self, token: str) -> Identity | None:
        try:
            value: object = self._signer.loads(token)
        except BadData:
            return None
        match value:
            case [Role.UNIT, str(unit_id)]:
                return Identity(Role.UNIT, unit_id)
            case [Role.PROVIDER, str(provider_id)]:
                return Identity(Role.PROVIDER, provider_id)
            case [Role.DRIVER, str(holder_id)]:
                return Identity(Role.DRIVER, holder_id)
            case _:
                return None
