"""Signing in by name, password and code: who may try, what is said, what is logged.

It ends with a name that is vouched for; `api.sessions` makes a session of that. Another way to vouch for a name
(OpenID Connect) would stand beside this module and end in the same place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread

from api import browsers, passwords, staff, tries
from api.access import log_look_up
from api.context import Context
from api.errors import Problem
from api.sessions import Session
from api.throttle import Throttle
from incident.service import now
from runtime.database import Connection

# Each takes 64 MiB and all processors for a tenth of a second.
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 60
_MISSES: Final = 20
_MISSES_PER_S: Final = 1 / 30
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
_Made = TypeVar("_Made")


class Gate:
    """Who has come too often, and how many passwords are hashed at once. One per application."""

    def __init__(self) -> None:
        # A whole desk may share an address, so only what is wrong is counted.
        self.misses = Throttle(burst=_MISSES, per_s=_MISSES_PER_S)
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def in_turn(self, work: Callable[[], _Made]) -> _Made:
        """Do something that hashes passwords, in a thread that others do not need. Raises Problem 503."""
        if self._limiter.statistics().tasks_waiting >= _MOST_WAITING:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many sign in at once", headers={"Retry-After": "5"}
            )
        return await to_thread.run_sync(work, limiter=self._limiter)


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody comes from, in which browser, and the gate they have to pass."""

    gate: Gate
    address: str
    browser: str | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A try that has begun, what it is counted by, and whether it comes from where nobody is known."""

    key: str
    stranger: bool
    locks_out: bool


def vouch(here: Context, door: Door, name: str, password: str, code: str | None) -> staff.Account:
    """The account of this name, if password and code are right.

    Raises Problem: 401 in the same words and after the same time whether there is such a name or not,
    with `needs_code` only after a right password; 429 while it has to wait. A browser in which they have signed in
    before waits for its own wrong tries only.
    """
    account, attempt = _try(here, door, name, password)
    with here.transaction() as conn:
        used = "password"
        if account.has_second_factor:
            used = staff.use_code(conn, account, code, now(conn)) if code else None
        if used is not None:
            tries.forget(conn, attempt.key)
            staff.renew_hash(conn, account, password)
            staff.note_sign_in(conn, name)
            log_look_up(
                conn, f"{account.role}:{name}", "session.begin", f"address {door.address}", f"with {used}"
            )
        elif code:
            _refuse(conn, door, name, "wrong code", attempt)
        else:
            tries.give_back(conn, attempt.key)
    if used is None:
        words = "the code is wrong, or was used already" if code else "a code of the second factor is needed"
        raise Problem(HTTPStatus.UNAUTHORIZED, words, headers=_CHALLENGE, extra={"needs_code": True})
    return account


def check_password(here: Context, door: Door, own: Session, password: str) -> staff.Account:
    """The account of somebody who is signed in already. Raises Problem 403 and 429.

    Wrong ones count for this session alone: nobody outside can keep somebody from unlocking their screen.
    """
    account, attempt = _try(here, door, own.name, password, own)
    with here.transaction() as conn:
        tries.forget(conn, attempt.key)
    return account


def _try(
    here: Context, door: Door, name: str, password: str, own: Session | None = None
) -> tuple[staff.Account, _Attempt]:
    with here.transaction() as conn:
        known = f"session {own.id_sha256.hex()}" if own else browsers.key(conn, door.browser, name)
        if known is None and not door.gate.misses.allows(door.address):
            raise _wait(1 / _MISSES_PER_S)
        begun = tries.take(conn, known or name)
        account = staff.find(conn, name)
    if begun.wait_s is not None:
        raise _wait(begun.wait_s)
    attempt = _Attempt(known or name, known is None, begun.locks_out)
    # Outside of any transaction: it takes long.
    fits = passwords.fits(account.password_hash if account else None, password)
    if account is not None and fits and account.disabled_at is None:
        return account, attempt
    with here.transaction() as conn:
        why = "the account is disabled" if fits else "wrong password"
        _refuse(conn, door, name if account else "an unknown name", why, attempt)
    if own is not None:
        raise Problem(HTTPStatus.FORBIDDEN, "the password is wrong")
    raise Problem(HTTPStatus.UNAUTHORIZED, "name or password is wrong", headers=_CHALLENGE)


def _refuse(conn: Connection, door: Door, name: str, why: str, attempt: _Attempt) -> None:
    # Those who are known must not use up what strangers at their address have.
    if attempt.stranger:
        door.gate.misses.take(door.address)
    log_look_up(conn, f"address:{door.address}", "session.refused", name, why)
    if attempt.locks_out:
        log_look_up(conn, f"address:{door.address}", "session.lock_out", name, why)


def _wait(wait_s: float) -> Problem:
    seconds = max(1, math.ceil(wait_s))
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"too many wrong tries: try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
        extra={"wait_s": seconds},
    )
