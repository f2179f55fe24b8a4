"""Reads impacts with what stands behind them, and has them drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import structlog
from pydantic import ValidationError

from api.impact_words import heading
from api.views.impact import AnalysisView, EvidenceView, ImpactDetail, ImpactView, ListedImpact, ReasonView
from api.views.waveform import SPEED_AFTER_S, SPEED_BEFORE_S, SpeedPoint, WaveformView
from runtime.database import Connection
from runtime.sql import Queries
from schemas.incident import Language
from scoring.drawing import draw
from scoring.frames import Frame, Motion, stretch_around, stretches
from scoring.reasons import sentence
from scoring.speed import SpeedTrack
from scoring.trace import trace

_SQL: Final = Queries("api", "impacts.sql")
_BEFORE_ALL: Final = UUID(int=0)
_log = structlog.get_logger(role="api")


class UnknownImpact(LookupError):
    """There is no impact of that id."""


class NothingToDraw(LookupError):
    """No motion is kept of an impact."""


def page(conn: Connection, device_id: str | None, *, before: UUID | None, limit: int) -> list[ListedImpact]:
    """Impacts, newest first, of one device or of all. Raises UnknownImpact when `before` names none."""
    at = None if before is None else _row(conn, before)["at"]
    key = {"device_id": device_id, "before_at": at, "before_id": before or _BEFORE_ALL, "limit": limit}
    return [ListedImpact.of(row) for row in conn.execute(_SQL["impacts"], key).fetchall()]


def of_incident(conn: Connection, incident_id: UUID, *, newest: int) -> list[ImpactView]:
    """The impacts of an incident, oldest first."""
    key = {"id": incident_id, "newest": newest}
    return [ImpactView.of(row) for row in conn.execute(_SQL["incident_impacts"], key).fetchall()]


def detail(conn: Connection, impact_id: UUID) -> ImpactDetail:
    """All that is kept of one impact. Raises UnknownImpact."""
    row = _row(conn, impact_id)
    kept = conn.execute(_SQL["evidence"], {"id": impact_id}).fetchone()
    if kept is None:
        raise AssertionError("an aggregate gave no row")
    since = {
        name: None if (ms := kept[f"{name}_ms"]) is None else (ms - row["uptime_ms"]) / 1000
        for name in ("motion_from", "motion_to")
    }
    more: dict[str, Any] = {
        "analysis": _analysis(row),
        "explained": [
            ReasonView(code=code, ja=sentence(code, "ja"), en=sentence(code, "en")) for code in row["reasons"]
        ],
        "evidence": EvidenceView(
            motion_from_s=since["motion_from"],
            motion_to_s=since["motion_to"],
            fixes=kept["fixes"],
            may_grow=kept["may_grow"],
        ),
    }
    return ImpactDetail.model_validate(ListedImpact.of(row).model_dump() | more)


def drawing(conn: Connection, impact_id: UUID, language: Language) -> str:
    """One impact as SVG. Raises UnknownImpact and NothingToDraw."""
    row = _row(conn, impact_id)
    found: dict[str, Any] = row["analysis"] or {}
    uptime_s = _uptime_s(row)
    frames = _frames(conn, impact_id)
    motion = _motion(frames, impact_id, uptime_s)
    return draw(
        motion,
        elsewhere=stretches(frames),
        uptime_s=uptime_s,
        duration_ms=row["duration_ms"],
        delta_v_xyz_kmh=found.get("delta_v_xyz_kmh", (0.0, 0.0, 0.0)),
        pdof_deg=row["pdof_deg"],
        speed=_speed(conn, impact_id),
        heading=heading(ImpactView.of(row), language),
        language=language,
    )


def waveform(conn: Connection, impact_id: UUID) -> WaveformView:
    """The ten seconds around one impact as one line. Raises UnknownImpact and NothingToDraw."""
    row = _row(conn, impact_id)
    uptime_s = _uptime_s(row)
    line = trace(_motion(_frames(conn, impact_id), impact_id, uptime_s), uptime_s)
    speed = _speed(conn, impact_id)
    points = (
        []
        if speed is None
        else [
            SpeedPoint(at_s=round(float(at_s) - uptime_s, 2), kmh=round(float(mps) * 3.6, 1))
            for at_s, mps in zip(speed.uptime_s, speed.speed_mps, strict=True)
            if np.isfinite(mps) and -SPEED_BEFORE_S <= at_s - uptime_s <= SPEED_AFTER_S
        ]
    )
    return WaveformView(
        from_s=line.from_s,
        step_s=line.step_s,
        g=list(line.g),
        pulse_s=(row["duration_ms"] or 0.0) / 1000,
        speed=points,
    )


def _uptime_s(row: dict[str, Any]) -> float:
    """When it happened, by the detector's finding, or else as it was reported."""
    found: dict[str, Any] = row["analysis"] or {}
    return float(found.get("uptime_s", row["uptime_ms"] / 1000))


def _frames(conn: Connection, impact_id: UUID) -> list[Frame]:
    return [Frame(key=None, **frame) for frame in conn.execute(_SQL["frames"], {"id": impact_id}).fetchall()]


def _motion(frames: Sequence[Frame], impact_id: UUID, uptime_s: float) -> Motion:
    motion = stretch_around(frames, uptime_s)
    if motion is None:
        raise NothingToDraw(impact_id)
    return motion


def _analysis(row: dict[str, Any]) -> AnalysisView | None:
    """The finding whole; one of a detector whose findings had another shape is left out."""
    try:
        return None if row["analysis"] is None else AnalysisView.model_validate(row["analysis"])
    except ValidationError:
        _log.exception("a finding cannot be shown", impact=str(row["id"]), detector=row["detector"])
        return None


def _row(conn: Connection, impact_id: UUID) -> dict[str, Any]:
    row = conn.execute(_SQL["impact"], {"id": impact_id}).fetchone()
    if row is None:
        raise UnknownImpact(impact_id)
    return row


def _speed(conn: Connection, impact_id: UUID) -> SpeedTrack | None:
    rows = conn.execute(_SQL["fixes"], {"id": impact_id}).fetchall()
    if not rows:
        return None
    at_s, speed_mps, heading_deg = (
        np.array([row[name] for row in rows], dtype=np.float64)
        for name in ("uptime_ms", "speed_mps", "heading_deg")
    )
    return SpeedTrack(at_s / 1000, speed_mps, heading_deg)
