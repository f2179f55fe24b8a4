"""A finer address from a service by HTTP, where an insurer names one. Never asked within a transaction.

Understood are the answers of the Geospatial Information Authority of Japan (LonLatToAddress) and of
Nominatim (reverse, jsonv2). A car's place then leaves for whoever runs that service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, cast

import httpx
import structlog

from incident.places.place import PlaceFacts, Words
from incident.places.prefectures import city_of, five_digits
from incident.places.words import full_name, hint_words, place_words, road_words
from schemas.impact import Position

_NOT_A_NAME: Final = {"", "－", "-"}
_NOMINATIM_PARTS: Final = (
    ("province", "state"),
    ("city", "town", "village", "municipality"),
    ("suburb", "city_district"),
    ("quarter", "neighbourhood", "hamlet"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """What the service said: the words below the municipality, or all of them; a code where it gives one."""

    code: str | None
    district_ja: str
    whole_ja: str


class AddressService:
    """Asks one service. Safe to share between threads."""

    def __init__(self, url: str, timeout_s: float = 1.0) -> None:
        """`url` with {lat} and {lon} in it; see the setting CBUTTON_GEOCODER_URL."""
        self._url = url
        self._http = httpx.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)

    def close(self) -> None:
        """Let its connections go."""
        self._http.close()

    def ask(self, position: Position) -> Address | None:
        """The address of a place; None where there is none, or no answer in time. Never raises for the network."""
        url = self._url.replace("{lat}", f"{position.lat_deg:.6f}").replace(
            "{lon}", f"{position.lon_deg:.6f}"
        )
        try:
            answer = self._http.get(url)
            answer.raise_for_status()
            return read_answer(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            # Without the address asked for: it holds the car's place.
            structlog.get_logger().warning("the address service gave no address", reason=type(error).__name__)
            return None


def read_answer(answer: object) -> Address | None:
    """An answer of either kind; None where it has no address. Raises ValueError for any other."""
    said = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {"no object": answer}
    if isinstance(results := said.get("results"), dict):
        found = cast("dict[str, Any]", results)
        code = five_digits(str(found.get("muniCd", "")).zfill(5))
        district = str(found.get("lv01Nm") or "")
        return Address(code, "" if district in _NOT_A_NAME else district, "") if code else None
    if isinstance(parts := said.get("address"), dict):
        named = cast("dict[str, Any]", parts)
        words = [next((str(named[key]) for key in keys if named.get(key)), "") for keys in _NOMINATIM_PARTS]
        return Address(None, "", "".join(words)) if words[1] else None
    if "error" in said or not said:
        return None
    raise ValueError("neither an answer of LonLatToAddress nor of Nominatim")


def improve(facts: PlaceFacts, address: Address) -> PlaceFacts:
    """The facts with the finer words; unchanged where the answer does not fit what is known.

    A service that names another municipality than the map and its neighbours is not believed over it:
    the fire headquarters was chosen by the map, and words and number must speak of one place.
    """
    area = facts.area
    if area is None:
        return facts
    name, words = full_name(area.municipality), None
    if address.code is not None and address.district_ja:
        # The map may know only the city of a ward.
        if area.municipality.code in {address.code, city_of(address.code)}:
            words = Words(f"{name.ja}{address.district_ja}付近", f"near {name.en} ({address.district_ja})")
    elif area.municipality.name.ja in address.whole_ja:
        words = Words(f"{address.whole_ja}付近", f"near {name.en} ({address.whole_ja})")
    if words is None:
        return facts
    return replace(
        facts,
        words=place_words(words, road_words(facts.roads)),
        hint=hint_words(facts.position, area, facts.roads, off_address=bool(facts.roads)),
        off_address=bool(facts.roads),
    )
