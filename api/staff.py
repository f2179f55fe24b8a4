"""Accounts of those who sign in. Each function is part of the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api import browsers, passwords, second_factor, sessions, tries
from api.tokens import Role
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Language

_SQL: Final = Queries("api", "staff.sql")


class UnknownStaff(LookupError):
    """Nobody has an account of that name."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. What is secret of it stays in this room."""

    name: str
    role: Role
    language: Language
    password_hash: str | None
    totp_secret: str | None
    totp_confirmed_at: datetime | None
    totp_step: int | None
    made_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None

    @property
    def has_second_factor(self) -> bool:
        """Whether a code is asked for."""
        return self.totp_confirmed_at is not None


def everybody(conn: Connection) -> list[dict[str, Any]]:
    """All accounts by name, without their secrets."""
    return conn.execute(_SQL["staff"]).fetchall()


def find(conn: Connection, name: str) -> Account | None:
    """An account; None if nobody has one of that name."""
    row = conn.execute(_SQL["account"], {"name": name}).fetchone()
    if row is None:
        return None
    values: dict[str, Any] = row | {"role": Role(row["role"]), "language": Language(row["language"])}
    return Account(**values)


def put(conn: Connection, name: str, role: Role, language: Language) -> bool:
    """Make an account or change its role and language; whether it is new. A new one has no password."""
    row = conn.execute(_SQL["put_account"], {"name": name, "role": role, "language": language}).fetchone()
    return row is not None and bool(row["made"])


def set_password(conn: Connection, name: str, password_hash: str) -> None:
    """Their password from now on; sessions and tries are the caller's to end. Raises UnknownStaff."""
    _one(conn, "set_password", name, password_hash=password_hash)


def renew_hash(conn: Connection, account: Account, password: str) -> None:
    """Keep a password that was just found right by the parameters of today."""
    if account.password_hash is not None and passwords.is_outdated(account.password_hash):
        values = {"name": account.name, "before": account.password_hash}
        conn.execute(_SQL["rehash_password"], values | {"password_hash": passwords.hashed(password)})


def note_sign_in(conn: Connection, name: str) -> None:
    """They have just signed in."""
    conn.execute(_SQL["signed_in"], {"name": name})


def disable(conn: Connection, name: str) -> None:
    """They cannot sign in any more, and their sessions end. Raises UnknownStaff."""
    _one(conn, "disable_account", name)
    sign_out(conn, name)


def enable(conn: Connection, name: str) -> None:
    """They may sign in again. Raises UnknownStaff."""
    _one(conn, "enable_account", name)


def end_sessions(conn: Connection, name: str) -> None:
    """They are signed in nowhere any more. Raises UnknownStaff."""
    _one(conn, "hold_account", name)
    sign_out(conn, name)


def sign_out(conn: Connection, name: str) -> None:
    """End their sessions, wherever they are, and know none of their browsers any more."""
    sessions.end_all(conn, name)
    browsers.forget(conn, name)


def unlock(conn: Connection, name: str) -> None:
    """Wrong tries are forgotten: nothing has to wait. Raises UnknownStaff."""
    _one(conn, "hold_account", name)
    for key in (name, *browsers.keys(conn, name)):
        tries.forget(conn, key)


def begin_second_factor(conn: Connection, name: str, secret: str) -> bool:
    """Keep a secret until a code of it confirms it; false if a second factor is on already."""
    return conn.execute(_SQL["begin_second_factor"], {"name": name, "secret": secret}).fetchone() is not None


def confirm_second_factor(conn: Connection, account: Account, step: int) -> list[str] | None:
    """From now on a code is asked for; the recovery codes, told only now. None if it changed meanwhile."""
    values = {"name": account.name, "secret": account.totp_secret, "step": step}
    if conn.execute(_SQL["confirm_second_factor"], values).fetchone() is None:
        return None
    conn.execute(_SQL["drop_recovery_codes"], {"name": account.name})
    codes = second_factor.recovery_codes()
    for code in codes:
        key = {"name": account.name, "code": second_factor.digest(code)}
        conn.execute(_SQL["insert_recovery_code"], key)
    return codes


def reset_second_factor(conn: Connection, name: str) -> None:
    """No code is asked for any more. Raises UnknownStaff."""
    _one(conn, "reset_second_factor", name)
    conn.execute(_SQL["drop_recovery_codes"], {"name": name})


def use_code(conn: Connection, account: Account, code: str, at: datetime) -> str | None:
    """What a code was, `code` or `recovery code`, and from now on it is used up; None if it is wrong."""
    values: dict[str, Any] = {"name": account.name, "secret": account.totp_secret}
    step = second_factor.step(account.totp_secret or "", code, at)
    if step is not None and conn.execute(_SQL["use_step"], values | {"step": step}).fetchone() is not None:
        return "code"
    values["code"] = second_factor.digest(code)
    used = conn.execute(_SQL["use_recovery_code"], values).fetchone()
    return None if used is None else "recovery code"


def _one(conn: Connection, query: str, name: str, **values: Any) -> None:
    if conn.execute(_SQL[query], {"name": name, **values}).fetchone() is None:
        raise UnknownStaff(name)
