"""What the real engine recorded, lived through again: under its own plan nothing differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from support.insured import Insured, insured_world
from support.scene import DEFAULT_PLAN_TOML

from incident.backtest.past import Judged, backtest, count_since
from incident.engine.engine import Engine
from incident.escalation.commands import Close, Take
from incident.escalation.events import Answered, Joined
from incident.plan.plan import read_plan
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, Outcome, Trigger

SCALE = 0.1
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Whose calls are picked up after so many seconds with this key, from the given attempt on; else never."""

    key: str = ""
    from_attempt: int = 1


NOBODY = Person("", 99)


@dataclass
class Carrier:
    """Reports calls as a carrier would, for people who do as they are told."""

    world: Insured
    people: dict[tuple[UUID, CallParty], Person] = field(default_factory=dict[tuple[UUID, CallParty], Person])
    _told: dict[UUID, int] = field(default_factory=dict[UUID, int])

    def look(self) -> None:
        """One look at every call that is not over."""
        rows = self.world.rows(
            "SELECT id, incident_id, party, attempt, extract(epoch FROM clock_timestamp() - created_at) AS age_s "
            "FROM calls WHERE state <> 'ended' AND party <> 'operator'"
        )
        for row in rows:
            party = CallParty(row["party"])
            person = self.people.get((row["incident_id"], party), NOBODY)
            news = self._news(row["id"], person, row["attempt"])
            told = self._told.get(row["id"], 0)
            if told < len(news) and float(row["age_s"]) >= news[told][0] * SCALE:
                self._told[row["id"]] = told + 1
                with self.world.conn.transaction():
                    news[told][1]()

    def _news(self, call_id: UUID, person: Person, attempt: int) -> list[tuple[float, Callable[[], object]]]:
        conn, calls = self.world.conn, Calls(self.world.incidents)
        sid = f"CA{call_id.hex}"
        talk = Conversation(self.world.settings, self.world.incidents, calls)

        def report(status: str) -> Callable[[], object]:
            return lambda: calls.report(conn, call_id, sid, status)

        if attempt < person.from_attempt:
            return [(1.0, report("ringing")), (15.0, report("no-answer"))]
        said = (
            (lambda: talk.press(conn, call_id, sid, person.key))
            if person.key
            else (lambda: talk.stay_silent(conn, call_id, sid))
        )
        return [
            (1.0, report("ringing")),
            (6.0, lambda: talk.greet(conn, call_id, sid)),
            (14.0, said),
            (24.0, report("completed")),
        ]


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url, time_scale=SCALE) as made:
        yield made


def live(world: Insured, carrier: Carrier, until_s: float, deeds: dict[float, Callable[[], object]]) -> None:
    """Let engine and carrier run for so many seconds of the plan."""
    engine, began_s = Engine(world.incidents), time.monotonic()
    waiting = sorted(deeds.items())
    while (now_s := (time.monotonic() - began_s) / SCALE) < until_s:
        while waiting and waiting[0][0] <= now_s:
            waiting.pop(0)[1]()
        engine.step(world.conn)
        carrier.look()
        time.sleep(0.01)


def tried(world: Insured, toml: str) -> dict[UUID, Judged]:
    found = list(backtest(world.conn, read_plan(toml, scale=SCALE), EVER))
    assert len(found) == count_since(world.conn, EVER)
    return {one.incident_id: one for one in found}


def test_what_the_engine_recorded_is_lived_through_as_it_was(world: Insured) -> None:
    for name in ("guard-1", "guard-2"):
        world.unit(name)
    carrier = Carrier(world)
    severities = [Severity.SEVERE] * 4 + [Severity.MODERATE] * 3 + [Severity.LIGHT]
    made = [world.report(world.insure(f"car-{n:04}"), severity) for n, severity in enumerate(severities)]
    unheard, fine, second, contact, taken, joined, silent, light = made
    carrier.people[fine, CallParty.DRIVER] = Person("1")
    carrier.people[second, CallParty.DRIVER] = Person("2", from_attempt=2)
    carrier.people[contact, CallParty.CONTACT] = Person("0")
    carrier.people[silent, CallParty.DRIVER] = Person()
    live(
        world,
        carrier,
        200.0,
        {
            20.0: lambda: world.tell(joined, lambda at: Joined(at, Trigger.IMPACT, Severity.SEVERE)),
            40.0: lambda: world.tell(taken, lambda at: Take(at, "sato")),
            70.0: lambda: world.tell(
                unheard, lambda at: Answered(at, Answer.OPERATOR, CallParty.DRIVER, "app")
            ),
            120.0: lambda: world.tell(taken, lambda at: Close(at, "sato", Outcome.ACCIDENT)),
        },
    )
    assert world.call(second, attempt=2)["pressed"] == "2"

    again = tried(world, DEFAULT_PLAN_TOML)
    assert set(again) == set(made)
    for one in again.values():
        assert one.changes == ()
        # On a machine that is busy the engine is a little late, and no more than that.
        for change in one.strayed:
            assert change.before_s is not None, (one, change)
            assert change.after_s is not None, (one, change)
            assert abs(change.before_s - change.after_s) < 1.0, (one, change)

    sooner = DEFAULT_PLAN_TOML.replace(
        '{ after_s = 60, do = "call_contact" }', '{ after_s = 50, do = "call_contact" }'
    )
    other = tried(world, sooner)
    moved = {
        one.incident_id for one in other.values() if any(c.what == "call contact 1" for c in one.changes)
    }
    # Whose driver had answered by then, whom an operator had, and lighter ones are not concerned.
    assert moved == {unheard, contact, joined}
    assert other[light].changes == other[fine].changes == other[taken].changes == ()
