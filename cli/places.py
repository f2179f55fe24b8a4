"""`cbutton places`: import the directories of places, and look at what they say of one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.terminal import beside_running_stack, configured, fail, print_table

if TYPE_CHECKING:
    from runtime.database import Connection

# ruff: noqa: PLC0415  each command imports what it needs when it runs, so that --help stays quick

places = typer.Typer(
    help="Directories of places: fire headquarters, kilometre posts, hospitals and police, municipality boundaries.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(help="A file in UTF-8; docs/places.md says what is in it.")]
Latitude = Annotated[float, typer.Option("--lat", min=-90, max=90, help="Latitude, degrees.")]
Longitude = Annotated[float, typer.Option("--lon", min=-180, max=180, help="Longitude, degrees.")]


@places.command("import-fire")
def import_fire(file: File) -> None:
    """Replace the directory of fire headquarters by a CSV file; nothing changes if a line of it is wrong."""
    from incident.places.fire import read_directory, replace_directory
    from incident.places.table import DirectoryError, read_file
    from incident.wording import JAPAN_TIME

    try:
        entries = read_directory(read_file(file), datetime.now(JAPAN_TIME).date())
    except DirectoryError as error:
        _refuse(error)
    with _database() as conn:
        municipalities = replace_directory(conn, entries)
    typer.echo(f"{len(entries)} fire headquarters for {municipalities} municipalities")


@places.command("import-roads")
def import_roads(file: File) -> None:
    """Replace the directory of kilometre posts by a CSV file; nothing changes if a line of it is wrong."""
    from incident.places.posts import read_posts, replace_posts
    from incident.places.table import DirectoryError, read_file

    try:
        posts = read_posts(read_file(file))
    except DirectoryError as error:
        _refuse(error)
    with _database() as conn:
        replace_posts(conn, posts)
    typer.echo(f"{len(posts)} kilometre posts")


@places.command("import-landmarks")
def import_landmarks(file: File) -> None:
    """Replace the directory of hospitals and police stations by a CSV file; nothing changes if a line is wrong."""
    from incident.places.landmarks import read_landmarks, replace_landmarks
    from incident.places.table import DirectoryError, read_file
    from incident.wording import JAPAN_TIME

    try:
        entries = read_landmarks(read_file(file), datetime.now(JAPAN_TIME).date())
    except DirectoryError as error:
        _refuse(error)
    with _database() as conn:
        replace_landmarks(conn, entries)
    typer.echo(f"{len(entries)} hospitals and police stations")


@places.command("import-municipalities")
def import_municipalities(
    files: Annotated[list[Path], typer.Argument(help="GeoJSON files of N03, all that are to be known.")],
) -> None:
    """Replace the boundaries of municipalities; nothing changes if anything in any of the files is wrong."""
    from incident.places.boundaries import add_outlines, begin_replacing, end_replacing, read_outlines
    from incident.places.table import DirectoryError

    rings = 0
    try:
        with _database() as conn:
            begin_replacing(conn)
            for file in files:
                outlines = read_outlines(file)
                add_outlines(conn, outlines)
                rings += len(outlines)
            end_replacing(conn, rings)
    except DirectoryError as error:
        _refuse(error)
    typer.echo(f"{rings} rings of boundaries")


@places.command("fire")
def fire(lat: Latitude, lon: Longitude) -> None:
    """Show which fire headquarters an operator would be told to ring for a place."""
    from incident.places.describe import describe
    from schemas.impact import Position

    with _database() as conn:
        facts = describe(conn, Position(lat, lon))
    print_table(
        ("headquarters", "number", "as of", "days ago", "source"),
        ([one.name.ja, one.number, str(one.as_of), str(one.age_days), one.source] for one in facts.fire),
    )
    typer.echo(f"{facts.fire_words.ja}\n{facts.fire_words.en}")


@places.command("show")
def show(
    lat: Latitude,
    lon: Longitude,
    heading: Annotated[
        float | None, typer.Option(min=0, max=360, help="Where the car drove, degrees from north.")
    ] = None,
    speed: Annotated[float | None, typer.Option(min=0, help="Speed before, km/h.")] = None,
) -> None:
    """Show everything that would be said of an incident at a place."""
    from incident.places.describe import describe
    from schemas.impact import Position

    with _database() as conn:
        facts = describe(conn, Position(lat, lon), heading, speed)
    guess = " (a guess)" if facts.road.is_guess else ""
    area = facts.area
    print_table(
        ("", "Japanese", "English"),
        (
            ("place", facts.words.ja, facts.words.en),
            ("for the operator", facts.hint.ja, facts.hint.en),
            (
                "municipality",
                area.municipality.code if area else "",
                "a guess" if area and area.is_guess else "",
            ),
            (f"road: {facts.road.kind}{guess}", facts.road.reason.ja, facts.road.reason.en),
            ("ambulance", facts.fire_words.ja, facts.fire_words.en),
        ),
    )


@contextmanager
def _database() -> Generator[Connection]:
    """The configured database, or that of the stack that runs on this machine: one transaction, or the command ends."""
    import psycopg

    from runtime.database import connect

    settings = configured()
    if not settings.database_url.get_secret_value():
        settings = beside_running_stack()
    try:
        with connect(settings.database_url.get_secret_value(), name="places") as conn:
            yield conn
    except psycopg.Error as error:
        fail(f"the database cannot be used: {str(error).strip()}")


def _refuse(error: ValueError) -> NoReturn:
    """End the command with every fault."""
    fail(f"{error}\nNothing was imported.")
