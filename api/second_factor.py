"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
from datetime import datetime
from typing import Final

import segno
from pyotp.totp import TOTP

_STEP_S: Final = 30
# Of clocks that go wrong by half a minute, and of people who type slowly.
_STEPS_ASIDE: Final = (0, -1, 1)
_RECOVERY_CODES: Final = 10


def secret() -> str:
    """A new secret, base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def uri(kept: str, name: str, issuer: str) -> str:
    """What an authenticator app reads."""
    return TOTP(kept, name=name, issuer=issuer).provisioning_uri()


def qr_svg(text: str) -> str:
    """The same as a QR code, dark on light whatever the page's colours."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out,
        kind="svg",
        scale=4,
        border=4,
        xmldecl=False,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    return out.getvalue().decode()


def step(kept: str, code: str, at: datetime) -> int | None:
    """The time step (30 s since 1970) whose code this is; None if it is none of now."""
    app, now = TOTP(kept), int(at.timestamp()) // _STEP_S
    given = "".join(code.split()).encode()
    found = [
        now + aside
        for aside in _STEPS_ASIDE
        if secrets.compare_digest(app.at((now + aside) * _STEP_S).encode(), given)
    ]
    return found[0] if found else None


def recovery_codes() -> list[str]:
    """New recovery codes of 80 bits, in four groups."""
    return [_grouped(base64.b32encode(secrets.token_bytes(10)).decode()) for _ in range(_RECOVERY_CODES)]


def digest(recovery_code: str) -> bytes:
    """What is kept of a recovery code; spaces, hyphens and capitals make no difference."""
    plain = "".join(char for char in recovery_code.upper() if char.isalnum())
    return hashlib.sha256(plain.encode()).digest()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
