"""Commands that somebody gives on a picture that is not true any more."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

from api.dossier.events import told
from api.errors import Problem
from incident.service import Incidents
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Language

if TYPE_CHECKING:
    from api.auth import Admitted

_SQL: Final = Queries("api", "stale.sql")
_WORDS: Final = ["note", "operator_wrote", "link_sent"]
"""Kinds of events that change nothing in what is to be done."""


def refuse_stale(conn: Connection, incidents: Incidents, incident_id: UUID, who: Admitted) -> None:
    """Under the incident's lock: refuse what is asked where others decided something `who` has not seen.

    Who does not say what they have seen is not asked. Raises Problem, 409 with `changed`.
    """
    if who.seen_at is None:
        return
    incidents.hands(conn, incident_id)
    key = {"id": incident_id, "seen_at": who.seen_at, "actor": f"operator:{who.name}", "words": _WORDS}
    found = conn.execute(_SQL["changed_since"], key).fetchall()
    if not found:
        return
    changed = [{language: told(row["kind"], row["data"], language) for language in Language} for row in found]
    raise Problem(
        HTTPStatus.CONFLICT,
        "meanwhile: " + "; ".join(each[Language.EN] for each in changed),
        extra={"changed": changed},
    )
