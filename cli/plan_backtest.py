"""`cbutton plan backtest`: what another plan, or another detector's severities, would have done in the past."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import typer

from cli.terminal import fail, print_table
from schemas.impact import Severity

if TYPE_CHECKING:
    from incident.backtest.facts import Change
    from incident.backtest.past import Judged

_ALLOWED: Final = tuple(Severity)


def read_severities(file: Path) -> dict[str, str]:
    """Another detector's severities by impact id: `{"impact": ID, "severity": "severe"}` a line."""
    found: dict[str, str] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            impact, severity = str(said["impact"]), str(said["severity"])
        except (ValueError, KeyError, TypeError):
            fail(f'{file}:{number}: a line must be {{"impact": ID, "severity": SEVERITY}}')
        if severity not in _ALLOWED:
            fail(f"{file}:{number}: severity must be one of {', '.join(_ALLOWED)}, not {severity!r}")
        found[impact] = severity
    return found


def watched(judged: Iterable[Judged], total: int) -> Iterator[Judged]:
    """The same, with a count on a terminal while it goes on."""
    shown_s = time.monotonic()
    number = 0
    for number, one in enumerate(judged, 1):
        yield one
        if sys.stderr.isatty() and time.monotonic() - shown_s > 0.5:
            shown_s = time.monotonic()
            print(f"\r{number} of {total} incidents", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(f"\r{number} of {total} incidents", file=sys.stderr)


def print_words(judged: Iterable[Judged]) -> None:
    """Each incident that would have gone otherwise, then what differs in all of them."""
    tally = _Tally()
    for one in judged:
        tally.add(one)
        if one.changes:
            at = one.opened_at.strftime("%Y-%m-%d %H:%M:%SZ")
            typer.echo(f"{at}  {one.incident_id}  {one.device_id or 'no device'}  {one.occasion}")
            for change in one.changes:
                typer.echo(f"  {change}")
    print_table(
        ("what", "earlier", "later", "newly", "never", "median shift"),
        (_row(what, found) for what, found in tally.by_what.items()),
    )
    typer.echo(tally.words())


def print_json(judged: Iterable[Judged]) -> None:
    """One object an incident that would have gone otherwise, and the sums as the last line."""
    tally = _Tally()
    for one in judged:
        tally.add(one)
        if one.changes:
            _print(
                {
                    "incident": str(one.incident_id),
                    "device": one.device_id,
                    "opened_at": one.opened_at.isoformat(),
                    "occasion": one.occasion,
                    "changes": [_as_json(change) for change in one.changes],
                }
            )
    _print(
        {
            "incidents": tally.incidents,
            "changed": tally.changed,
            "strayed": tally.strayed,
            "changes": {what: dict(Counter(map(_way, found))) for what, found in tally.by_what.items()},
        }
    )


def since_when(words: str) -> datetime:
    """A day or moment; without a zone it is Japan's."""
    from incident.wording import JAPAN_TIME  # noqa: PLC0415  a quick --help

    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        fail(f"--since {words}: a day such as 2026-10-01, or a moment such as 2026-10-01T09:00")
    return at if at.tzinfo else at.replace(tzinfo=JAPAN_TIME)


class _Tally:
    """Sums over incidents."""

    def __init__(self) -> None:
        self.incidents = self.changed = self.strayed = 0
        self.by_what: dict[str, list[Change]] = defaultdict(list)

    def add(self, one: Judged) -> None:
        self.incidents += 1
        self.changed += bool(one.changes)
        self.strayed += bool(one.strayed)
        for change in one.changes:
            self.by_what[change.what].append(change)

    def words(self) -> str:
        strayed = (
            f"; {self.strayed} did not go as their own plan says (an outage, a queue): take those with care"
            if self.strayed
            else ""
        )
        return f"{self.incidents} incidents, {self.changed} would have gone otherwise{strayed}"


def _way(change: Change) -> str:
    if change.before_s is None:
        return "newly"
    if change.after_s is None:
        return "never"
    return "earlier" if change.after_s < change.before_s else "later"


def _row(what: str, found: list[Change]) -> list[str]:
    ways = Counter(map(_way, found))
    shifts = [
        change.after_s - change.before_s
        for change in found
        if change.before_s is not None and change.after_s is not None
    ]
    shift = f"{median(shifts):+.0f} s" if shifts else ""
    return [what, *(str(ways[way] or "") for way in ("earlier", "later", "newly", "never")), shift]


def _as_json(change: Change) -> Mapping[str, Any]:
    return {**asdict(change), "way": _way(change)}


def _print(value: Mapping[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))
