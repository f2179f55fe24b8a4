"""One thing that a device does wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and what to mend."""

    why: str
    fix: str
