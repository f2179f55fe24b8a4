"""A finding as it is kept for good: every figure behind it, the version that found it, the injury estimates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np

from schemas.impact import Severity
from scoring.finding import DETECTOR_VERSION, Analysis
from scoring.injury import Uncovered, estimate
from scoring.modifiers import Modifiers

DIGITS: Final = {"kmh": 2, "g": 2, "deg": 1, "ms": 1, "s": 3}
"""Digits kept behind the point, by the unit a name ends with: none of them means anything beyond."""
OTHER_DIGITS: Final = 5


def record_of(analysis: Analysis, modifiers: Modifiers | None = None) -> dict[str, Any]:
    """A finding as plain values for JSON: figures rounded, null for what is no finite number.

    `modifiers` is what is known of the people, whose own values are not told; None leaves the models as
    published. `injury` has every model's name beside its number, `injury_modifiers` what moved them,
    `injury_uncovered` what none of them knows of. `mount` is the one that gave the direction. Raises
    TypeError for a value that JSON does not know.
    """
    found: dict[str, Any] = _plain(asdict(analysis), OTHER_DIGITS)
    if found["pdof_deg"] is not None:
        found["pdof_deg"] %= 360  # 359.96 was rounded up
    pdof_deg: float | None = found["pdof_deg"]
    least, most = analysis.possible_severities
    found["possible_severities"] = [str(least), str(most)]
    found["clock"] = None if pdof_deg is None else analysis.clock
    found["detector"] = DETECTOR_VERSION
    quality, moving_s = found.pop("mount_quality"), found.pop("mount_moving_s")
    found["mount"] = None if quality is None else {"quality": quality, "moving_s": moving_s}
    return found | _injury(analysis, pdof_deg, modifiers or Modifiers())


def _injury(analysis: Analysis, pdof_deg: float | None, modifiers: Modifiers) -> dict[str, Any]:
    if analysis.severity is Severity.NONE or not math.isfinite(analysis.delta_v_kmh):
        return {"injury": [], "injury_modifiers": {}, "injury_uncovered": []}
    direction = None if pdof_deg is None else analysis.pdof_deg
    # As lists: jsonb would sort the models by their names.
    estimates = [
        {
            "injury": each.injury,
            "low": each.low,
            "high": each.high,
            "models": [{"model": risk.model, "probability": risk.probability} for risk in each.risks],
        }
        for each in estimate(float(analysis.delta_v_kmh), direction, modifiers)
    ]
    uncovered = {Uncovered.MULTIPLE: analysis.multiple, Uncovered.ROLLOVER: analysis.rollover}
    return _plain(
        {
            "injury": estimates,
            "injury_modifiers": modifiers.applied(direction),
            "injury_uncovered": [name for name, happened in uncovered.items() if happened],
        },
        OTHER_DIGITS,
    )


def _plain(value: object, digits: int) -> Any:
    """Plain Python values; raises TypeError for any other."""
    if isinstance(value, np.generic):
        value = cast("object", value.item())
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, digits) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        named = cast("Mapping[str, object]", value)
        return {
            str(name): _plain(each, DIGITS.get(name.rpartition("_")[2], OTHER_DIGITS))
            for name, each in named.items()
        }
    if isinstance(value, Sequence):
        return [_plain(each, digits) for each in cast("Sequence[object]", value)]
    raise TypeError(f"a finding holds no {type(value).__name__}")
