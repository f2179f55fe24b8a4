"""The plans that incidents go by: each version is read once, and none of them keeps an incident from being opened."""

from __future__ import annotations

from importlib import resources

from incident.plan import store
from incident.plan.plan import Plan, PlanError, read_plan
from incident.plan.tables import Languages
from runtime.database import Connection


class Plans:
    """Versions as they were read from the database, with their times at the clock's scale."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._read: dict[int, Plan] = {}

    def of(self, conn: Connection, version: int) -> Plan:
        """A version. Raises store.UnknownPlan, PlanError."""
        if version not in self._read:
            self._read[version] = read_plan(store.stored(conn, version).toml, scale=self._scale)
        return self._read[version]

    def current(self, conn: Connection) -> tuple[int, Plan]:
        """What new incidents open with, and its version: the built-in plan where there is none that can be read."""
        try:
            version = store.stored(conn).version
        except store.UnknownPlan:
            version = store.put(conn, default_plan())
        try:
            return version, self.of(conn, version)
        except PlanError:
            # Whoever has crashed is called, by whichever plan there is; the auditor tells of the broken one.
            kept = store.keep(conn, default_plan())
            return kept, self.of(conn, kept)

    def languages(self, conn: Connection, version: int) -> Languages:
        """In what languages people are spoken to; as by default where that version cannot be read."""
        try:
            return self.of(conn, version).languages
        except (LookupError, PlanError):
            return Languages()  # somebody is on the line: the auditor tells of the broken plan


def default_plan() -> str:
    """The built-in escalation plan, as TOML."""
    return resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")
