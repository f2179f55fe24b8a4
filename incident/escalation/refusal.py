"""An operator's command that makes no sense in the present state."""

from __future__ import annotations

from schemas.incident import Phase


class CommandRefused(Exception):
    """Nothing was changed; the reason is for the person who gave the command."""

    def __init__(self, command: str, phase: Phase, reason: str) -> None:
        self.command, self.phase, self.reason = command, phase, reason
        super().__init__(f"{command} is refused: {reason}")
