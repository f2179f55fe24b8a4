"""One device being checked: asking for things to be done to it, and waiting for what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cli.device_check.director import Director
from cli.device_check.listener import Listener
from cli.device_check.relay import Relay
from cli.device_check.trace import Heard, named

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial:
    """One device being checked.

    relay: where its packets can be seen; None with a broker of somebody else's.
    patience_s: how long a person may take. cut_s: how long the outage lasts.
    address: where the device finds the broker: host, port, user, password.
    """

    listener: Listener
    director: Director
    relay: Relay | None
    patience_s: float
    cut_s: float
    address: dict[str, str | int]

    def order(self, step: str, do: str, say: str, **data: str | float) -> int:
        """Ask for something; the index in `heard` from which on its effects are found."""
        since = len(self.listener.heard)
        self.director.order({"step": step, "do": do, "say": say, **data})
        return since

    def until(self, what: str, within_s: float, found: Callable[[Sequence[Heard]], T | None]) -> T | None:
        """Wait for something to be found in what was heard."""
        return self.listener.wait(found, within_s, lambda left_s: self.director.waiting(what, left_s))

    def pause(self, what: str, seconds: float) -> None:
        """Only listen."""
        self.until(what, seconds, lambda _heard: None)

    def first(self, what: str, within_s: float, name: str, since: int) -> Heard | None:
        """The first message of a kind from an index on, when it has come."""
        return self.until(what, within_s, lambda heard: next(iter(named(heard[since:], name)), None))
