"""Passwords: what is kept of them, and which are good enough."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST: Final = 12
LONGEST: Final = 128
_FEWEST_DIFFERENT: Final = 5
# Nothing in it looks like something else, and no word comes of it.
_ALPHABET: Final = "bcdfghjkmnpqrstvwxz23456789"
_HASHER: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
# Of no password that anybody knows: so a name that nobody has takes as long as one that somebody has.
NOBODYS: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$UJmyxB8nM54e1FjqdkzLuA$+95wWHHbjC5zerYk9JioUg+oM4RUYORL9BeVoh3Ve58"
)


def hashed(password: str) -> str:
    """What is kept of a password: Argon2id by the second recommendation of RFC 9106 (64 MiB, 3 passes)."""
    return _HASHER.hash(_same(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where none is kept."""
    try:
        _HASHER.verify(kept or NOBODYS, _same(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than are used now."""
    return _HASHER.check_needs_rehash(kept)


def fault(password: str, name: str) -> str:
    """What is wrong with a password that somebody wants to have; empty if nothing."""
    said = _same(password)
    if len(said) < SHORTEST:
        return f"a password has at least {SHORTEST} characters; several words make a good one"
    if len(said) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if name.casefold() in said.casefold():
        return "the name must not stand in the password"
    if len(set(said)) < _FEWEST_DIFFERENT:
        return "the password repeats too few characters"
    return ""


def generated() -> str:
    """A random password that can be read out and typed: four groups of five, 95 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def _same(password: str) -> str:
    # Keyboards write the same character in different ways.
    return unicodedata.normalize("NFKC", password)
