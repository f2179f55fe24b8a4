"""docs/state_machine.md, drawn from the tables that decide: `python -m incident.escalation.diagram` prints it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from inspect import getdoc

from incident import dispatch
from incident.escalation import transitions
from incident.escalation.commands import Command
from incident.escalation.events import Event, Opened
from schemas.incident import DispatchState, Phase

_HEAD = """\
# The life of an incident

Made by `python -m incident.escalation.diagram` from the tables in `incident/escalation/transitions.py` and
`incident/dispatch/states.py`; a test compares this file with them.

## Phases

{phases}

## What each event may lead to

The phases an event may lead to, by the phase it finds. *stale* changes nothing: late timers and
doubled webhooks are normal. *refused* tells the operator why nothing happened.

{table}

## A dispatch, as its unit reports it

The rest is ours: a unit that declines or lets an offer pass is followed by the nearest other free one
(offered again), nobody left is *failed*, and an operator or a driver who is fine calls it off (*stood_down*).

{dispatches}

{reports}
"""


def document() -> str:
    """The whole file, as Markdown with Mermaid diagrams."""
    return _HEAD.format(
        phases=_mermaid(_phase_arrows()),
        table=_table(
            ["event", "what happened", *Phase],
            (
                [event.__name__, _meaning(event), *(_cell(phase, event) for phase in Phase)]
                for event in events()
            ),
        ),
        dispatches=_mermaid(_dispatch_arrows()),
        reports=_table(
            ["state", "its unit may report"],
            ([state, _names(dispatch.TRANSITIONS.get(state, ())) or "nothing"] for state in DispatchState),
        ),
    )


def events() -> tuple[type[Event], ...]:
    """Every kind of event the table of decisions knows, in the order it lists them."""
    return tuple(dict.fromkeys(event for row in transitions.TRANSITIONS.values() for event in row))


def _cell(phase: Phase, event: type[Event]) -> str:
    allowed = transitions.TRANSITIONS[phase].get(event)
    if allowed is None:
        return "refused" if issubclass(event, Command) else "stale"
    return _names(allowed)


def _phase_arrows() -> Iterable[tuple[str, str, str]]:
    yield "[*]", Phase.REACHING, Opened.__name__
    for before, row in transitions.TRANSITIONS.items():
        for after in Phase:
            if after is not before and (causes := [event.__name__ for event in row if after in row[event]]):
                yield before, after, ", ".join(causes)
    yield Phase.CLOSED, "[*]", ""


def _dispatch_arrows() -> Iterable[tuple[str, str, str]]:
    for before, reports in dispatch.TRANSITIONS.items():
        for after in _in_order(reports):
            yield before, after, ""


def _mermaid(arrows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"    {before} --> {after}" + (f": {words}" if words else "") for before, after, words in arrows]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _names(members: Iterable[StrEnum]) -> str:
    return ", ".join(_in_order(members))


def _in_order(members: Iterable[StrEnum]) -> list[StrEnum]:
    # Sets have no order of their own; the drawing must come out the same every time.
    found = set(members)
    return [member for kind in {type(member): None for member in found} for member in kind if member in found]


def _meaning(event: type[Event]) -> str:
    return (getdoc(event) or "").splitlines()[0].partition(". ")[0].removesuffix(".")


if __name__ == "__main__":
    print(document(), end="")
