"""Who may sign in at the console: accounts, through the API of the running stack."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.admin import call_api
from cli.terminal import fail, print_table

staff = typer.Typer(
    help="Who may sign in at the console: operators, supervisors, administrators, auditors.\n\n"
    "A name here is the one at the desk (`cbutton desk`): whoever signs in as sato is rung at sato's telephone. "
    "docs/roles.md says what each role may do. Nobody is ever removed, so that records keep their meaning: "
    "`disable` shuts somebody out at once.\n\n"
    "Example: cbutton staff add sato --role operator --phone +819012345678 --generate",
    no_args_is_help=True,
)


class StaffRole(StrEnum):
    """What somebody may do."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    AUDITOR = "auditor"


_Name = Annotated[str, typer.Argument(help="As at the desk, such as sato.")]
_Generate = Annotated[
    bool, typer.Option("--generate", help="Make a password and print it, instead of asking for one.")
]


@staff.command("add")
def add(
    name: _Name,
    role: Annotated[StaffRole, typer.Option(help="What they may do; see docs/roles.md.")],
    *,
    phone: Annotated[
        str, typer.Option(help="Of an operator or supervisor: the telephone that is rung, as +819012345678.")
    ] = "",
    language: Annotated[str, typer.Option(help="ja or en: what they read and hear.")] = "ja",
    generate: _Generate = False,
) -> None:
    """Make an account. The password is asked for twice, or made and printed.

    For somebody who has an account already, this changes role, language and telephone, and asks for no password.
    """
    if phone and role not in (StaffRole.OPERATOR, StaffRole.SUPERVISOR):
        fail(f"--phone: an {role} is not rung; only operators and supervisors are")
    body: dict[str, Any] = {"role": role, "language": language}
    is_new = name not in {entry["name"] for entry in _everybody()}
    if is_new:
        body["password"] = _password(name, generate=generate)
    made = call_api("PUT", _path(name), body)
    if phone:
        member = {"role": role, "phone": phone, "language": language}
        call_api("PUT", f"/v1/desk/members/{quote(name, safe='')}", member)
    typer.echo(f"{made['name']}: {made['role']}, {'may sign in now' if is_new else 'changed'}")
    if is_new and generate:
        _tell(body["password"])


@staff.command("list")
def show() -> None:
    """Show everybody who may sign in, or might once."""
    print_table(
        ("name", "role", "language", "second factor", "last signed in", "state"),
        (
            [
                entry["name"],
                entry["role"],
                entry["language"],
                "on" if entry["second_factor"] else "",
                entry["signed_in_at"] or "never",
                "disabled" if entry["disabled_at"] else "",
            ]
            for entry in _everybody()
        ),
    )


@staff.command("password")
def password(name: _Name, *, generate: _Generate = False) -> None:
    """Give somebody a new password. They are signed out everywhere, and need not wait after wrong tries."""
    _require(name)
    chosen = _password(name, generate=generate)
    call_api("PUT", f"{_path(name)}/password", {"password": chosen})
    typer.echo(f"{name} has a new password")
    if generate:
        _tell(chosen)


@staff.command("disable")
def disable(name: _Name) -> None:
    """Shut somebody out at once, also where they are signed in. What they did stays on record."""
    call_api("POST", f"{_path(name)}/disable")
    typer.echo(f"{name} is shut out; `cbutton staff enable {name}` lets them in again")


@staff.command("enable")
def enable(name: _Name) -> None:
    """Let somebody in again, with the password they had."""
    call_api("POST", f"{_path(name)}/enable")
    typer.echo(f"{name} may sign in")


@staff.command("unlock")
def unlock(name: _Name) -> None:
    """End the wait after wrong passwords: they may try again at once."""
    call_api("POST", f"{_path(name)}/unlock")
    typer.echo(f"{name} may try again now")


@staff.command("second-factor-reset")
def second_factor_reset(name: _Name) -> None:
    """Take the second factor off, for a telephone that was lost. Be sure that it is them who asks."""
    call_api("DELETE", f"{_path(name)}/second_factor")
    typer.echo(f"{name} signs in by password alone until they set up a second factor anew")


def _everybody() -> list[dict[str, Any]]:
    return call_api("GET", "/v1/staff")["staff"]


def _require(name: str) -> None:
    # Before a password is asked for, not after.
    if name not in {entry["name"] for entry in _everybody()}:
        fail(f"nobody called {name} has an account; `cbutton staff list` shows who has")


def _password(name: str, *, generate: bool) -> str:
    from api import passwords  # noqa: PLC0415  a quick --help

    if generate:
        return passwords.generated()
    if not sys.stdin.isatty():
        fail("there is no terminal to ask for a password on; --generate makes one")
    while True:
        chosen = str(typer.prompt(f"Password for {name}", hide_input=True, err=True))
        if fault := passwords.fault(chosen, name):
            typer.echo(fault, err=True)
        elif typer.prompt("The same again", hide_input=True, err=True) != chosen:
            typer.echo("that was another one", err=True)
        else:
            return chosen


def _tell(chosen: str) -> None:
    typer.echo(f"password: {chosen}")
    typer.echo("It is kept nowhere: give it to them now, and have them change it at the console.", err=True)


def _path(name: str) -> str:
    return f"/v1/staff/{quote(name, safe='')}"
