"""The desk as it is asked for and shown."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import Phone, Request, examples
from incident.record.members import DeskRole, Member
from schemas.incident import Language

_MEMBER: Final[dict[str, Any]] = {
    "name": "sato",
    "role": "operator",
    "phone": "+819012345678",
    "language": "ja",
    "signed_in_at": "2026-11-24T03:00:00Z",
    "paused": False,
    "on_call": False,
    "ready": True,
}


class MemberRequest(Request):
    """Somebody at the desk. Of an operator the name is that of their token."""

    model_config = examples({"role": "supervisor", "phone": "+819012345678", "language": "ja"})

    role: DeskRole
    phone: Phone | None = None
    language: Language = Language.JA


class SignInRequest(Request):
    """An operator's own telephone; what is left out stays as it was."""

    model_config = examples({"phone": "+819012345678", "language": "ja"})

    phone: Phone | None = None
    language: Language | None = None


class MemberView(BaseModel):
    """One telephone of the desk."""

    model_config = examples(_MEMBER)

    name: str
    role: DeskRole
    phone: str | None
    language: Language
    signed_in_at: AwareDatetime | None = Field(description="Of operators; null while away.")
    paused: bool
    on_call: bool = Field(description="It rings for us, or somebody speaks on it.")
    ready: bool = Field(description="It is rung when somebody is needed, unless it is in use.")

    @classmethod
    def of(cls, member: Member) -> Self:
        """From what is kept."""
        return cls(
            name=member.name,
            role=member.role,
            phone=member.phone,
            language=member.language,
            signed_in_at=member.signed_in_at,
            paused=member.paused,
            on_call=member.on_call,
            ready=member.is_ready,
        )


class DeskView(BaseModel):
    """Who would be rung."""

    model_config = examples({"staffed": True, "members": [_MEMBER]})

    staffed: bool = Field(description="False: no operator is signed in with a telephone; put that right now.")
    members: list[MemberView] = Field(description="By role and name.")
