"""What a unit may report when, and what it is called that was asked: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incident.wording.refusals import Refusal, Refused
from schemas.incident import DispatchState

TRANSITIONS: Final[Mapping[DispatchState, frozenset[DispatchState]]] = {
    DispatchState.OFFERED: frozenset({DispatchState.ACCEPTED, DispatchState.DECLINED}),
    DispatchState.ACCEPTED: frozenset(
        {DispatchState.EN_ROUTE, DispatchState.ON_SCENE, DispatchState.DECLINED}
    ),
    DispatchState.EN_ROUTE: frozenset({DispatchState.ON_SCENE, DispatchState.DECLINED}),
    DispatchState.ON_SCENE: frozenset({DispatchState.SECURED, DispatchState.COMPLETED}),
    DispatchState.SECURED: frozenset({DispatchState.COMPLETED}),
}
"""What a unit may report in each state; DECLINED after accepting means it cannot come after all."""


class DispatchRefused(Refused):
    """A report that does not fit the dispatch's state; nothing was changed."""


def check_move(state: DispatchState, wanted: DispatchState) -> None:
    """Raise DispatchRefused unless a unit may report `wanted` in `state`."""
    if wanted not in TRANSITIONS.get(state, frozenset()):
        raise DispatchRefused(state, Refusal.CANNOT_BECOME.of(state=state, wanted=wanted))


def asked_of_centre(provider_id: str) -> str:
    """How a provider's control centre stands among the units that are asked; no unit's id begins so."""
    return f"@{provider_id}"


def centre_of(asked: str) -> str | None:
    """The provider whose control centre was asked; None for a unit."""
    return asked[1:] if asked.startswith("@") else None
