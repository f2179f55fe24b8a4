"""Which events mean something in which phase, and where they may lead: the table `decide` obeys.

docs/state_machine.md is drawn from it. An event that is not listed is stale: late timers,
second key presses and doubled webhooks are normal, and change nothing. An operator's command
that is not listed is refused instead, so that a person learns why nothing happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incident.events import (
    Answered,
    AnswerFor,
    CallEnded,
    CallMoved,
    CallSilent,
    Close,
    DispatchMoved,
    Event,
    HeldLine,
    Joined,
    OfferDue,
    Placed,
    ReminderDue,
    SendHelp,
    StepDue,
    StopHelp,
    Take,
)
from schemas.incident import Phase

REACHING, HELPING, SETTLING, CLOSED = Phase.REACHING, Phase.HELPING, Phase.SETTLING, Phase.CLOSED

TRANSITIONS: Final[Mapping[Phase, Mapping[type[Event], frozenset[Phase]]]] = {
    REACHING: {
        Joined: frozenset({REACHING}),
        StepDue: frozenset({REACHING}),
        CallMoved: frozenset({REACHING}),
        CallEnded: frozenset({REACHING}),
        CallSilent: frozenset({REACHING}),
        HeldLine: frozenset({REACHING}),
        Answered: frozenset({REACHING, HELPING, SETTLING, CLOSED}),
        DispatchMoved: frozenset({REACHING}),
        OfferDue: frozenset({REACHING}),
        Placed: frozenset({REACHING}),
        ReminderDue: frozenset({REACHING}),
        Take: frozenset({HELPING}),
        AnswerFor: frozenset({HELPING, SETTLING, CLOSED}),
        SendHelp: frozenset({REACHING}),
        StopHelp: frozenset({REACHING}),
        Close: frozenset({CLOSED}),
    },
    HELPING: {
        Joined: frozenset({HELPING}),
        StepDue: frozenset({HELPING}),
        CallMoved: frozenset({HELPING}),
        CallEnded: frozenset({HELPING}),
        CallSilent: frozenset({HELPING}),
        HeldLine: frozenset({HELPING}),
        Answered: frozenset({HELPING, SETTLING}),
        DispatchMoved: frozenset({HELPING}),
        OfferDue: frozenset({HELPING}),
        Placed: frozenset({HELPING}),
        ReminderDue: frozenset({HELPING}),
        Take: frozenset({HELPING}),
        AnswerFor: frozenset({HELPING, SETTLING}),
        SendHelp: frozenset({HELPING}),
        StopHelp: frozenset({HELPING}),
        Close: frozenset({CLOSED}),
    },
    SETTLING: {
        Joined: frozenset({REACHING, SETTLING}),
        CallMoved: frozenset({SETTLING}),
        CallEnded: frozenset({SETTLING}),
        CallSilent: frozenset({SETTLING}),
        HeldLine: frozenset({SETTLING}),
        Answered: frozenset({HELPING, SETTLING}),
        DispatchMoved: frozenset({SETTLING}),
        Placed: frozenset({SETTLING}),
        ReminderDue: frozenset({SETTLING}),
        Take: frozenset({SETTLING}),
        AnswerFor: frozenset({HELPING, SETTLING}),
        SendHelp: frozenset({HELPING}),
        StopHelp: frozenset({SETTLING}),
        Close: frozenset({CLOSED}),
    },
    CLOSED: {
        CallMoved: frozenset({CLOSED}),
        CallEnded: frozenset({CLOSED}),
        Answered: frozenset({CLOSED}),
        DispatchMoved: frozenset({CLOSED}),
    },
}
