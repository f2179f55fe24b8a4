"""`cbutton plan`: the escalation plan checked, compared, drawn, tried on the past, and made active."""
# ruff: noqa: PLC0415  a quick --help

from __future__ import annotations

import getpass
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from cli.terminal import beside_running_stack, configured, fail
from schemas.incident import Language

if TYPE_CHECKING:
    from incident.plan.plan import Plan, PlanError
    from runtime.database import Connection

plan = typer.Typer(
    help="The escalation plan: check, diff, activate, show, picture, backtest.", no_args_is_help=True
)
_WHICH: Final = "A file, a version number, `active`, or `default`."
Which = Annotated[str, typer.Argument(help=_WHICH)]


@plan.command("check")
def plan_check(file: Annotated[Path, typer.Argument(help="The plan, TOML.")]) -> None:
    """Name every fault of a plan with its line, and what is unwise; exit code 1 where it has a fault."""
    from incident.plan.check import judge
    from incident.plan.plan import PlanError

    try:
        judged = judge(_text(file))
    except PlanError as error:
        _refuse(str(file), error)
    for warning in judged.warnings:
        typer.echo(_line(str(file), warning.line, f"warning: {_place(warning.place)}{warning.words}"))
    rules, steps = judged.plan.rules, sum(len(rule.steps) for rule in judged.plan.rules)
    typer.echo(
        f"{file}: no faults, {_count(len(judged.warnings), 'warning')}; {len(rules)} rules, {steps} steps"
    )


@plan.command("diff")
def plan_diff(
    before: Which,
    after: Which,
    language: Annotated[Language, typer.Option(help="Of the words.")] = Language.EN,
) -> None:
    """Say in words what differs between two plans."""
    from incident.plan.diff import differences

    same = "動作の違いはありません" if language is Language.JA else "they do the same"
    typer.echo("\n".join(differences(_read(before), _read(after), language)) or same)


@plan.command("activate")
def plan_activate(
    file: Annotated[Path, typer.Argument(help="The plan, TOML.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
) -> None:
    """Let new incidents open with this plan; those that run keep theirs. A plan with faults is refused."""
    from incident.plan.plan import PlanError
    from incident.plan.store import activate

    toml = _text(file)
    with _database() as conn:
        try:
            version = activate(
                conn,
                toml,
                actor=f"cli:{getpass.getuser()}",
                reason=reason or f"cbutton plan activate {file.name}",
            )
        except PlanError as error:
            _refuse(str(file), error)
    typer.echo(f"version {version} is active")


@plan.command("show")
def plan_show(
    which: Annotated[str, typer.Argument(help=_WHICH)] = "active",
) -> None:
    """Print a plan as its author wrote it."""
    typer.echo(_toml(which), nl=False)


@plan.command("picture")
def plan_picture(
    which: Which,
    out: Annotated[Path, typer.Option(help="Write the drawing, SVG, to this file.")],
    language: Annotated[Language, typer.Option(help="Of the words.")] = Language.JA,
) -> None:
    """Draw a plan: for each rule what is done when, over one axis of time."""
    from incident.plan.picture import draw

    drawing = draw(_read(which), language)
    try:
        out.write_text(drawing, encoding="utf-8")
    except OSError as error:
        fail(f"{out}: {error.strerror}")


@plan.command("backtest")
def plan_backtest(
    which: Which,
    since: Annotated[
        str, typer.Option(help="Incidents opened since this day or moment, of Japan.")
    ] = "2000-01-01",
    severities: Annotated[
        Path | None, typer.Option(help='Another detector\'s: JSON lines {"impact": ID, "severity": …}.')
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines; the last one sums up.")] = False,
) -> None:
    """Live recorded incidents through again under this plan: who is called earlier, later, or not at all.

    docs/plan.md says what is assumed of calls and offers that never happened. Changes nothing.
    """
    from cli.plan_backtest import print_json, print_words, read_severities, since_when, watched
    from incident.backtest.past import backtest, count_since
    from incident.plan.plan import PlanError, read_plan

    begin, other = since_when(since), read_severities(severities) if severities else None
    toml = _toml(which)
    with _database() as conn:
        try:
            tried = read_plan(toml, scale=configured().time_scale)
        except PlanError as error:
            _refuse(which, error)
        judged = watched(backtest(conn, tried, begin, other), count_since(conn, begin))
        (print_json if as_json else print_words)(judged)


def _read(which: str) -> Plan:
    from incident.plan.plan import PlanError, read_plan

    try:
        return read_plan(_toml(which))
    except PlanError as error:
        _refuse(which, error)


def _toml(which: str) -> str:
    from incident.plan.in_use import default_plan
    from incident.plan.store import UnknownPlan, stored

    if which == "default":
        return default_plan()
    if which != "active" and not which.isdigit():
        return _text(Path(which))
    with _database() as conn:
        try:
            return stored(conn, None if which == "active" else int(which)).toml
        except UnknownPlan as error:
            fail(str(error))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8 text")


@contextmanager
def _database() -> Generator[Connection]:
    """A transaction in the database of the running stack, or in the one that is configured."""
    import psycopg

    from runtime.database import connect

    settings = configured()
    if not settings.database_url.get_secret_value():
        settings = beside_running_stack()
    try:
        with connect(settings.database_url.get_secret_value(), name="plan") as conn:
            yield conn
    except psycopg.Error as error:
        fail(f"the database cannot be used: {str(error).strip()}")


def _refuse(name: str, error: PlanError) -> NoReturn:
    fail("\n".join(_line(name, fault.line, f"{_place(fault.place)}{fault.words}") for fault in error.faults))


def _line(name: str, line: int | None, words: str) -> str:
    return f"{name}:{line}: {words}" if line else f"{name}: {words}"


def _place(place: str) -> str:
    return f"{place}: " if place and place != "plan" else ""


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
