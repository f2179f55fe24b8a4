"""`python -m ingest --lane urgent|bulk`: reads what devices publish into the database.

Holds its shards by advisory locks on the very connection it commits on, and ends when that
connection is lost: two holders would fight over the sessions at the broker.
"""

from __future__ import annotations

import argparse
import queue
from typing import Final

import psycopg
import structlog

from incident.service import Incidents
from ingest.assess import Assessor
from ingest.bulk import BulkLane
from ingest.driver import Driver
from ingest.fleet import SQL
from ingest.house import House
from ingest.session import Delivery, Session, SubscriptionRefused, take
from ingest.urgent import UrgentLane
from runtime.database import Connection, connect_patiently
from runtime.lifecycle import Lifecycle
from runtime.logs import configure
from runtime.settings import Settings
from schemas import topics

_LOOK_S: Final = 0.05
_MOST: Final = {"urgent": 50, "bulk": 4000}
_GATHER_S: Final = {"urgent": 0.0, "bulk": 0.01}


def claim_shards(conn: Connection, life: Lifecycle, lane: str, shards: tuple[str, ...]) -> bool:
    """Wait until every shard is ours; false if the process was asked to end before."""
    log = structlog.get_logger(role="ingest", lane=lane)
    for shard in sorted(shards):  # in one order, or two processes might each wait for the other
        waited = False
        while True:
            row = conn.execute(SQL["lock_shard"], {"lane": lane, "shard": shard}).fetchone()
            if row is not None and row["locked"]:
                break
            if not waited:
                log.info("shard is held by another process; waiting for it", shard=shard)
                waited = True
            if life.wait(0.2):
                return False
    return True


def serve(settings: Settings, lane: str, life: Lifecycle) -> None:
    """Run one lane until told to end. Raises psycopg.OperationalError and SubscriptionRefused."""
    log = structlog.get_logger(role="ingest", lane=lane)
    incidents = Incidents(settings)
    with connect_patiently(
        settings.database_url.get_secret_value(), name=f"ingest {lane}", autocommit=True
    ) as conn:
        if not claim_shards(conn, life, lane, settings.shards):
            return
        assessor = Assessor(incidents, Driver.by(settings), lane, settings.shards)
        if lane == "urgent":
            names: tuple[str, ...] = topics.URGENT
            worker: UrgentLane | BulkLane = UrgentLane(
                incidents, assessor, dead_letter_bytes=settings.dead_letter_bytes
            )
            house = None
        else:
            names = topics.BULK
            worker = BulkLane(incidents, dead_letter_bytes=settings.dead_letter_bytes)
            house = House(settings, worker, assessor)
            house.open(conn)
        inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        url = settings.mqtt_url.get_secret_value()
        sessions = [Session(url, shard, lane, names, inbox) for shard in settings.shards]
        for session in sessions:
            session.start()
        try:
            _wait_for_sessions(sessions, life)
            life.ready()
            log.info("ingest runs", shards=len(sessions))
            while not life.stopping:
                life.beat()
                batch = take(inbox, most=_MOST[lane], wait_s=_LOOK_S, gather_s=_GATHER_S[lane])
                if batch:
                    worker.work(conn, batch)
                assessor.decide_due(conn)
                for session in sessions:
                    session.check()
                if house is not None:
                    house.keep(conn)
        finally:
            for session in sessions:
                session.stop()


def _wait_for_sessions(sessions: list[Session], life: Lifecycle) -> None:
    for session in sessions:
        while not session.wait_subscribed(0.2):
            if life.stopping:
                return


def main() -> int:
    """Run until told to end; the exit code is 1 where a restart is wanted."""
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.add_argument("--lane", choices=("urgent", "bulk"), required=True)
    lane: str = parser.parse_args().lane
    settings = Settings()
    log = configure(settings, f"ingest-{lane}")
    life = Lifecycle()
    try:
        serve(settings, lane, life)
    except psycopg.OperationalError as error:
        log.warning("database lost; ending, to be started anew", error=str(error).strip())
        return 1
    except SubscriptionRefused:
        log.exception("cannot subscribe")
        return 1
    return life.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
