"""Driving times from a router by URL (OSRM or Valhalla), asked ahead of any offer and outside any transaction.

As soon as an incident has a place, and again while somebody may still be asked, the units around it are
looked up and their times kept. An offer takes what is there and never waits: without a router, or while it
is slow or away, the estimate serves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, cast

import httpx
import structlog

from incident.record.offers import SQL
from runtime.database import Connection
from runtime.settings import Settings
from schemas.impact import Position

TIMEOUT_S: Final = 0.8
_AGAIN: Final = timedelta(seconds=60)
_MOST_UNITS: Final = 50


class RouterError(Exception):
    """No usable answer."""


class Router:
    """One router. `kind` is osrm (its table service) or valhalla (sources_to_targets)."""

    def __init__(self, url: str, kind: str) -> None:
        self._url, self._kind = url.rstrip("/"), kind
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)

    def drives_s(self, starts: Sequence[Position], goal: Position) -> list[float | None]:
        """Seconds of driving from each start; None where there is no way. Raises RouterError."""
        try:
            answer = (
                self._ask_osrm(starts, goal) if self._kind == "osrm" else self._ask_valhalla(starts, goal)
            )
            answer.raise_for_status()
            found = read_osrm(answer.json()) if self._kind == "osrm" else read_valhalla(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, IndexError) as error:
            raise RouterError(f"{type(error).__name__}: {error}") from error
        if len(found) != len(starts):
            raise RouterError(f"{len(found)} times for {len(starts)} units")
        return found

    def _ask_osrm(self, starts: Sequence[Position], goal: Position) -> httpx.Response:
        points = ";".join(f"{at.lon_deg:.6f},{at.lat_deg:.6f}" for at in (*starts, goal))
        sources = ";".join(str(number) for number in range(len(starts)))
        return self._client.get(
            f"{self._url}/table/v1/driving/{points}",
            params={"sources": sources, "destinations": str(len(starts)), "annotations": "duration"},
        )

    def _ask_valhalla(self, starts: Sequence[Position], goal: Position) -> httpx.Response:
        body = {
            "sources": [{"lat": at.lat_deg, "lon": at.lon_deg} for at in starts],
            "targets": [{"lat": goal.lat_deg, "lon": goal.lon_deg}],
            "costing": "auto",
        }
        return self._client.post(f"{self._url}/sources_to_targets", json=body)


def read_osrm(answer: Any) -> list[float | None]:
    """Durations to the one destination. Raises ValueError, KeyError, TypeError, IndexError."""
    if answer["code"] != "Ok":
        raise ValueError(answer["code"])
    return [_seconds(row[0]) for row in cast("list[list[Any]]", answer["durations"])]


def read_valhalla(answer: Any) -> list[float | None]:
    """Times to the one target. Raises ValueError, KeyError, TypeError, IndexError."""
    return [_seconds(row[0]["time"]) for row in cast("list[list[Any]]", answer["sources_to_targets"])]


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    seconds = float(value)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{value} is no length of time")
    return seconds


class Scout:
    """Keeps driving times for incidents that may need somebody; used by one thread."""

    def __init__(self, settings: Settings) -> None:
        url = settings.router_url
        self._router = Router(url, settings.router_kind) if url else None
        self._log = structlog.get_logger(role="routes")

    def step(self, conn: Connection) -> bool:
        """Look one incident's units up; false if there is none to look up, or no router."""
        if self._router is None:
            return False
        with conn.transaction():
            incident = conn.execute(SQL["claim_routes"], {"again": _AGAIN}).fetchone()
        if incident is None:
            return False
        goal = Position(incident["lat_deg"], incident["lon_deg"])
        near = {"lat_deg": goal.lat_deg, "lon_deg": goal.lon_deg, "limit": _MOST_UNITS}
        rows = conn.execute(SQL["units_near"], near).fetchall()
        if not rows:
            return True
        try:
            found = self._router.drives_s([Position(row["lat_deg"], row["lon_deg"]) for row in rows], goal)
        except RouterError as error:
            self._log.warning("the router does not help; offers go by the estimate", error=str(error)[:200])
            return True
        routes = [
            {"incident_id": incident["id"], "unit_id": row["id"], "drive_s": seconds}
            for row, seconds in zip(rows, found, strict=True)
            if seconds is not None
        ]
        with conn.transaction():
            for route in routes:
                conn.execute(SQL["keep_route"], route)
        return True
