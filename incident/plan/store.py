"""Plans in the database: every version that was ever active is kept, and who made it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from incident.plan.check import judge
from incident.plan.plan import read_plan
from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("incident.plan", "plans.sql")


class UnknownPlan(LookupError):
    """No plan of that version, or none that was ever active."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of the plan, as its author wrote it."""

    version: int
    toml: str
    activated_at: datetime


def stored(conn: Connection, version: int | None = None) -> Stored:
    """A version, or else the one that new incidents open with. Raises UnknownPlan."""
    if version is None:
        row = conn.execute(SQL["active_plan"]).fetchone()
    else:
        row = conn.execute(SQL["plan_by_version"], {"version": version}).fetchone()
    if row is None:
        raise UnknownPlan(
            "no plan was ever active" if version is None else f"there is no plan of version {version}"
        )
    return Stored(row["version"], row["toml"], row["activated_at"])


@dataclass(frozen=True, slots=True)
class Activation:
    """A version that was ever active: since when the last time, by whom and why, where somebody is on record."""

    version: int
    activated_at: datetime
    actor: str | None
    reason: str | None


def versions(conn: Connection) -> list[Activation]:
    """All that were ever active, the present one first."""
    return [Activation(**row) for row in conn.execute(SQL["plan_versions"]).fetchall()]


def activate(conn: Connection, toml: str, *, actor: str, reason: str) -> int:
    """Make a plan the one that new incidents open with, and note who did; its version.

    The same text keeps its version. Raises plan.PlanError where a new plan may not be so.
    """
    judge(toml)
    version = put(conn, toml)
    conn.execute(SQL["note_activation"], {"actor": actor, "object": f"plan {version}", "reason": reason})
    return version


def put(conn: Connection, toml: str) -> int:
    """The same for a plan that need only be readable, with nobody to name. Raises plan.PlanError."""
    read_plan(toml)
    return _version(conn, "activate_plan", toml)


def keep(conn: Connection, toml: str) -> int:
    """Have a plan in the database without making it the one that new incidents open with; its version."""
    return _version(conn, "keep_plan", toml)


def _version(conn: Connection, query: str, toml: str) -> int:
    row = conn.execute(SQL[query], {"sha256": sha256(toml.encode()).hexdigest(), "toml": toml}).fetchone()
    if row is None:
        raise AssertionError("INSERT … RETURNING gave no row")
    return int(row["version"])
