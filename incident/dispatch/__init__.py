"""Dispatching without looking: whom to ask, what a unit may report, what it should know."""

from incident.dispatch.states import TRANSITIONS, DispatchRefused, check_move

__all__ = ["TRANSITIONS", "DispatchRefused", "check_move"]
