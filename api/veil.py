"""What is shown of injury estimates and special needs, and to whom. Everybody else is shown null. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from api.rights import Right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.auth import Admitted
    from api.views.admin import HolderView, PolicyView
    from api.views.detail import IncidentDetail
    from api.views.event import EventView
    from api.views.impact import ImpactView


class _Event(Protocol):
    data: dict[str, Any]

    def model_copy(self, *, update: dict[str, Any]) -> Any: ...


_Impact = TypeVar("_Impact", bound="ImpactView")
_Told = TypeVar("_Told", bound=_Event)
_NO_INJURY: dict[str, None] = dict.fromkeys(("injury", "injury_modifiers", "injury_uncovered"))
_NO_NEED: dict[str, None] = dict.fromkeys(("reach", "reach_consent_at"))


def incident(found: IncidentDetail, who: Admitted) -> IncidentDetail:
    """An incident as somebody may see it."""
    if who.may(Right.SEE_NEEDS):
        return found
    contract = found.contract
    if contract is not None:
        contract = contract.model_copy(update={"holder": without_need(contract.holder)})
    return found.model_copy(
        update={
            "contract": contract,
            "reach": None,
            "impacts": [without_injury(each) for each in found.impacts],
            "events": [without_reach(each) for each in found.events],
        }
    )


def events(found: Sequence[EventView], who: Admitted) -> list[EventView]:
    """Lines of a record as somebody may see them."""
    return list(found) if who.may(Right.SEE_NEEDS) else [without_reach(each) for each in found]


def impact(found: _Impact, who: Admitted) -> _Impact:
    """An impact as somebody may see it."""
    return found if who.may(Right.SEE_NEEDS) else without_injury(found)


def policy(found: PolicyView, who: Admitted) -> PolicyView:
    """A policy as somebody may see it."""
    if who.may(Right.SEE_NEEDS):
        return found
    return found.model_copy(update={"holder": without_need(found.holder)})


def without_injury(found: _Impact) -> _Impact:
    """An impact without estimates of injuries, also in the finding behind it."""
    veiled = found.model_copy(update=_NO_INJURY)
    analysis = getattr(found, "analysis", None)
    return (
        veiled
        if analysis is None
        else veiled.model_copy(update={"analysis": analysis.model_copy(update=_NO_INJURY)})
    )


def without_need(holder: HolderView) -> HolderView:
    """A policyholder without how they have to be reached."""
    return holder.model_copy(update=_NO_NEED)


def without_reach(event: _Told) -> _Told:
    """A line of a record without the same."""
    if "reach" not in event.data:
        return event
    return event.model_copy(update={"data": {k: v for k, v in event.data.items() if k != "reach"}})
