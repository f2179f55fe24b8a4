"""What lies around an incident, as it is shown."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import BothLanguages, examples
from incident.places.landmarks import LandmarkKind
from schemas.incident import DispatchKind

_POINT: Final[dict[str, Any]] = {
    "at": "2026-10-01T03:00:00Z",
    "lat_deg": 35.2025,
    "lon_deg": 139.0362,
    "speed_kmh": 45.2,
}
_UNIT: Final[dict[str, Any]] = {
    "id": "guard-hakone",
    "name": "警備員 小田原2号",
    "skills": ["guard"],
    "lat_deg": 35.2561,
    "lon_deg": 139.155,
    "position_at": "2026-10-01T02:59:30Z",
    "on_shift": True,
    "out_of_service": False,
    "busy": False,
    "arrival_s": 1560,
    "distance_km": 12.3,
}
_LANDMARK: Final[dict[str, Any]] = {
    "kind": "hospital",
    "name": {"ja": "箱根の病院", "en": "Hospital of Hakone"},
    "number": "050-0000-0101",
    "lat_deg": 35.244,
    "lon_deg": 139.059,
    "distance_km": 5.1,
    "source": "where it is from",
    "as_of": "2026-04-01",
}


class TrackPoint(BaseModel):
    """Where the car was, by its own GPS."""

    model_config = examples(_POINT)

    at: AwareDatetime
    lat_deg: float
    lon_deg: float
    speed_kmh: float | None


class NearUnit(BaseModel):
    """A unit near the place, whether it may be asked or not."""

    model_config = examples(_UNIT)

    id: str
    name: str
    skills: list[DispatchKind]
    lat_deg: float
    lon_deg: float
    position_at: AwareDatetime = Field(description="When it was last known to be there.")
    on_shift: bool
    out_of_service: bool = Field(description="By a supervisor's word it is not asked.")
    busy: bool = Field(description="It was asked for, or is on, some incident.")
    arrival_s: float = Field(description="When it would be there, seconds from now, were it asked now.")
    distance_km: float = Field(description="As the crow flies.")


class LandmarkView(BaseModel):
    """A hospital or a police station, of an imported directory."""

    model_config = examples(_LANDMARK)

    kind: LandmarkKind
    name: BothLanguages
    number: str
    lat_deg: float
    lon_deg: float
    distance_km: float
    source: str
    as_of: date


class SurroundingsView(BaseModel):
    """What lies around an incident."""

    model_config = examples({"track": [_POINT], "units": [_UNIT], "landmarks": [_LANDMARK]})

    track: list[TrackPoint] = Field(
        description="From a minute before, for ten minutes at most; oldest first."
    )
    units: list[NearUnit] = Field(description="Soonest first; empty for who may not see units.")
    landmarks: list[LandmarkView] = Field(description="The nearest of each kind; empty if none is imported.")
