"""Finer words for the places of open incidents, asked of an address service outside of any transaction."""

from __future__ import annotations

from dataclasses import replace

from psycopg.types.json import Jsonb

from incident.places.address import AddressService, improve
from incident.places.describe import as_json, from_json
from runtime.database import Connection
from runtime.sql import Queries

SQL = Queries("incident.places")


def refine_next(conn: Connection, service: AddressService) -> bool:
    """Ask for one open incident whose place nobody has asked for yet; whether there was one.

    `conn` commits every statement by itself, so nothing is locked while the network is waited for. If the
    incident has moved meanwhile, its new place stays as it is and is asked for next. Several may do so at
    once: the worst is that a place is asked for twice.
    """
    row = conn.execute(SQL["place_to_refine"]).fetchone()
    if row is None:
        return False
    facts = from_json(row["place"])
    address = service.ask(facts.position)
    finer = replace(improve(facts, address) if address is not None else facts, address_asked=True)
    conn.execute(
        SQL["refine_place"], {"id": row["id"], "before": Jsonb(row["place"]), "after": Jsonb(as_json(finer))}
    )
    return True
