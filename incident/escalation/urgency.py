"""Which call goes first when many wait, and how long each will wait.

The carrier starts so many calls a second and no more. What counts is who might be hurt and has not
been heard: whoever already waits on a line comes first, then the first ring to each driver after a
severe crash. Within a class the call that has been due for longest is next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Final

from incident.plan.plan import GRAVE
from schemas.incident import CallParty

_MODERATE: Final = frozenset({"moderate", "late", "call"})


class Urgency(IntEnum):
    """Classes of calls; a lower number leaves first. Kept as the outbox row's priority."""

    OPERATOR = 0
    """Somebody waits on the line to be put through."""
    SEVERE_FIRST = 1
    SEVERE_AGAIN = 2
    SEVERE_CONTACT = 3
    MODERATE_FIRST = 4
    MODERATE_AGAIN = 5
    MODERATE_CONTACT = 6
    MINOR = 7


# While the carrier is down, whoever waits for this or a more urgent call is rung by hand.
LEAST_GRAVE: Final = Urgency.SEVERE_CONTACT


def of_call(occasions: Collection[str], party: CallParty, attempt: int) -> Urgency:
    """The class of a call under a rule of the plan for these occasions; attempts count from 1."""
    if party not in (CallParty.DRIVER, CallParty.CONTACT):
        return Urgency.OPERATOR
    if not set(GRAVE).isdisjoint(occasions):
        first = Urgency.SEVERE_FIRST
    elif not _MODERATE.isdisjoint(occasions):
        first = Urgency.MODERATE_FIRST
    else:
        return Urgency.MINOR
    if party is CallParty.CONTACT:
        return Urgency(first + 2)
    return first if attempt == 1 else Urgency(first + 1)


def predicted_waits(waiting: Mapping[Urgency, int], calls_per_s: float) -> dict[Urgency, float]:
    """Seconds until a call that is queued now would leave, by its class, if nothing more urgent comes."""
    waits: dict[Urgency, float] = {}
    ahead = 0
    for urgency in Urgency:
        ahead += waiting.get(urgency, 0)
        waits[urgency] = ahead / calls_per_s
    return waits
