"""A finding as it is kept for good: every figure behind it, the version that found it, the injury estimates."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from schemas.impact import Severity
from scoring.finding import DETECTOR_VERSION, Analysis
from scoring.injury import Modifiers, estimate


def record_of(analysis: Analysis, modifiers: Modifiers | None = None) -> dict[str, Any]:
    """A finding as plain values for JSON, `injury` with every model's name beside its number.

    `modifiers` is what is known of the people; None leaves the models as published.
    """
    found = asdict(analysis)
    least, most = analysis.possible_severities
    found["severity"] = str(analysis.severity)
    found["possible_severities"] = [str(least), str(most)]
    found["clock"] = analysis.clock
    found["detector"] = DETECTOR_VERSION
    found["injury"] = (
        []
        if analysis.severity is Severity.NONE
        else [
            {
                "injury": str(each.injury),
                "low": round(each.low, 5),
                "high": round(each.high, 5),
                "models": {risk.model: round(risk.probability, 5) for risk in each.risks},
            }
            for each in estimate(analysis.delta_v_kmh, analysis.pdof_deg, modifiers)
        ]
    )
    return found
