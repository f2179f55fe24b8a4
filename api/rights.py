"""Who may do what: the one table of rights, which the endpoints ask, sessions are told of, and docs/roles.md shows.

python -m api.rights > docs/roles.md
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.tokens import Role


class Right(StrEnum):
    """Something that some may do and others not."""

    WATCH = "watch"
    READ = "read"
    SEE_NEEDS = "see_needs"
    WORK = "work"
    SEE_DESK = "see_desk"
    OWN_DESK = "own_desk"
    DESK = "desk"
    SEE_UNITS = "see_units"
    UNITS = "units"
    FIGURES = "figures"
    EXPORT = "export"
    PLAN = "plan"
    DEAD_LETTERS = "dead_letters"
    SEE_DEVICES = "see_devices"
    ACCESS_LOG = "access_log"
    ADMINISTER = "administer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: roles that have a right, those that have it by token only, whether a locked session has it."""

    right: Right
    words: str
    roles: frozenset[Role]
    by_token: frozenset[Role] = frozenset()
    while_locked: bool = False


STAFF: Final = (Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR)
_O, _S, _M, _U = STAFF
# A token of the settings belongs to a program: the operator's own, or the one that runs the machine.
TABLE: Final = (
    Rule(
        Right.WATCH,
        "The queue, the list of incidents, and the live stream.",
        frozenset({_O, _S, _M, _U}),
        while_locked=True,
    ),
    Rule(
        Right.READ,
        "One incident: its record, impacts, conversations, photos and dossier. Each look is logged with its reason.",
        frozenset({_O, _S, _M, _U}),
    ),
    Rule(
        Right.SEE_NEEDS,
        "Injury estimates, and how a person can be reached (special needs). Others are shown null there.",
        frozenset({_O, _S}),
        by_token=frozenset({_M}),
    ),
    Rule(
        Right.WORK,
        "Incident work: take, call, answer, send, write, note, pause, undo, merge, close; what is read out for an "
        "ambulance.",
        frozenset({_O, _S}),
        by_token=frozenset({_M}),
    ),
    Rule(
        Right.SEE_DESK,
        "Who is at the desk, calls that wait, and how the carrier does.",
        frozenset({_O, _S, _M}),
        while_locked=True,
    ),
    Rule(Right.OWN_DESK, "Be at the desk with one's own telephone, pause, leave.", frozenset({_O, _S})),
    Rule(Right.DESK, "Set the telephones of others at the desk.", frozenset({_S, _M})),
    Rule(
        Right.SEE_UNITS,
        "Units: where they are and whether they are on shift.",
        frozenset({_O, _S, _M}),
        while_locked=True,
    ),
    Rule(
        Right.UNITS,
        "Take units in, change them, make their tokens, take them out of service and put them back.",
        frozenset({_S, _M}),
    ),
    Rule(
        Right.FIGURES,
        "Figures over many incidents, such as false alarms.",
        frozenset({_S, _M}),
        by_token=frozenset({_O}),
        while_locked=True,
    ),
    Rule(Right.EXPORT, "Take lists of incidents away as a file. It is logged.", frozenset({_S, _M})),
    Rule(Right.PLAN, "Read the escalation plan.", frozenset({_S, _M})),
    Rule(Right.DEAD_LETTERS, "Read what devices sent and could not be read.", frozenset({_S, _M})),
    Rule(Right.SEE_DEVICES, "Devices, and what was last heard of them.", frozenset({_S, _M})),
    Rule(
        Right.ACCESS_LOG, "Read who looked at what, and why.", frozenset({_S, _U}), by_token=frozenset({_M})
    ),
    Rule(
        Right.ADMINISTER,
        "Policies, providers, tokens of drivers; let devices in and shut them out.",
        frozenset({_M}),
    ),
    Rule(Right.STAFF, "Accounts of those who sign in.", frozenset({_M})),
)
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    role: frozenset(rule.right for rule in TABLE if role in rule.roles) for role in STAFF
}
BY_TOKEN: Final[Mapping[Role, frozenset[Right]]] = {
    role: frozenset(rule.right for rule in TABLE if role in rule.roles | rule.by_token)
    for role in (Role.OPERATOR, Role.ADMIN)
}
WHILE_LOCKED: Final = frozenset(rule.right for rule in TABLE if rule.while_locked)


def holders(right: Right) -> tuple[Role, ...]:
    """The roles that have a right when they sign in."""
    return tuple(role for role in STAFF if right in RIGHTS[role])


def page() -> str:
    """docs/roles.md."""
    columns = [*((role, RIGHTS[role]) for role in STAFF)]
    columns += [(f"{role} token", rights) for role, rights in BY_TOKEN.items()]
    heads = " | ".join(str(name) for name, _ in columns)
    rows = "\n".join(
        f"| `{rule.right}` | {rule.words} | "
        + " | ".join("yes" if rule.right in rights else "" for _, rights in columns)
        + f" | {'yes' if rule.while_locked else ''} |"
        for rule in TABLE
    )
    return f"""\
# Roles and rights

People sign in with a name and a password, and a code where they have a second factor; `cbutton staff --help` tells how
their accounts are made. Programs have bearer tokens: those of the settings `CBUTTON_ADMIN_TOKEN` and
`CBUTTON_OPERATOR_TOKENS` are the last two columns. Units, control centres and drivers have tokens of their own and
reach their own endpoints only.

A session that is locked, because nobody is at the screen, still has the rights of the last column, so that the shift
sees what goes on; for everything else the password is asked again. `GET /v1/session` tells the rights of whoever
signed in.

Made by `scripts/generate` from `api/rights.py`.

| right | what it allows | {heads} | while locked |
|---|---|{"---|" * len(columns)}---|
{rows}
"""


if __name__ == "__main__":
    sys.stdout.write(page())
