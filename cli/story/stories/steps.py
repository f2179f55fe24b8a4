"""Steps that stories have in common, as they are expected in the record."""

from __future__ import annotations

from typing import Any, Final

from cli.story.acts import press
from cli.story.story import DEED, Expect

LONG_PRESS: Final = press("long")
DRIVER_RINGS: Final = {"from": "{driver}", "to": "{us}"}


def opened(trigger: str, *, by_s: float = 3.0, **where: Any) -> Expect:
    """An incident opens."""
    return Expect("opened", {"trigger": trigger, **where}, by_s=by_s)


def push(template: str, by_s: float, since: str = DEED) -> Expect:
    """A push to the driver's app."""
    return Expect("push_queued", {"template": template}, by_s=by_s, since=since)


def sms(template: str, by_s: float, since: str = DEED) -> Expect:
    """A text to the driver."""
    return Expect("sms_queued", {"template": template}, by_s=by_s, since=since)


def alarmed(reason: str, by_s: float, *, since: str = DEED, **where: Any) -> Expect:
    """Operators are alarmed once."""
    return Expect("operator_alarmed", {"reason": reason, **where}, by_s=by_s, since=since)


def still_waiting() -> Expect:
    """The alarm is said again, however often, while nobody takes it."""
    return Expect("operator_alarmed", {"reason": "still_waiting"}, times=-1)


def rung(party: str, attempt: int, by_s: float, since: str = DEED) -> tuple[Expect, Expect]:
    """Somebody is rung and does not pick up."""
    call = {"party": party, "attempt": attempt}
    return (
        Expect("call_queued", call, by_s=by_s, since=since),
        Expect("call_ended", {**call, "status": "no-answer"}, by_s=by_s + 40, since=since),
    )


def talked(
    party: str, attempt: int, by_s: float, *, ends_by_s: float, since: str = DEED
) -> tuple[Expect, ...]:
    """Somebody is rung, picks up, and the call ends as calls do."""
    call = {"party": party, "attempt": attempt}
    return (
        Expect("call_queued", call, by_s=by_s, since=since),
        Expect("call_answered", call, by_s=by_s + 20, since=since),
        Expect("call_ended", {**call, "status": "completed"}, by_s=ends_by_s, since=since),
    )


def no_second_contact(by_s: float, since: str = DEED) -> Expect:
    """The plan would try another contact, and there is none."""
    return Expect("no_further_contact", {"contacts": 1}, by_s=by_s, since=since)


def answered(answer: str, by_s: float, *, via: str = "key", by: str = "driver", since: str = DEED) -> Expect:
    """Somebody has told us how they are."""
    return Expect("answered", {"answer": answer, "by": by, "via": via}, by_s=by_s, since=since)


def operator_comes(by_s: float) -> tuple[Expect, ...]:
    """An operator's telephone rings, and they press 1: it is theirs."""
    return (
        Expect("call_queued", {"party": "operator"}, by_s=by_s),
        Expect("call_answered", {"party": "operator"}, by_s=by_s),
        Expect("desk_answered", {"operator": "sato"}, by_s=by_s),
        Expect("line_connected", {"party": "operator"}, by_s=by_s),
        Expect("call_ended", {"party": "operator", "status": "completed"}, by_s=by_s + 60),
    )


def connected_at_once(party: str, by_s: float) -> tuple[Expect, ...]:
    """An operator is rung as soon as somebody picks up, and is brought together with them."""
    return (
        Expect("desk_called", {"reason": "answered"}, by_s=by_s),
        Expect("desk_rung", {"round": "taker_or_free"}, by_s=by_s),
        *operator_comes(by_s),
        Expect("line_connected", {"party": party}, by_s=by_s),
    )


def put_through(party: str, reason: str, by_s: float, *, alarms: int = 1) -> tuple[Expect, ...]:
    """Somebody waits on the line for a person, who comes."""
    return (
        Expect("line_waits", {"party": party, "reason": reason}, by_s=by_s),
        Expect("operator_alarmed", {"reason": reason}, times=alarms, by_s=by_s),
        Expect("desk_called", {"reason": reason}, by_s=by_s),
        Expect("desk_rung", {"round": "taker_or_free"}, by_s=by_s),
        *operator_comes(by_s),
        Expect("line_connected", {"party": party}, by_s=by_s),
    )


def help_comes(kind: str, by_s: float, since: str = DEED, *, offers: int = 1) -> tuple[Expect, ...]:
    """A unit that was asked accepts, sets off, and the driver is told."""
    return (
        Expect("dispatch_requested", {"dispatch": kind}, by_s=by_s, since=since),
        Expect(
            "dispatch_offered", {"dispatch": kind}, times=offers, by_s=by_s + 15 * (offers - 1), since=since
        ),
        Expect("dispatch_accepted", {"dispatch": kind}, by_s=by_s + 30, since=since),
        Expect("dispatch_en_route", {"dispatch": kind}, by_s=by_s + 50, since=since),
        push("help_accepted", by_s + 30, since),
        sms("help_accepted", by_s + 30, since),
    )
