"""Drivers with the app open: they read what it shows and answer in their way, through the HTTP driver API.

They run in the process of `device_sim.field`.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from device_sim.field.api import Api, ApiDown, keep_turning
from device_sim.process import tell

POLL_S: Final = 1.0
SHORTEST_POLL_S: Final = 0.3


class Temperament(StrEnum):
    """How a driver uses the app; all but the first are the answer given."""

    IGNORES = "ignores"
    FINE = "fine"
    HELP = "help"
    AMBULANCE = "ambulance"
    OPERATOR = "operator"


class DriverConfig(BaseModel):
    """One driver. Times are simulated seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, description="Any name, for the events printed.")
    token: str = Field(min_length=1, description="From POST /v1/holders/{holder_id}/token.")
    temperament: Temperament = Temperament.IGNORES
    answer_after_s: float = Field(default=8.0, ge=0, description="From seeing the incident to answering it.")


class Driver:
    """One driver looking at the app."""

    def __init__(self, config: DriverConfig, api: Api, time_scale: float) -> None:
        self._config = config
        self._api = api
        self._time_scale = time_scale
        self._incident_id: str | None = None
        self._seen_at = 0.0
        self._messages = 0
        self._shown: dict[str, object] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        poll_s = max(SHORTEST_POLL_S, POLL_S * self._time_scale)
        await keep_turning(self._turn, stop, poll_s, self._tell)

    async def _turn(self, now: float) -> None:
        incident: Any = (await self._api.get("/v1/driver/incident")).get("incident")
        if not isinstance(incident, dict):
            self._incident_id = None
            return
        try:
            self._look(incident, now)  # pyright: ignore[reportUnknownArgumentType] JSON
            phase, answer = str(incident["phase"]), incident["answer"]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] JSON
        except (KeyError, TypeError) as error:
            raise ApiDown(f"GET /v1/driver/incident answered with something else: {error!r}") from None
        waited_s = (now - self._seen_at) / self._time_scale
        temperament = self._config.temperament
        if (
            temperament is not Temperament.IGNORES
            and answer is None
            and phase != "closed"
            and waited_s >= self._config.answer_after_s
        ):
            path = f"/v1/driver/incidents/{self._incident_id}/answer"
            await self._api.send("POST", path, {"answer": temperament.value})
            self._tell("app_answered", answer=temperament.value)

    def _look(self, incident: dict[str, Any], now: float) -> None:
        if incident["id"] != self._incident_id:
            self._incident_id, self._seen_at = str(incident["id"]), now
            self._messages, self._shown = 0, {}
            self._tell("app_opened", severity=incident["severity"])
        for message in incident["messages"][self._messages :]:
            self._tell("app_message", template=message["template"], body=message["body"])
        self._messages = len(incident["messages"])
        shown: dict[str, object] = {
            "phase": incident["phase"],
            "answer": incident["answer"],
            "help": incident["help"],
        }
        if shown != self._shown:
            self._tell("app_shows", **shown)
            self._shown = shown

    def _tell(self, event: str, **data: object) -> None:
        tell(event, driver=self._config.id, incident_id=self._incident_id, **data)
