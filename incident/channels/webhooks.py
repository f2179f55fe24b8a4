"""The addresses at which the carrier finds us, for one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

# Has the carrier try again on failed connections and 5xx answers, up to 15 s in all.
TRY_AGAIN: Final = "#rc=5&rp=all"
_MOST_HELD: Final = 99


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Absolute addresses of ours that carry the call's own id, so that any of them says which call it is about."""

    api_url: str
    call_id: UUID

    def to(self, what: str, **query: str | int) -> str:
        """The address for one purpose, such as `gather`."""
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self.api_url}/twilio/{what}/{self.call_id}{asked}{TRY_AGAIN}"

    def hold(self, held: int) -> str:
        """Where a line that was held so often is held on."""
        return self.to("hold", held=min(held, _MOST_HELD))
