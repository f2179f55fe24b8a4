"""The button: how long it is held, and the presses that nobody has confirmed yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from device_sim.device.store import Draft
from schemas.wire.device_pb2 import Button

LONG_MS: Final = 3000.0
RECEIPT_WITHIN_MS: Final = 5000.0
_OFTEN: Final = 12
_LATER_EVERY_MS: Final = 30000.0


@dataclass(slots=True)
class Held:
    """A press recognised: at release, or after 3 s of holding."""

    at_ms: float
    kind: Button.Kind
    held_ms: int


class PushButton:
    """The switch itself."""

    def __init__(self) -> None:
        self._down_ms: float | None = None
        self._told = False

    def down(self, uptime_ms: float) -> None:
        """A finger goes down; pressing what is pressed changes nothing."""
        if self._down_ms is None:
            self._down_ms, self._told = uptime_ms, False

    def up(self, uptime_ms: float) -> Held | None:
        """It goes up again: a short press, unless a long one was told already."""
        press = self.tick(uptime_ms)
        if self._down_ms is not None and not self._told:
            press = Held(uptime_ms, Button.SHORT, round(uptime_ms - self._down_ms))
        self._down_ms = None
        return press

    def tick(self, uptime_ms: float) -> Held | None:
        """A long press is told as soon as 3 s are over."""
        due_ms = self.due_ms
        if due_ms is None or uptime_ms < due_ms:
            return None
        self._told = True
        return Held(due_ms, Button.LONG, round(LONG_MS))

    @property
    def due_ms(self) -> float | None:
        """When a press being held becomes a long one."""
        return None if self._down_ms is None or self._told else self._down_ms + LONG_MS


@dataclass(slots=True)
class Unconfirmed:
    """A press without a receipt: when it was made, when it is sent again."""

    draft: Draft
    made_ms: float
    again_ms: float
    sent: int = 0

    def overdue(self, uptime_ms: float) -> bool:
        """True once the driver must be told that nobody has confirmed it."""
        return uptime_ms >= self.made_ms + RECEIPT_WITHIN_MS


class Presses:
    """Presses waiting for the backend's receipt.

    Each is sent again, with the same number, every 5 s for a minute, then every 30 s.
    """

    def __init__(self) -> None:
        self._open: dict[int, Unconfirmed] = {}

    def made(self, draft: Draft, uptime_ms: float) -> None:
        """A press was put into the store."""
        self._open[draft.sequence] = Unconfirmed(draft, uptime_ms, uptime_ms + RECEIPT_WITHIN_MS)

    def handed_over(self, sequence: int, uptime_ms: float) -> None:
        """A press left for the broker: the wait for its receipt begins."""
        if press := self._open.get(sequence):
            press.sent += 1
            often = press.sent <= _OFTEN
            press.again_ms = uptime_ms + (RECEIPT_WITHIN_MS if often else _LATER_EVERY_MS)

    def confirmed(self, sequence: int) -> bool:
        """The backend has it; false when no such press was waiting."""
        return self._open.pop(sequence, None) is not None

    def to_repeat(self, uptime_ms: float) -> Iterable[Draft]:
        """Presses whose receipt is overdue; asked again only after the same time."""
        for press in self._open.values():
            if uptime_ms >= press.again_ms:
                press.again_ms = uptime_ms + RECEIPT_WITHIN_MS
                yield press.draft

    def any_overdue(self, uptime_ms: float) -> bool:
        """Whether the driver must be told to dial for himself."""
        return any(press.overdue(uptime_ms) for press in self._open.values())

    def due_ms(self, uptime_ms: float) -> float | None:
        """When something is next to be done about one of them."""
        times = [press.again_ms for press in self._open.values()]
        told = (press.made_ms + RECEIPT_WITHIN_MS for press in self._open.values())
        return min([*times, *(at for at in told if at > uptime_ms)], default=None)
