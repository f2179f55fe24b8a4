"""An operator's command that makes no sense in the present state."""

from __future__ import annotations

from dataclasses import replace

from incident.wording.refusals import Refused, Why
from schemas.incident import Phase


class CommandRefused(Refused):
    """Nothing was changed; the reason is for the person who gave the command."""

    def __init__(self, command: str, phase: Phase, why: Why) -> None:
        self.command, self.phase = command, phase
        super().__init__(phase, replace(why, detail=f"{command} is refused: {why.detail}"))
