"""Faults that would kill people, planted one at a time into the running code: the machines must go red.

What hides what is shown too: where two guards stand behind each other, one of them may be missing and nobody
suffers, so only both together prove that the test bites.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from support.engine_world import EngineWorld, engine_world
from support.servers import Databases
from support.slices import SlicedConnection
from test_engine_machine import EngineMachine
from test_incident_machine import Incident

from incident.escalation import decide, ladder, orders, pausing, underway
from incident.escalation.commands import Merge
from incident.escalation.draft import Draft
from incident.escalation.effects import SetTimer
from incident.escalation.events import StepDue
from incident.record import telephones
from incident.record.hands import SQL
from incident.record.ledger import Ledger
from incident.voice.dialer import SQL as DIALER_SQL
from incident.voice.dialer import Dialer
from runtime.sql import Queries

# Examples of so many steps, and where they begin: what 300 of 40 do not find is not found.
PURE: Final = (300, 40)
DATABASE: Final = (25, 40)
SEEDS: Final = range(1, 13)


class Planted:
    """Puts faults into the code of this process, and takes them out again."""

    def __init__(self, patch: pytest.MonkeyPatch, world: EngineWorld | None) -> None:
        self.patch, self.world = patch, world

    def sql(self, queries: Queries, name: str, *changes: tuple[str, str]) -> None:
        """Another text for a statement."""
        statements: dict[str, str] = queries._statements  # pyright: ignore[reportPrivateUsage] a fault of the test's own
        text = statements[name]
        for old, new in changes:
            assert old in text, f"{name} has changed: {old}"
            text = text.replace(old, new)
        self.patch.setitem(statements, name, text)

    def drop(self, statement: str) -> None:
        """A guard of the database is missing."""
        assert self.world is not None
        self.world.conn.execute(statement)  # pyright: ignore[reportArgumentType] the test's own

    # One fault each.

    def unfenced_timer(self) -> None:
        """A step fires whatever ladder it belongs to."""
        kept = decide._HANDLERS[StepDue]  # pyright: ignore[reportPrivateUsage] a fault of the test's own

        def unfenced(draft: Draft, event: StepDue) -> None:
            kept(draft, replace(event, generation=draft.state.generation))

        self.handler(StepDue, unfenced)

    def surviving_timer(self) -> None:
        """What is over clears no timers."""
        self.patch.setattr(Ledger, "clear_timers", lambda self, incident_id, prefix: None)

    def zero_wait(self) -> None:
        """Half a minute is no time."""
        kept = Draft.after

        def after(draft: Draft, seconds: float) -> Any:
            return draft.at if seconds == 30 else kept(draft, seconds)

        self.patch.setattr(Draft, "after", after)

    def drifting_due_time(self) -> None:
        """What follows a step is counted from when it was carried out, not from the beginning."""
        kept = decide._HANDLERS[StepDue]  # pyright: ignore[reportPrivateUsage] a fault of the test's own

        def drifting(draft: Draft, event: StepDue) -> None:
            kept(draft, event)
            if event.generation != draft.state.generation:
                return
            steps = draft.rule.steps
            for index, step in enumerate(steps):
                if index not in draft.state.steps_done and step.after_s > steps[event.step].after_s:
                    due_at = draft.at + timedelta(seconds=step.after_s - steps[event.step].after_s)
                    draft.do(SetTimer(f"step:{event.generation}:{index}", due_at))

        self.handler(StepDue, drifting)

    def repeated_call(self) -> None:
        """Another call, although the one before it still rings."""
        kept = ladder.call

        def call(draft: Draft, party: Any, rank: int = 1, *, at_once: bool = False) -> None:
            line = replace(draft.state.line(party), under_way=False, ended_at=None)
            draft.change(**{str(party): line})
            kept(draft, party, rank, at_once=at_once)

        self.patch.setattr(ladder, "call", call)

    def forgotten_by_the_pause(self) -> None:
        """What came due in a pause is not done at its end."""
        kept = pausing.end

        def end(draft: Draft, why: str, *, operator: str | None = None) -> Any:
            pause = kept(draft, why, operator=operator)
            return pause and replace(pause, held=())

        self.patch.setattr(pausing, "end", end)

    def endless_pause(self) -> None:
        """Nothing wakes a paused plan."""
        self.patch.setattr(orders, "SetTimer", lambda name, due_at: SetTimer(f"no-{name}", due_at))

    def rung_in_a_pause(self) -> None:
        """A pause keeps no further call."""
        self.patch.setattr(pausing, "hold_call", lambda draft, party: False)

    def done_again_when_given_back(self) -> None:
        """Taken up again, the plan begins from its first step."""
        kept = ladder.go_on

        def go_on(draft: Draft) -> None:
            draft.change(steps_done=())
            kept(draft)

        self.patch.setattr(ladder, "go_on", go_on)

    def turned_back_by_merging(self) -> None:
        """Who is handed over is called off as well."""
        kept = decide._HANDLERS[Merge]  # pyright: ignore[reportPrivateUsage] a fault of the test's own
        self.handler(Merge, lambda draft, event: kept(draft, replace(event, handed=())))

    def unwatched_when_taken_over(self) -> None:
        """Nobody watches who was handed over."""
        self.patch.setattr(underway, "watch_again", lambda draft, kind: None)

    def lost_transaction(self) -> None:
        """Every statement is committed by itself."""
        self.patch.setattr(SlicedConnection, "transaction", lambda self: nullcontext())

    def lost_uniqueness(self) -> None:
        """The database takes the same attempt twice."""
        self.drop("ALTER TABLE calls DROP CONSTRAINT calls_incident_id_party_attempt_key")
        self.drop("DROP INDEX dispatches_one_open_per_kind")

    def no_lock(self) -> None:
        """Two may report about one car at the same moment."""
        self.sql(SQL, "lock_device", ("pg_advisory_xact_lock", "pg_typeof"))

    def two_incidents_allowed(self) -> None:
        """The database takes two open incidents of one car."""
        self.drop("DROP INDEX incidents_one_open_per_device")

    def blind_desk(self) -> None:
        """An operator is chosen although their telephone rings."""
        self.sql(telephones.DESK, "desk_round", ("AND NOT EXISTS", "AND true OR false AND NOT EXISTS"))

    def two_legs_allowed(self) -> None:
        """The database takes two live calls to one operator."""
        self.drop("DROP INDEX calls_one_live_per_operator")

    def one_telephone_twice(self) -> None:
        """A number is rung although it rings."""
        self.sql(DIALER_SQL, "claim_call", ("c.number NOT IN (SELECT number FROM held_back)", "true"))

    def withdrawn_and_sent(self) -> None:
        """A call that is taken back stays in the queue."""
        self.sql(
            SQL,
            "withdraw_waiting_calls",
            ("SET state = 'expired', error = 'withdrawn'", "SET error = 'withdrawn'"),
        )

    def sent_without_looking(self) -> None:
        """A request nobody heard the answer of is sent again at once."""
        self.patch.setattr(Dialer, "_unknown_to_us", lambda self, conn, call: [])

    def handler(self, event: type[Any], handle: Callable[..., None]) -> None:
        handlers: Mapping[type[Any], Callable[..., None]] = decide._HANDLERS  # pyright: ignore[reportPrivateUsage]
        self.patch.setitem(handlers, event, handle)  # pyright: ignore[reportArgumentType]


def found(machine: Callable[[], RuleBasedStateMachine], size: tuple[int, int], seed: int = 1) -> bool:
    """Whether a machine goes red, without looking for the smallest way there."""

    def make() -> RuleBasedStateMachine:
        return machine()

    make._hypothesis_internal_use_seed = seed  # pyright: ignore[reportFunctionMemberAccess] what @seed sets
    try:
        run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]
            make,
            settings=settings(
                max_examples=size[0],
                stateful_step_count=size[1],
                phases=[Phase.generate],
                deadline=None,
                database=None,
                print_blob=False,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Exception:  # noqa: BLE001  whatever it says, it went red
        return True
    return False


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


@pytest.mark.parametrize(
    "fault",
    [
        "unfenced_timer",
        "zero_wait",
        "repeated_call",
        "forgotten_by_the_pause",
        "endless_pause",
        "rung_in_a_pause",
        "done_again_when_given_back",
        "turned_back_by_merging",
        "unwatched_when_taken_over",
    ],
)
def test_decisions_with_a_fault_go_red(fault: str, patch: pytest.MonkeyPatch) -> None:
    getattr(Planted(patch, None), fault)()
    assert found(Incident, PURE)


@contextmanager
def world_with(databases: Databases, patch: pytest.MonkeyPatch, faults: str) -> Generator[EngineWorld]:
    with engine_world(databases) as world:
        for fault in faults.split(" + "):
            getattr(Planted(patch, world), fault)()
        yield world


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "faults",
    [
        "surviving_timer + unfenced_timer",
        "zero_wait",
        "drifting_due_time",
        "repeated_call",
        "lost_transaction",
        "lost_transaction + lost_uniqueness",
        "no_lock + two_incidents_allowed",
        "blind_desk + two_legs_allowed",
        "one_telephone_twice",
        "withdrawn_and_sent",
        "sent_without_looking",
    ],
)
def test_the_engine_with_a_fault_goes_red(
    faults: str, databases: Databases, patch: pytest.MonkeyPatch
) -> None:
    with world_with(databases, patch, faults) as world:
        assert any(found(lambda: EngineMachine(world), DATABASE, seed) for seed in SEEDS)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "fault",
    ["surviving_timer", "unfenced_timer", "lost_uniqueness", "two_incidents_allowed", "two_legs_allowed"],
)
def test_one_guard_of_two_may_be_missing(fault: str, databases: Databases, patch: pytest.MonkeyPatch) -> None:
    """Each of these alone does no harm, since another guard stands behind it: this is why they are planted together."""
    with world_with(databases, patch, fault) as world:
        assert not found(lambda: EngineMachine(world), (6, 25))
