"""The engine on a real database, with a crash at every statement and every request, and its workers interleaved.

Each rule is one thing that happens. Workers go on slice by slice, or die between two; locks, constraints and
commits are PostgreSQL's own, the SDK is Twilio's own, and the clock is the test's. What must hold stands in
`support.promises`, apart from the code. MACHINES=300,40 runs so many examples of so many steps.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.engine_world import CARS, OPERATOR, EngineWorld, Told, engine_world
from support.paper_carrier import News, call_of
from support.promises import MOMENT_S, PLAN, Broken, Expected, always, promise, settled, when_worked_off
from support.servers import Databases
from support.slices import ALL, Job, Slicer

from incident.escalation.commands import (
    AnswerFor,
    CallDriver,
    Close,
    PausePlan,
    Release,
    ResumePlan,
    StepNow,
    StepOff,
    Take,
    WithdrawAnswer,
)
from incident.escalation.events import Answered
from incident.escalation.refusal import CommandRefused
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, Outcome, Trigger

EXAMPLES, STEPS = (int(word) for word in os.environ.get("MACHINES", "20,30").split(","))

PICK: Final = st.integers(0, 10**6)
SLICES: Final = st.sampled_from([1, 2, 3, 5, 8, 13, ALL, ALL])
# Rarely, and then at any boundary a step has.
DEATH: Final = st.sampled_from([None, None, None]) | st.integers(1, 30)
WORKERS: Final = ("engine-1", "engine-2", "dialer-1", "dialer-2", "texts")
WAITS: Final = st.sampled_from([0.5, 3.0, 7.0, 10.0, 14.0, 15.0, 20.0, 30.0, 31.0, 45.0, 60.0, 90.0, 150.0])
REQUEST_S: Final = 4.0
REPORTS: Final = st.sampled_from(
    [
        (Trigger.IMPACT, Severity.SEVERE),
        (Trigger.IMPACT, Severity.SEVERE),
        (Trigger.IMPACT, Severity.MODERATE),
        (Trigger.IMPACT, Severity.MODERATE),
        (Trigger.IMPACT, Severity.VERY_SEVERE),
        (Trigger.IMPACT, Severity.LIGHT),
        (Trigger.LONG_PRESS, None),
        (Trigger.SHORT_PRESS, None),
    ]
)
RULES: Final = {
    Severity.LIGHT: "light",
    Severity.MODERATE: "moderate",
    Severity.SEVERE: "severe",
    Severity.VERY_SEVERE: "severe",
}


class EngineMachine(RuleBasedStateMachine):
    """Two cars, whatever happens to them, and whoever works for them."""

    def __init__(self, world: EngineWorld) -> None:
        super().__init__()
        self.world = world
        self.slicer = Slicer(world.url, self.committed, self.ended)
        self.expected: dict[UUID, Expected] = {}
        self.opened: set[UUID] = set()
        self.then: dict[str, Callable[[Job], None]] = {}
        self.untold: set[str] = set()
        self.stood_still = False
        self.told = Told()
        structlog.configure(processors=[self.told], cache_logger_on_first_use=False)

    @initialize(
        operator=st.booleans(), units=st.integers(0, 2), report=REPORTS, lag=st.sampled_from([0.0, 0.0, 4.0])
    )
    def begin(self, operator: bool, units: int, report: tuple[Trigger, Severity | None], lag: float) -> None:
        self.world.begin(operator=operator, units=units)
        self.world.carrier.lag_s = lag
        self.crash(car=CARS[0], report=report, late=False, revises=False, slices=ALL, dies_at=None)

    # Work.

    @rule(who=st.sampled_from(WORKERS), slices=SLICES, dies_at=DEATH)
    def works(self, who: str, slices: int, dies_at: int | None) -> None:
        """A worker begins a step, or goes on with the one it is in."""
        job = self.slicer.jobs.get(who)
        if job is None:
            kind = who.partition("-")[0]
            job = self.slicer.start(who, getattr(self.world, kind), dies_at=dies_at)
        self.slicer.go_on(job, slices)

    @rule(pick=PICK, slices=SLICES)
    def somebody_goes_on(self, pick: int, slices: int) -> None:
        jobs = list(self.slicer.jobs.values())
        if jobs:
            self.slicer.go_on(jobs[pick % len(jobs)], slices)

    @rule()
    def all_is_worked_off(self) -> None:
        """Whoever works comes to an end, and what is due is done."""
        self.slicer.finish()
        self.work_off()
        self.look()

    @rule(seconds=WAITS)
    def time_passes(self, seconds: float) -> None:
        self.pass_time(self.world.now_s + seconds)

    @rule(count=st.integers(1, 4))
    def timers_come_due(self, count: int) -> None:
        """Time passes up to the next timers, and an engine does what it should at once."""
        for _ in range(count):
            due_s = self.world.next_due_s()
            if due_s is None:
                return
            self.pass_time(max(self.world.now_s, due_s))
            self.slicer.finish()
            self.work_off()
            self.look()

    @rule()
    def up_to_the_next_promise(self) -> None:
        """Time passes up to a second of the table that people were given: then it is on its way, not later."""
        coming = [
            known.opened_s + after_s
            for known in self.expected.values()
            for after_s, _ in PLAN.get(known.rule, ())
            if known.opened_s + after_s > self.world.now_s
        ]
        if coming:
            self.pass_time(min(coming) + MOMENT_S)
            self.slicer.finish()
            self.work_off()
            self.look()

    # What is reported.

    @rule(
        car=st.sampled_from(CARS),
        report=REPORTS,
        late=st.sampled_from([False, False, False, True]),
        revises=st.booleans(),
        slices=SLICES,
        dies_at=DEATH,
    )
    def crash(
        self,
        car: str,
        report: tuple[Trigger, Severity | None],
        late: bool,
        revises: bool,
        slices: int,
        dies_at: int | None,
    ) -> None:
        """A press or an impact. Ingest reports again what was not committed: that is another report here."""
        trigger, severity = report
        late = late and trigger is not Trigger.SHORT_PRESS
        work = self.world.report(car, trigger, severity, late=late, revises=revises and severity is not None)

        def then(job: Job) -> None:
            if job.result is not None:
                incident_id = job.result.incident_id
            else:  # it has not come further than its commit: just now, and to the last one
                (row,) = self.world.rows(
                    "SELECT id FROM incidents WHERE device_id = %s ORDER BY opened_at DESC LIMIT 1", car
                )
                incident_id = row["id"]
            opened = incident_id not in self.opened
            known = self.known(incident_id)
            known.reports += 1
            if opened:
                self.opened.add(incident_id)
                known.rule = "late" if late else RULES[severity] if severity else "severe"
                if trigger is Trigger.SHORT_PRESS:
                    known.rule = "trouble"
            else:
                known.undisturbed, known.stopped_s, known.fine_s = False, None, None

        # Several may report about one car at the same moment.
        name = "report-2" if self.busy("report") else "report"
        self.begin_job(name, work, then, slices, dies_at)

    @rule(car=st.sampled_from(CARS), report=REPORTS, slices=st.integers(3, 12))
    def both_lanes_report(self, car: str, report: tuple[Trigger, Severity | None], slices: int) -> None:
        """The device's own message and what was seen in its motion arrive at the same moment."""
        for many in (slices, ALL):
            self.crash(car=car, report=report, late=False, revises=False, slices=many, dies_at=None)

    def known(self, incident_id: UUID) -> Expected:
        """What is known of an incident; whoever opened it may be the last to say so."""
        if incident_id not in self.expected:
            self.expected[incident_id] = Expected("", self.opened_s(incident_id))
        return self.expected[incident_id]

    def opened_s(self, incident_id: UUID) -> float:
        (row,) = self.world.rows(
            "SELECT extract(epoch FROM opened_at - (SELECT at FROM moment))::float8 AS s"
            " FROM incidents WHERE id = %s",
            incident_id,
        )
        return self.world.now_s + row["s"]

    # What the carrier and people do.

    @rule(pick=PICK, turn=st.integers(0, 2), told=st.booleans())
    def a_call_goes_on(self, pick: int, turn: int, told: bool) -> None:
        """At the carrier, a call rings, is picked up, or ends. `told`: we hear of it at once."""
        live = self.world.carrier.live()
        if not live:
            return
        self.world.carrier.go_on(live[pick % len(live)], turn)
        if told and not self.busy("news"):
            self.hear(self.world.carrier.news[-1], ALL, None)

    @rule(pick=PICK, again=st.booleans(), slices=SLICES, dies_at=DEATH)
    def news_come(self, pick: int, again: bool, slices: int, dies_at: int | None) -> None:
        """A webhook, in any order, now or later, and perhaps once more. One whose API dies is lost."""
        news = self.world.carrier.news
        if not news or self.busy("news"):
            return
        one = news[pick % len(news)]
        if not again:
            news.remove(one)
        self.hear(one, slices, dies_at)

    @rule(pick=PICK)
    def news_are_lost(self, pick: int) -> None:
        news = self.world.carrier.news
        if news:
            self.untold.add(news.pop(pick % len(news)).sid)

    @rule(cut=st.sampled_from(["before", "after"]))
    def an_answer_is_lost(self, cut: str) -> None:
        """The next request is cut off, before or after it was carried out."""
        if len(self.world.carrier.cuts) < 2:
            self.world.carrier.cuts.append(cut)

    def hear(self, one: News, slices: int, dies_at: int | None) -> None:
        if dies_at is not None:
            self.untold.add(one.sid)
        self.begin_job(
            "news", self.world.status(one.call_id, one.sid, one.status), lambda _: None, slices, dies_at
        )

    @rule(
        pick=PICK,
        what=st.sampled_from(["greet", "1", "1", "2", "3", "0", "7", "stay_silent"]),
        slices=SLICES,
        dies_at=DEATH,
    )
    def somebody_on_the_line_does_something(
        self, pick: int, what: str, slices: int, dies_at: int | None
    ) -> None:
        """Whoever has picked up hears us, presses a key, or says nothing."""
        talking = [one for one in self.world.carrier.live() if one["status"] == "in-progress"]
        if not talking or self.busy("line"):
            return
        one = talking[pick % len(talking)]
        call_id, sid = call_of(one), str(one["sid"])
        (row,) = self.world.rows("SELECT incident_id, party FROM calls WHERE id = %s", call_id)
        known = self.known(row["incident_id"])
        if row["party"] == "operator":
            what, more = ("take", ["1"]) if what == "1" else ("greet", [])
        else:
            what, more = ("press", [what]) if len(what) == 1 else (what, [])

        def then(job: Job) -> None:
            if what != "greet":
                known.undisturbed = False
            if what == "take":
                known.stopped_s = known.fine_s = None
            if what == "press" and more[0] != "7":
                self.answered(row["incident_id"], row["party"], {"1": Answer.FINE}.get(more[0]))

        self.begin_job("line", self.world.hook(what, call_id, sid, *more), then, slices, dies_at)

    @rule(pick=PICK, answer=st.sampled_from(Answer), slices=SLICES, dies_at=DEATH)
    def app_answers(self, pick: int, answer: Answer, slices: int, dies_at: int | None) -> None:
        incident_id = self.somebody(pick)
        if incident_id is None or self.busy("app"):
            return
        work = self.world.happens(
            incident_id, lambda at: Answered(at, answer, CallParty.DRIVER, "app"), "driver"
        )
        self.begin_job("app", work, lambda _: self.answered(incident_id, "driver", answer), slices, dies_at)

    @rule(
        pick=PICK,
        what=st.sampled_from(
            [
                "take",
                "call",
                "fine",
                "close",
                "pause",
                "resume",
                "release",
                "withdraw",
                "reopen",
                "now",
                "off",
            ]
        ),
        slices=SLICES,
        dies_at=DEATH,
    )
    def operator_acts(self, pick: int, what: str, slices: int, dies_at: int | None) -> None:
        incident_id = self.somebody(pick)
        if incident_id is None or self.busy("desk") or pick % 3:
            return
        makes: dict[str, Callable[[Any], Any]] = {
            "take": lambda at: Take(at, OPERATOR),
            "call": lambda at: CallDriver(at, OPERATOR),
            "fine": lambda at: AnswerFor(at, OPERATOR, Answer.FINE),
            "close": lambda at: Close(at, OPERATOR, Outcome.ACCIDENT),
            "pause": lambda at: PausePlan(at, OPERATOR, 60.0, "n1"),
            "resume": lambda at: ResumePlan(at, OPERATOR),
            "release": lambda at: Release(at, OPERATOR),
            "withdraw": lambda at: WithdrawAnswer(at, OPERATOR, Answer.FINE),
            "now": lambda at: StepNow(at, OPERATOR, pick % 2, pick % 7),
            "off": lambda at: StepOff(at, OPERATOR, pick % 2, pick % 7, "n1"),
        }

        def then(job: Job) -> None:
            known = self.expected[incident_id]
            known.undisturbed = False
            if what == "fine":
                self.answered(incident_id, "driver", Answer.FINE)
            elif what == "close":
                known.stopped_s = known.fine_s = self.world.now_s
            elif what in ("call", "withdraw", "reopen"):
                known.stopped_s = known.fine_s = None

        self.begin_job(
            "desk",
            self.world.reopens(incident_id)
            if what == "reopen"
            else self.world.happens(incident_id, makes[what], f"operator:{OPERATOR}"),
            then,
            slices,
            dies_at,
        )

    # Bookkeeping.

    def pass_time(self, until_s: float) -> None:
        """A request that is under way takes no longer than requests may."""
        calling = [job for name, job in self.slicer.jobs.items() if name.partition("-")[0] == "dialer"]
        self.stood_still |= bool(calling) and until_s - self.world.now_s >= REQUEST_S
        self.world.set_clock(until_s)

    def somebody(self, pick: int) -> UUID | None:
        ids = list(self.expected)
        return ids[pick % len(ids)] if ids else None

    def busy(self, name: str) -> bool:
        return name in self.slicer.jobs

    def begin_job(
        self,
        name: str,
        work: Callable[[Any], Any],
        then: Callable[[Job], None],
        slices: int,
        dies_at: int | None,
    ) -> None:
        """A piece of work of the API or of ingest; `then` once it is committed."""
        if name in self.slicer.jobs:
            return
        self.then[name] = then
        job = self.slicer.start(name, work, dies_at=dies_at)
        self.slicer.go_on(job, slices)

    def committed(self, job: Job) -> None:
        then = self.then.pop(job.name, None)
        if then is not None:
            then(job)

    def ended(self, job: Job) -> None:
        self.then.pop(job.name, None)
        if job.error is not None and not isinstance(job.error, CommandRefused):
            raise Broken(f"{job.name} failed at {job.at}") from job.error

    def answered(self, incident_id: UUID, party: str, answer: Answer | None) -> None:
        """Somebody's answer is on record: from now on the plan is silent."""
        known = self.expected[incident_id]
        known.answers += 1
        known.undisturbed = False
        if party != "driver":
            return
        (_row,) = self.world.rows(
            "SELECT phase, state ->> 'on_line' AS there FROM incidents WHERE id = %s", incident_id
        )
        known.stopped_s = self.world.now_s
        well = answer in (Answer.FINE, Answer.MISTAKE)
        known.fine_s = self.world.now_s if well else None

    def work_off(self) -> None:
        """Engine, dialer and sender work until nothing is due."""
        for _ in range(60):
            did = [self.at_once("engine"), self.at_once("texts"), self.at_once("dialer")]
            if not any(did):
                return
        raise Broken("it spins")

    def at_once(self, kind: str) -> Any:
        job = self.slicer.start(kind, getattr(self.world, kind))
        self.slicer.go_on(job)
        promise(job.state == "done", "it waits for nobody", job.at)
        return job.result

    def look(self) -> None:
        for incident_id, facts in self.world.facts().items():
            promise(incident_id in self.expected, "an incident nobody reported", facts.row)
            when_worked_off(self.expected[incident_id], facts, self.world.now_s)
        for incident_id in self.expected:
            promise(bool(self.world.rows("SELECT 1 FROM incidents WHERE id = %s", incident_id)), "it is lost")

    @invariant()
    def what_always_holds(self) -> None:
        promise(not self.told.faults, "a fault of its own", *self.told.faults)
        always(self.world.every_incident(), self.world.every_call(), self.world.carrier.calls)

    def teardown(self) -> None:
        try:
            if hasattr(self, "failed"):
                return
            self.slicer.finish()
            self.world.carrier.cuts.clear()
            for _ in range(8):
                self.world.set_clock(self.world.now_s + 20)
                self.work_off()
                news, self.world.carrier.news = self.world.carrier.news, []
                for one in news:
                    self.slicer.go_on(
                        self.slicer.start("news", self.world.status(one.call_id, one.sid, one.status))
                    )
            self.work_off()
            self.look()
            self.what_always_holds()
            settled(
                self.world.rows("SELECT c.*, i.phase FROM calls c JOIN incidents i ON i.id = c.incident_id"),
                self.world.every_effect(),
                self.world.rows("SELECT * FROM messages WHERE channel = 'sms'"),
                self.world.carrier.calls,
                self.world.carrier.messages,
                self.untold,
                doubles=self.stood_still,
            )
        finally:
            for job in self.slicer.jobs.values():
                job.dies_at = 0
                job.go_on(ALL)
            self.slicer.close()
            structlog.reset_defaults()


def run(world: EngineWorld, examples: int, steps: int, **more: Any) -> None:
    """So many examples; raises the first that is not as it should be, as small as it can be made."""
    run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]
        lambda: EngineMachine(world),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


@pytest.mark.timeout(120 + 10 * EXAMPLES)
def test_the_engine_keeps_its_promises_whatever_dies_and_whatever_meets(databases: Databases) -> None:
    began_s = time.monotonic()
    with engine_world(databases) as world:
        run(world, EXAMPLES, STEPS)
    print(f"{EXAMPLES} examples of {STEPS} steps in {time.monotonic() - began_s:.0f} s")
