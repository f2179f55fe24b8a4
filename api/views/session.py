"""Signing in, as it is asked for and shown."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import Name, Request, examples
from api.passwords import LONGEST, SHORTEST
from api.rights import RIGHTS, Right
from api.sessions import Session
from api.tokens import Role
from runtime.settings import Settings
from schemas.incident import Language

_GOOD: Final = "nine-small-boats-at-sea"
_SESSION: Final[dict[str, Any]] = {
    "name": "sato",
    "role": "operator",
    "language": "ja",
    "rights": ["own_desk", "read", "see_desk", "see_needs", "see_units", "watch", "work"],
    "csrf_token": "Nq6rJ0u1cQ0m3W8s5X1d2b7kQe4yZr9T",
    "locked": False,
    "second_factor": True,
    "recovery_codes_left": 10,
    "lock_after_s": 600,
    "ends_at": "2026-10-01T15:00:00Z",
}
Given = Annotated[str, Field(min_length=1, max_length=1000, description="As it was set.")]
Chosen = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        description=f"{SHORTEST} to {LONGEST} characters, without the name in it; several words make a good one.",
    ),
]
Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        description="Six digits of the authenticator app, or a recovery code.",
        examples=["492039"],
    ),
]


class SignIn(Request):
    """Who one is, and how one proves it."""

    model_config = examples({"name": "sato", "password": _GOOD, "code": "492039"})

    name: Name
    password: Given
    code: Code | None = Field(default=None, description="Needed where a second factor is on.")


class PasswordRequest(Request):
    """One's password once more."""

    model_config = examples({"password": _GOOD})

    password: Given


class NewPasswordRequest(Request):
    """A password instead of another."""

    model_config = examples({"password": _GOOD, "new_password": "seven-green-hills-in-rain"})

    password: Given
    new_password: Chosen


class CodeRequest(Request):
    """A code that the authenticator app shows now."""

    model_config = examples({"code": "492039"})

    code: Code


class SessionView(BaseModel):
    """Who signed in, and what they may do."""

    model_config = examples(_SESSION)

    name: str
    role: Role
    language: Language
    rights: list[Right] = Field(description="See docs/roles.md.")
    csrf_token: str = Field(description="To be sent as X-CSRF-Token with all that changes something.")
    locked: bool = Field(
        description="Only what is seen by the whole shift is answered until the password is given."
    )
    second_factor: bool = Field(description="A code is asked for at sign-in.")
    recovery_codes_left: int
    lock_after_s: float = Field(description="The screen is to be locked after so long without anybody at it.")
    ends_at: AwareDatetime = Field(description="Then one has to sign in again.")

    @classmethod
    def of(cls, session: Session, settings: Settings) -> Self:
        """From what is kept."""
        return cls(
            name=session.name,
            role=session.role,
            language=session.language,
            rights=sorted(RIGHTS[session.role]),
            csrf_token=session.csrf_token,
            locked=session.locked,
            second_factor=session.second_factor,
            recovery_codes_left=session.recovery_codes_left,
            lock_after_s=settings.session_lock_minutes * 60,
            ends_at=session.ends_at,
        )


class SecondFactorView(BaseModel):
    """What an authenticator app needs to know; not in force until a code confirms it."""

    model_config = examples(
        {
            "otpauth_uri": "otpauth://totp/Tsunagaru:sato?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tsunagaru",
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" width="196" height="196">…</svg>',
        }
    )

    otpauth_uri: str
    secret: str = Field(description="The same to be typed, base32.")
    qr_svg: str = Field(description="The same to be scanned.")


class RecoveryCodes(BaseModel):
    """Told this once; each replaces one code, for when the app is lost."""

    model_config = examples({"recovery_codes": ["4QZ7-KD2M-XW3P-6VHT", "N5RB-2YUC-JE7A-QL4F"]})

    recovery_codes: list[str]
