"""Wrong tries at a name, or in one place known to it: after five in a row each further one waits, longer each time.

A try counts as wrong from its beginning until it is known to be right: so neither many at once nor a process
that dies meanwhile makes more of them possible. Names that nobody has are counted alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from runtime.database import Connection
from runtime.sql import Queries

_SQL: Final = Queries("api", "staff.sql")
FREE: Final = 5
FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Try:
    """`wait_s` is set where there is none now; `locks_out` where the next one has to wait if this one is wrong."""

    wait_s: float | None = None
    locks_out: bool = False


def take(conn: Connection, name: str) -> Try:
    """Begin a try. It counts as wrong unless `give_back` or `forget` follows."""
    conn.execute(_SQL["forget_old_tries"])
    key = {"key": _key(name)}
    limits = {"free": FREE, "first_s": FIRST_WAIT_S, "longest_s": LONGEST_WAIT_S}
    taken = conn.execute(_SQL["take_try"], key | limits).fetchone()
    if taken is not None:
        return Try(locks_out=taken["now_waits"])
    left = conn.execute(_SQL["wait_left"], key).fetchone()
    return Try(wait_s=left["wait_s"] if left is not None else 0.0)


def give_back(conn: Connection, name: str) -> None:
    """It was neither right nor wrong: something was still to be asked. Earlier ones still count."""
    conn.execute(_SQL["give_try_back"], {"key": _key(name)})


def forget(conn: Connection, name: str) -> None:
    """It was right, or somebody vouches for them: wrong ones count from none."""
    conn.execute(_SQL["forget_tries"], {"key": _key(name)})


def _key(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
