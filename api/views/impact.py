"""Impacts: what was found, how sure it is, and what it means for people."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from api.fields import BothLanguages, examples
from api.views.incident import AT
from schemas.impact import Severity
from scoring.injury import Injury, Uncovered
from scoring.modifiers import Applied, Modifier
from scoring.reasons import sentence

_ID: Final = "5d1f4e2c-1f0a-4c52-8c0e-2b9a2f3c7a10"
_INJURY: Final[dict[str, Any]] = {
    "injury": "mais3_plus",
    "low": 0.01997,
    "high": 0.10698,
    "models": [
        {"model": "NHTSA 2022 all", "probability": 0.01997},
        {"model": "Malliaris 1997 without direction", "probability": 0.10698},
        {"model": "TUM 2023 without direction", "probability": 0.04545},
    ],
}
_BASIS: Final[dict[str, Any]] = {
    "injury_modifiers": {"age": "unknown", "near_side": "not_from_side", "belt": "unknown"},
    "injury_uncovered": [],
}
_MOUNT: Final = {"quality": 0.91, "moving_s": 420.0}
_MEASURES: Final[dict[str, Any]] = {
    "delta_v_series_kmh": [[0.0, 0.0], [-0.6, 0.0], [-2.6, 0.1]],
    "in_car_axes": True,
    "asi": 1.2,
    "mean_g": 9.1,
    "vertical_ratio": 0.05,
    "slow_share": 0.97,
    "fast_share": 0.01,
    "peak_cfc60_g": None,
    "delta_v_cfc180_kmh": None,
    "olc_g": None,
}
_ANALYSIS: Final[dict[str, Any]] = {
    "detector": "2",
    "uptime_s": 1410.01,
    "severity": "severe",
    "possible_severities": ["severe", "severe"],
    "delta_v_kmh": 31.5,
    "delta_v_from_kmh": 29.9,
    "delta_v_to_kmh": 33.1,
    "delta_v_is_lower_bound": False,
    "delta_v_xyz_kmh": [-27.3, 15.7, 0.4],
    "total_delta_v_kmh": 31.5,
    "pdof_deg": 330.0,
    "clock": 11,
    "peak_g": 18.2,
    "duration_ms": 96.0,
    "rollover": False,
    "multiple": False,
    "parked": False,
    "confidence": 0.998,
    "reasons": ["velocity_change", "stopped_after"],
    "gap": False,
    "complete": True,
    "final": True,
    "speed_before_kmh": 48.0,
    "speed_after_kmh": 0.0,
    "moving_again": False,
    "gps_reaches": True,
    "turned_deg": 4.0,
    "free_fall_s": 0.0,
    "measures": _MEASURES,
    "mount": _MOUNT,
    "injury": [_INJURY],
    **_BASIS,
}
IMPACT: Final[dict[str, Any]] = {
    "id": _ID,
    "at": AT,
    "severity": "severe",
    "possible_severities": ["severe", "severe"],
    "delta_v_kmh": 31.5,
    "delta_v_from_kmh": 29.9,
    "delta_v_to_kmh": 33.1,
    "delta_v_is_lower_bound": False,
    "pdof_deg": 330.0,
    "clock": 11,
    "peak_g": 18.2,
    "duration_ms": 96.0,
    "rollover": False,
    "multiple": False,
    "parked": False,
    "withdrawn": False,
    "reasons": ["velocity_change", "stopped_after"],
    "why": {
        "ja": "衝撃の直後に停車しました。",
        "en": "The car came to a stop right after the shock.",
    },
    "lat_deg": 35.2324,
    "lon_deg": 139.1069,
    "speed_before_kmh": 48.0,
    "speed_after_kmh": 0.0,
    "moving_again": False,
    "injury": [_INJURY],
    **_BASIS,
    "late": False,
    "revision": 3,
    "decided_at": AT,
    "detector": "2",
}
_LISTED: Final = {**IMPACT, "device_id": "car-0001", "incident_id": "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11"}
_EVIDENCE: Final[dict[str, Any]] = {
    "motion_from_s": -10.4,
    "motion_to_s": 20.3,
    "fixes": 80,
    "may_grow": False,
}
_REASON: Final = {
    "code": "stopped_after",
    "ja": "衝撃の直後に停車しました。",
    "en": "The car came to a stop right after the shock.",
}


class RiskView(BaseModel):
    """What one published model says."""

    model_config = examples(_INJURY["models"][0])

    model: str
    probability: float = Field(description="0 to 1.")


class InjuryView(BaseModel):
    """How likely the worst hurt occupant suffered a degree of injury: never one number, and never without names."""

    model_config = examples(_INJURY)

    injury: Injury = Field(description="mais2_plus moderate or worse, mais3_plus serious or worse, or fatal.")
    low: float = Field(description="The smallest probability that a model gives, 0 to 1.")
    high: float = Field(description="The largest probability that a model gives, 0 to 1.")
    models: list[RiskView] = Field(description="Every model's own, always in the same order.")


Estimates = Annotated[list[InjuryView] | None, Field(description="Null for roles that do not rescue.")]
Modified = Annotated[
    dict[Modifier, Applied] | None,
    Field(
        description="What moved the models away from what was published: the policyholder's age, which is not "
        "told here, the seat of the driver (near or far from the struck side), a belt. Empty where no injury "
        "is estimated; null for roles that do not rescue."
    ),
]
Unmodelled = Annotated[
    list[Uncovered] | None,
    Field(
        description="What happened, makes injuries more likely, and is covered by none of the models; "
        "null for roles that do not rescue."
    ),
]
_INJURIES: Final = TypeAdapter(list[InjuryView])


class ImpactView(BaseModel):
    """An impact as it is known by now."""

    model_config = examples(IMPACT)

    id: UUID
    at: AwareDatetime
    severity: Severity = Field(description="The gravest there was a finding of; never taken back.")
    possible_severities: list[Severity] = Field(
        description="The lightest and the gravest class within what is unsure; empty where that was not kept."
    )
    delta_v_kmh: float
    delta_v_from_kmh: float | None = Field(description="The true value is expected from here on.")
    delta_v_to_kmh: float | None = Field(description="The true value is expected up to here.")
    delta_v_is_lower_bound: bool = Field(description="The sensor clipped: it was at least this.")
    pdof_deg: float | None = Field(description="Where the force came from, clockwise from the front.")
    clock: int | None = Field(description="The same as an hour, 12 from the front.")
    peak_g: float
    duration_ms: float
    rollover: bool
    multiple: bool
    parked: bool = Field(description="The car was standing when it was hit.")
    withdrawn: bool = Field(description="By what is known now it was no impact; the reasons say why.")
    reasons: list[str]
    why: BothLanguages = Field(description="The reasons as sentences.")
    lat_deg: float | None
    lon_deg: float | None
    speed_before_kmh: float | None
    speed_after_kmh: float | None = Field(description="Null until GPS has told it.")
    moving_again: bool | None = Field(
        description="It drove on, or stood and drove again; null where GPS does not tell, or not yet."
    )
    injury: Estimates
    injury_modifiers: Modified
    injury_uncovered: Unmodelled
    late: bool
    revision: int
    decided_at: AwareDatetime
    detector: str | None = Field(description="The version of the detector; null where that was not kept.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """From a row of impacts, whose `analysis` holds what has no column of its own."""
        found: dict[str, Any] = row["analysis"] or {}
        pdof_deg = row["pdof_deg"]
        told: dict[str, Any] = {
            "possible_severities": found.get("possible_severities", []),
            "delta_v_from_kmh": found.get("delta_v_from_kmh"),
            "delta_v_to_kmh": found.get("delta_v_to_kmh"),
            "clock": None if pdof_deg is None else round(pdof_deg / 30) % 12 or 12,
            "withdrawn": found.get("severity") == Severity.NONE,
            "speed_after_kmh": found.get("speed_after_kmh"),
            "moving_again": found.get("moving_again"),
            "injury_modifiers": found.get("injury_modifiers", {}),
            "injury_uncovered": found.get("injury_uncovered", []),
            "injury": _injuries(found),
            "why": BothLanguages(
                ja="".join(sentence(code, "ja") for code in row["reasons"]),
                en=" ".join(sentence(code, "en") for code in row["reasons"]),
            ),
        }
        return cls.model_validate(row | told)


def _injuries(found: dict[str, Any]) -> list[InjuryView]:
    """The estimates; none where a detector of another version gave them another shape."""
    try:
        return _INJURIES.validate_python(found.get("injury", []))
    except ValidationError:
        return []


class ListedImpact(ImpactView):
    """An impact with whose it is."""

    model_config = examples(_LISTED)

    device_id: str
    incident_id: UUID | None = Field(description="Null for a knock, which opens none.")


class ImpactList(BaseModel):
    """Impacts, newest first."""

    model_config = examples({"impacts": [_LISTED]})

    impacts: list[ListedImpact]


class MeasuresView(BaseModel):
    """What was measured of the strongest shock; null where its sampling does not serve a measure."""

    model_config = examples(_MEASURES)

    delta_v_series_kmh: list[tuple[float | None, float | None]] = Field(
        description="The velocity change at 0, 10, ... 250 ms: forward and right of the car, or along and across it."
    )
    in_car_axes: bool = Field(description="Whether the axes are the car's own.")
    asi: float | None = Field(
        description="Acceleration severity index; an upper bound where the axes are not the car's."
    )
    mean_g: float | None
    vertical_ratio: float | None = Field(description="Vertical to horizontal velocity change.")
    slow_share: float | None = Field(description="Share of the energy below 15 Hz.")
    fast_share: float | None = Field(description="Share of the energy above 25 Hz.")
    peak_cfc60_g: float | None
    delta_v_cfc180_kmh: float | None
    olc_g: float | None = Field(description="Occupant load criterion.")


class MountView(BaseModel):
    """How sure it is how the device sits in its car."""

    model_config = examples(_MOUNT)

    quality: float = Field(description="Correlation of its motion with the car's own by GPS, up to 1.")
    moving_s: float | None = Field(description="How much driving it was learnt from.")


class AnalysisView(BaseModel):
    """The latest finding, whole, as the detector made it; null is also what could not be computed."""

    model_config = examples(_ANALYSIS)

    detector: str
    uptime_s: float = Field(description="Time zero, in seconds since the device started.")
    severity: Severity = Field(description="By what is known now; may be milder than the impact's.")
    possible_severities: list[Severity]
    delta_v_kmh: float = Field(description="The largest horizontal velocity change of a single shock.")
    delta_v_from_kmh: float
    delta_v_to_kmh: float
    delta_v_is_lower_bound: bool
    delta_v_xyz_kmh: list[float | None] = Field(description="The same as a vector in the device's axes.")
    total_delta_v_kmh: float | None = Field(description="All its shocks added as vectors.")
    pdof_deg: float | None
    clock: int | None
    peak_g: float | None
    duration_ms: float | None
    rollover: bool
    multiple: bool
    parked: bool
    confidence: float | None = Field(description="How sure it is that this was a collision, 0 to 1.")
    reasons: list[str]
    gap: bool = Field(description="Data around it are missing.")
    complete: bool = Field(description="The shock's end was seen.")
    final: bool = Field(description="Later motion can change nothing; later fixes can.")
    speed_before_kmh: float | None
    speed_after_kmh: float | None
    moving_again: bool | None = Field(description="It drove on, or stood within 10 s and drove again.")
    gps_reaches: bool = Field(
        description="There are fixes of 5 s after it and later; before, a speed after it cannot be known."
    )
    turned_deg: float | None = Field(description="How far the device leans after it.")
    free_fall_s: float | None = Field(description="How long it fell freely before.")
    measures: MeasuresView
    mount: MountView | None = Field(description="The one that gave the direction of force; null without.")
    injury: Estimates
    injury_modifiers: Modified
    injury_uncovered: Unmodelled


class EvidenceView(BaseModel):
    """What is kept of the motion and the fixes around an impact, in seconds from it."""

    model_config = examples(_EVIDENCE)

    motion_from_s: float | None
    motion_to_s: float | None
    fixes: int
    may_grow: bool = Field(description="It will be looked at again for what has arrived since.")


class ReasonView(BaseModel):
    """A reason in words."""

    model_config = examples(_REASON)

    code: str
    ja: str
    en: str


class ImpactDetail(ListedImpact):
    """Everything that is kept of an impact, but for the samples."""

    model_config = examples({**_LISTED, "explained": [_REASON], "analysis": _ANALYSIS, "evidence": _EVIDENCE})

    explained: list[ReasonView] = Field(description="The reasons in words.")
    analysis: AnalysisView | None = Field(description="Null where it was not kept.")
    evidence: EvidenceView
