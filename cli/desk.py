"""The desk from the command line: whose telephones are rung, through the API of the running stack."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from cli.admin import call_api
from cli.terminal import print_table

desk = typer.Typer(
    help="The desk: operators, supervisors and the second site, and their telephones.", no_args_is_help=True
)


@desk.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Of an operator: the name their token carries.")],
    phone: Annotated[str, typer.Option(help="E.164, such as +819012345678.")],
    role: Annotated[str, typer.Option(help="operator, supervisor or second_site.")] = "operator",
    language: Annotated[str, typer.Option(help="ja or en.")] = "ja",
) -> None:
    """Add somebody, or change their telephone. Operators sign in by themselves."""
    body = {"role": role, "phone": phone, "language": language}
    member = call_api("PUT", f"/v1/desk/members/{quote(name, safe='')}", body)
    typer.echo(f"{member['name']}: {member['role']}, {member['phone']}")


@desk.command("remove")
def remove(name: str) -> None:
    """Take somebody off the desk."""
    call_api("DELETE", f"/v1/desk/members/{quote(name, safe='')}")
    typer.echo(f"{name} is not rung any more")


@desk.command("list")
def show() -> None:
    """Show everybody, and whether an operator would be rung."""
    found = call_api("GET", "/v1/desk")
    print_table(
        ("name", "role", "phone", "language", "signed in", "rung"),
        (
            [
                entry["name"],
                entry["role"],
                entry["phone"] or "",
                entry["language"],
                entry["signed_in_at"] or "",
                "on a call" if entry["on_call"] else "yes" if entry["ready"] else "no",
            ]
            for entry in found["members"]
        ),
    )
    if not found["staffed"]:
        typer.echo("No operator is signed in with a telephone.", err=True)
        raise typer.Exit(1)
