"""Accounts of those who sign in, as they are given and shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import Request, examples
from api.tokens import Role
from api.views.session import Chosen
from schemas.incident import Language

_AT: Final = "2026-10-01T03:00:00Z"
_STAFF: Final[dict[str, Any]] = {
    "name": "sato",
    "role": "operator",
    "language": "ja",
    "second_factor": False,
    "made_at": _AT,
    "signed_in_at": _AT,
    "disabled_at": None,
    "sessions": 1,
}
_GOOD: Final = "nine-small-boats-at-sea"


class StaffRole(StrEnum):
    """Roles of those who sign in; docs/roles.md says what each may do."""

    OPERATOR = Role.OPERATOR
    SUPERVISOR = Role.SUPERVISOR
    ADMIN = Role.ADMIN
    AUDITOR = Role.AUDITOR


class StaffRequest(Request):
    """An account as it shall be. The password is for a new one; that of another is changed apart."""

    model_config = examples({"role": "operator", "language": "ja", "password": _GOOD})

    role: StaffRole
    language: Language = Language.JA
    password: Chosen | None = Field(
        default=None, description="Without one, they cannot sign in by a password."
    )


class SetPasswordRequest(Request):
    """A password that an administrator gives somebody."""

    model_config = examples({"password": _GOOD})

    password: Chosen


class StaffView(BaseModel):
    """Somebody who signs in."""

    model_config = examples(_STAFF)

    name: str
    role: StaffRole
    language: Language
    second_factor: bool
    made_at: AwareDatetime
    signed_in_at: AwareDatetime | None = Field(description="Last.")
    disabled_at: AwareDatetime | None
    sessions: int = Field(description="In how many browsers they signed in and did not sign out.")


class StaffList(BaseModel):
    """Accounts by name."""

    model_config = examples({"staff": [_STAFF]})

    staff: list[StaffView]
