"""A very busy day: a thousand open incidents all over Japan, and what goes on with them, so many a second.

Everything comes in by the product's own doors: incidents are opened, notes written, calls moved, incidents taken and
closed as the API and ingest do it, and steps come due in an engine's own worker.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Event
from typing import Any, Final
from uuid import UUID, uuid4

from api.context import SQL as API
from cli.bench import crowd
from incident.engine.engine import Engine
from incident.engine.worker import Worker, listen
from incident.escalation.commands import Close, Take
from incident.escalation.decide import CommandRefused
from incident.escalation.effects import Note
from incident.places.towns import load_towns
from incident.service import Incidents, Report, hint
from incident.voice.calls import Calls
from runtime.database import Connection, connect
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings
from runtime.sql import Queries
from schemas.impact import Position, Severity
from schemas.incident import Outcome, Trigger

SQL: Final = Queries("cli.bench", "bustle.sql")
_SPAWN: Final = multiprocessing.get_context("spawn")
_KINDS: Final = (
    (Trigger.IMPACT, Severity.LIGHT),
    (Trigger.IMPACT, Severity.MODERATE),
    (Trigger.SHORT_PRESS, None),
    (Trigger.IMPACT, Severity.LIGHT),
    (Trigger.IMPACT, Severity.SEVERE),
    (Trigger.IMPACT, Severity.MODERATE),
)
_WORST: Final = (Trigger.IMPACT, Severity.VERY_SEVERE)
# Of fifty things that happen.
_MIX: Final[Mapping[str, int]] = {"open": 2, "close": 2, "take": 4, "note": 16, "call": 18, "steps": 8}
_OPERATORS: Final = tuple(f"operator-{n:02}" for n in range(1, 21))
_CARS: Final = 20_000
_WORST_WAITS_S: Final = 5.0
_STAGES: Final = {
    "waiting": "initiated",
    "sending": "initiated",
    "placed": "ringing",
    "ringing": "in-progress",
    "answered": "completed",
}


class Day:
    """What goes on, on one connection that commits by itself."""

    def __init__(self, conn: Connection, settings: Settings, *, seed: int, first_car: int = 1) -> None:
        self._conn = conn
        self._incidents = Incidents(settings)
        self._calls = Calls(self._incidents)
        self._random = random.Random(seed)  # noqa: S311  nothing is secret here
        self._towns = list(load_towns())
        self._cars = count(first_car)
        self._open: list[UUID] = [row["id"] for row in conn.execute(SQL["open_ids"])]
        self._worst: deque[tuple[UUID, float]] = deque()
        self.done: Counter[str] = Counter()
        self.opened: list[tuple[str, float]] = []

    def open(self, *, worst: bool = False) -> None:
        """A car that had no incident yet has one, near some town."""
        trigger, severity = _WORST if worst else self._random.choice(_KINDS)
        town = self._random.choice(self._towns).position
        place = Position(
            town.lat_deg + self._random.uniform(-0.05, 0.05), town.lon_deg + self._random.uniform(-0.05, 0.05)
        )
        report = Report(
            f"bench-{next(self._cars)}", trigger, severity, datetime.now(UTC), late=False, position=place
        )
        with self._conn.transaction():
            found = self._incidents.report(self._conn, report).incident_id
        self._open.append(found)
        if worst:
            self._worst.append((found, time.monotonic()))
            self.opened.append((str(found), time.time() * 1000))

    def happen(self, what: str) -> None:
        """One thing of the mix; where it makes no sense for the incident that was drawn, somebody writes a note."""
        match what:
            case "open":
                self.open(worst=self.done["open"] % 4 == 3)
            case "steps":
                self._conn.execute(SQL["let_steps_come_due"], {"many": 1})
            case "call" if self._call():
                pass
            case "take" | "close" if self._command(what):
                pass
            case _:
                what = "note"
                self._note()
        self.done[what] += 1
        hint(self._conn)

    def _command(self, what: str) -> bool:
        found, who = self._chosen(what), self._random.choice(_OPERATORS)
        make: Callable[[datetime], Take | Close] = (
            (lambda at: Take(at, who)) if what == "take" else (lambda at: Close(at, who, Outcome.ACCIDENT))
        )
        with suppress(CommandRefused), self._conn.transaction():
            self._incidents.handle(self._conn, found, make, actor=f"operator:{who}")
            if what == "close":
                self._open.remove(found)
            return True
        return False

    def _chosen(self, what: str) -> UUID:
        """Whom an operator turns to: the worst before long, those who wait on a line, and what is long done."""
        if what == "take" and self._worst and time.monotonic() - self._worst[0][1] > _WORST_WAITS_S:
            return self._worst.popleft()[0]
        if what == "take":
            return self._random.choice(self._open)
        row = self._conn.execute(SQL["somebody_waits"]).fetchone()
        return row["id"] if row is not None else self._random.choice(self._open[: len(self._open) // 4])

    def _note(self) -> None:
        found, who = self._random.choice(self._open), self._random.choice(_OPERATORS)
        with self._conn.transaction():
            hands = self._incidents.hands(self._conn, found)
            if hands is None:
                raise AssertionError("an incident is gone")
            note = {
                "id": uuid4(),
                "incident_id": found,
                "at": hands.at,
                "author": who,
                "text": "折り返し待ち",
            }
            self._conn.execute(API["insert_note"], note)
            hands.write([Note("note", {"note_id": str(note["id"])})], f"operator:{who}")

    def _call(self) -> bool:
        row = self._conn.execute(SQL["some_call"]).fetchone()
        if row is None:
            return False
        with self._conn.transaction():
            self._calls.report(self._conn, row["id"], f"CA{row['id'].hex}", _STAGES[row["state"]])
        return True


def gather(conn: Connection, settings: Settings, many: int, tell: Callable[[str], None]) -> None:
    """So many open incidents, of which one in six is severe and half are taken."""
    tell(f"opening {many} incidents")
    crowd.people(conn, 1, many + _CARS)
    day = Day(conn, settings, seed=1)
    for _ in range(many):
        day.open()
    for _ in range(many // 2):
        day.happen("take")
    conn.execute(SQL["spread_timers"])
    conn.execute(SQL["begin_over_the_day"])
    conn.execute("VACUUM ANALYZE")


@contextmanager
def going_on(settings: Settings, many: int, per_s: int) -> Generator[Callable[[], dict[str, Any]]]:
    """Let things happen in a process of their own. The result asks what has happened so far: `done` and `opened`."""
    ready, stop = _SPAWN.Event(), _SPAWN.Event()
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(
        target=_go_on, args=(settings, many + 1, per_s, (ready, stop), theirs), daemon=True
    )
    process.start()
    try:
        if not ready.wait(60.0):
            raise RuntimeError("nothing began to happen")

        def so_far() -> dict[str, Any]:
            ours.send(None)
            return json.loads(ours.recv())

        yield so_far
    finally:
        stop.set()
        process.join(15.0)
        if process.is_alive():
            process.terminate()


def _go_on(settings: Settings, first_car: int, per_s: int, events: tuple[Event, Event], asked: Pipe) -> None:
    ready, stop = events
    life = Lifecycle()
    url = settings.database_url.get_secret_value()
    engine = Engine(Incidents(settings))
    worker = Worker("timers", url, life, engine.step, idle_s=engine.idle_s)
    worker.start()
    threading.Thread(target=listen, args=(url, life, [worker]), daemon=True).start()
    with connect(url, name="bench", autocommit=True) as conn:
        day = Day(conn, settings, seed=2, first_car=first_car)
        mix = random.Random(3)  # noqa: S311
        kinds, weights = tuple(_MIX), tuple(_MIX.values())
        ready.set()
        began_s = time.monotonic()
        for number in count(1):
            if stop.is_set():
                break
            day.happen(mix.choices(kinds, weights)[0])
            if asked.poll():
                asked.recv()
                asked.send(
                    json.dumps(
                        {"done": day.done, "opened": day.opened, "behind_s": _behind(began_s, number, per_s)}
                    )
                )
            time.sleep(max(0.0, began_s + number / per_s - time.monotonic()))


def _behind(began_s: float, number: int, per_s: int) -> float:
    """How far what happens lags behind what was asked for."""
    return max(0.0, time.monotonic() - began_s - number / per_s)
