"""`cbutton incident`: incidents as operators see them, and the dossier of one."""
# ruff: noqa: PLR0917 - options become arguments

from __future__ import annotations

import getpass
import os
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from uuid import UUID

import typer

from cli.admin import call_api
from cli.phrases import phrase
from cli.terminal import beside_running_stack, fail, print_table
from schemas.incident import Language

incident = typer.Typer(help="Incidents, and all that is on record of one.", no_args_is_help=True)


@incident.command("list")
def incident_list(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many, newest first.")] = 50,
) -> None:
    """Show incidents, the newest first."""
    asked = {"limit": str(limit)} | ({"phase": "open"} if only_open else {})
    print_table(
        ("incident", "opened", "trigger", "severity", "phase", "answer", "outcome", "taken by", "device"),
        (_row(found) for found in call_api("GET", f"/v1/incidents?{urlencode(asked)}")["incidents"]),
    )


@incident.command("show")
def incident_show(
    incident_id: Annotated[str, typer.Argument(help="Its id; see `cbutton incident list`.")],
) -> None:
    """Tell how an incident stands and what happened, with the time of each event (UTC)."""
    found = call_api("GET", f"/v1/incidents/{quote(incident_id, safe='')}")
    for name in ("trigger", "severity", "phase", "answer", "outcome", "taken_by", "device_id", "policy_id"):
        if found[name] is not None:
            typer.echo(f"{name}: {found[name]}")
    print_table(
        ("at", "by", "what happened"),
        ((event["at"], event["actor"], phrase(event["kind"], event["data"])) for event in found["events"]),
    )


@incident.command("dossier")
def incident_dossier(
    incident_id: Annotated[UUID, typer.Argument(help="Its id; see `cbutton incident list`.")],
    out: Annotated[
        Path | None, typer.Option(help="Write to this file; without one, dossier-ID.pdf or .json here.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the words in the PDF.")] = Language.JA,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON instead of a PDF; to standard output without --out.")
    ] = False,
    masked: Annotated[
        bool,
        typer.Option("--masked", help="For readers outside: telephone numbers by their last four digits."),
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the access log.")] = "incident work",
) -> None:
    """Write all that is on record of an incident to a PDF, or as JSON; straight from the database."""
    from api.dossier.layout import lay_out  # noqa: PLC0415  a quick --help
    from api.dossier.outline import prefectures  # noqa: PLC0415
    from api.dossier.render import NotRendered, render  # noqa: PLC0415

    settings = beside_running_stack()
    dossier = _read(settings.database_url.get_secret_value(), incident_id, reason, masked=masked)
    if as_json and out is None:
        typer.echo(dossier.json_bytes())
        return
    if as_json:
        content = dossier.json_bytes()
    else:
        insurer = settings.insurer_ja if language is Language.JA else settings.insurer_en
        try:
            content = render(lay_out(dossier, insurer, prefectures(), language), dossier.json_bytes())
        except NotRendered as error:
            fail(str(error))
    path = out or Path(f"dossier-{incident_id}.pdf")
    try:
        path.write_bytes(content)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    typer.echo(f"{path}  SHA-256 of the record {dossier.digest}")


def _read(url: str, incident_id: UUID, reason: str, *, masked: bool) -> Any:
    """The dossier; the look-up is logged under the name of who is logged in here."""
    import psycopg  # noqa: PLC0415

    from api.access import log_look_up, spoken_reason  # noqa: PLC0415
    from api.dossier.reading import read  # noqa: PLC0415
    from incident.service import UnknownIncident  # noqa: PLC0415
    from runtime.database import connect  # noqa: PLC0415

    try:
        who = f"terminal:{getpass.getuser()}"
    except (KeyError, OSError):
        who = f"terminal:{os.getuid()}"  # a container's user may have no name
    try:
        with closing(connect(url, name="dossier")) as conn:
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with conn.transaction():
                log_look_up(conn, who, "incident.dossier", str(incident_id), reason)
                return read(conn, incident_id, by=who, reason=spoken_reason(reason), masked=masked)
    except UnknownIncident:
        fail(f"there is no incident {incident_id}")
    except psycopg.OperationalError as error:
        fail(f"the database does not answer ({str(error).strip()}); is `cbutton up` running?")


def _row(found: dict[str, Any]) -> list[str]:
    return [
        str(found[name] or "")
        for name in (
            "id",
            "opened_at",
            "trigger",
            "severity",
            "phase",
            "answer",
            "outcome",
            "taken_by",
            "device_id",
        )
    ]
