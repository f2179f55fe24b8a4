"""What lies under the console's maps: the outline of Japan, and a server of tiles where the settings name one."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Watcher
from api.context import Here
from api.dossier.outline import SOURCE, prefectures
from api.errors import problems
from api.fields import examples

router: Final = APIRouter(prefix="/v1/map", tags=["incidents"])
_RING: Final = [[[[139.0, 35.2], [139.1, 35.2], [139.1, 35.3], [139.0, 35.2]]]]
_OUTLINE: Final = {"type": "MultiPolygon", "coordinates": _RING}


class OutlineView(BaseModel):
    """A MultiPolygon of GeoJSON (RFC 7946): one polygon for each prefecture."""

    model_config = examples(_OUTLINE)

    type: Literal["MultiPolygon"] = "MultiPolygon"
    coordinates: list[list[list[tuple[float, float]]]] = Field(
        description="Degrees of longitude and latitude."
    )


class GroundView(BaseModel):
    """What lies under a map."""

    model_config = examples(
        {"tile_url": "", "tile_attribution": "", "outline": _OUTLINE, "outline_source": SOURCE}
    )

    tile_url: str = Field(description="With {z}, {x} and {y}; empty without a server.")
    tile_attribution: str
    outline: OutlineView
    outline_source: str


@router.get("", operation_id="get_map", summary="What lies under a map", responses=problems(401, 403))
def get_map(here: Here, _: Watcher) -> GroundView:
    """The outline of Japan, main islands only, good to about a kilometre; and where tiles come from, if at all."""
    settings = here.settings
    return GroundView(
        tile_url=settings.tile_url,
        tile_attribution=settings.tile_attribution,
        outline=_outline(),
        outline_source=SOURCE,
    )


@lru_cache(maxsize=1)
def _outline() -> OutlineView:
    rings = [
        [(round(float(lon), 4), round(float(lat), 4)) for lon, lat in found.ring_deg]
        for found in prefectures()
    ]
    return OutlineView(coordinates=[[ring] for ring in rings])
