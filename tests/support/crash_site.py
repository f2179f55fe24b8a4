"""Engines and an API as real processes beside the simulated carrier, and many incidents whose ends are known.

What should become of each is written here as plain figures of the plan, apart from the code that runs it.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg
from pydantic import SecretStr
from support.insured import ACCOUNT_SID, AUTH_TOKEN, Insured, insured_world
from support.servers import Broker, short_folder
from support.telephone import CarrierProcess, carrier

from incident.escalation.commands import Close
from runtime.database import connect
from runtime.settings import Settings
from runtime.stack import environment, role
from runtime.state import free_port
from runtime.supervisor import Supervisor
from schemas.impact import Severity
from schemas.incident import Outcome, Phase

SCALE: Final = float(os.environ.get("KILL_LOOP_SCALE", "0.1"))
ENGINES: Final = ("engine-1", "engine-2")
API: Final = "api"
NASTY: Final[dict[str, float]] = {
    "lost_call_answer_p": 0.05,
    "lost_message_answer_p": 0.05,
    "callback_late_p": 0.2,
    "callback_late_s": 1.5,
    "callback_doubled_p": 0.2,
    "callback_reordered_p": 0.2,
    "callback_lost_p": 0.1,
    "late_answer_p": 0.05,
    "late_answer_s": 2.0,
    # Shorter than the lease, as it has to be: a list that lags for longer costs doubled calls, which are marked.
    "list_lag_s": 3.0,
}
# A busy machine answers late, which is no lost answer; the lease follows from it.
TIMEOUT_S: Final = 3.0

# A timer overdue for a minute is told by the auditor.
ALARMED_AFTER_S: Final = 55.0

UNANSWERED: Final = "asked, they would have answered"
FINE, HELP, NOBODY = "fine", "help", "nobody"
# What a driver with this temperament tells us, if anybody asks.
DRIVERS: Final = {
    "answers_fine": FINE,
    "wrong_key": FINE,
    "speaks_fine": FINE,
    "asks_help": HELP,
    "speaks_help": HELP,
    "never_answers": NOBODY,
    "voicemail": NOBODY,
    "busy": NOBODY,
    "declines": NOBODY,
    "unreachable": NOBODY,
    "hangs_up_at_once": NOBODY,
}
CONTACTS: Final = ("never_answers", "answers_fine", "busy", "voicemail")
SEVERITIES: Final = (
    Severity.SEVERE,
    Severity.SEVERE,
    Severity.MODERATE,
    Severity.VERY_SEVERE,
    Severity.LIGHT,
)


@dataclass(frozen=True)
class Victim:
    """One car, its people, and how hard it will be hit."""

    number: int
    severity: Severity
    temperament: str
    contact: str

    @property
    def device(self) -> str:
        return f"car-{self.number:04}"

    @property
    def driver_phone(self) -> str:
        return f"+8190{10_000_000 + self.number}"

    @property
    def contact_phone(self) -> str:
        return f"+8180{10_000_000 + self.number}"


def victims(count: int, seed: int) -> list[Victim]:
    """So many cars with mixed people, the same for a seed."""
    chance = Random(seed)
    return [
        Victim(number, chance.choice(SEVERITIES), chance.choice([*DRIVERS]), chance.choice(CONTACTS))
        for number in range(count)
    ]


@dataclass
class Site:
    """Everything that runs. `incidents` are the cars that have crashed so far."""

    world: Insured
    carrier: CarrierProcess
    supervisor: Supervisor
    chance: Random
    incidents: dict[UUID, Victim] = field(default_factory=dict[UUID, Victim])
    ended: set[UUID] = field(default_factory=set[UUID])
    unlike: list[str] = field(default_factory=list[str])
    unasked: int = 0
    """Drivers whose calls all came while no API was there to say a word: people were called for them."""
    longest_away_s: float = 0.0
    """For how long at most no engine was there."""
    _there_s: float = field(default_factory=time.monotonic)
    kills: Counter[str] = field(default_factory=Counter[str])

    def crash(self, victim: Victim) -> None:
        """A car of this kind crashes; whoever reports it tries again until it is on record, as ingest does."""
        for _ in range(600):
            try:
                if self.world.conn.closed:
                    self.world.conn = connect(self.world.url, name="test", autocommit=True)
                self.incidents[self.world.report(victim.device, victim.severity)] = victim
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the database did not come back")

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> bool:
        """End a process without warning, if it runs at the moment."""
        (child,) = [child for child in self.supervisor.status() if child.name == name]
        if child.pid is None or child.state != "ready":
            return False
        os.kill(child.pid, signum)
        self.kills[name] += 1
        return True

    def close_ended(self) -> None:
        """Judge those that the plan is through with; then an operator closes them, as somebody would."""
        if any(child.state == "ready" and child.name in ENGINES for child in self.supervisor.status()):
            self._there_s = time.monotonic()
        self.longest_away_s = max(self.longest_away_s, time.monotonic() - self._there_s)
        through = self.world.rows(
            "SELECT i.id FROM incidents i WHERE i.id <> ALL (%s)"
            " AND NOT EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id AND t.name ~ '^(step|giveup|again)')"
            " AND NOT EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.state <> 'ended')"
            " AND NOT EXISTS (SELECT FROM outbox o WHERE o.incident_id = i.id AND o.kind <> 'command'"
            "                 AND o.state IN ('pending', 'sending', 'unknown'))",
            list(self.ended),
        )
        for row in through:
            victim = self.incidents[row["id"]]
            told = self.longest_away_s > ALARMED_AFTER_S
            faults = faults_of(self.world, row["id"], victim, may_be_told=told)
            if UNANSWERED in [fault.partition(" (")[0] for fault in faults] and self.never_asked(victim):
                self.unasked += 1
                faults = [fault for fault in faults if not fault.startswith(UNANSWERED)]
            self.unlike += [f"{victim}: {fault}" for fault in faults]
            if self.world.state(row["id"]).phase is not Phase.CLOSED:
                self.world.tell(row["id"], lambda at: Close(at, "akiko", Outcome.ACCIDENT))
            self.ended.add(row["id"])

    def never_asked(self, victim: Victim) -> bool:
        """Whether the carrier got no words of ours for this driver, who then neither pressed nor said anything."""
        stories = [one for one in self.carrier.sim("calls?short=1") if one["to"] == victim.driver_phone]
        return bool(stories) and not any(one["pressed"] or one["words"] for one in stories)

    def unsettled(self) -> dict[str, int]:
        """What is still to come."""
        return self.world.one(
            "SELECT (SELECT count(*) FROM timers) AS timers,"
            " (SELECT count(*) FROM outbox WHERE kind <> 'command' AND state IN ('pending', 'sending', 'unknown'))"
            " AS effects,"
            " (SELECT count(*) FROM calls WHERE state <> 'ended') AS calls"
        )

    def settle(self, within_s: float) -> None:
        """Wait until nothing is still to come."""
        ends_at = time.monotonic() + within_s
        while any((left := self.unsettled()).values()) or len(self.ended) < len(self.incidents):
            self.close_ended()
            assert time.monotonic() < ends_at, (left, self.leftovers())
            time.sleep(0.2)

    def leftovers(self) -> list[dict[str, Any]]:
        """What has not come, for people."""
        return self.world.rows(
            "SELECT t.name, clock_timestamp() - t.due_at AS late, i.device_id, i.phase, i.state -> 'rule' AS rule,"
            " i.generation, i.answer, clock_timestamp() - i.opened_at AS age FROM timers t"
            " JOIN incidents i ON i.id = t.incident_id WHERE t.name ~ '^(step|giveup)'"
        ) + self.world.rows(
            "SELECT o.id, o.kind, o.state, o.attempts, o.error, c.state AS call, c.party, c.attempt"
            " FROM outbox o FULL JOIN calls c USING (id)"
            " WHERE o.kind <> 'command' AND o.state IN ('pending', 'sending', 'unknown') OR c.state <> 'ended'"
        )


@contextmanager
def crash_site(
    database_url: str, broker: Broker, cars: Sequence[Victim], *, seed: int, nasty: dict[str, float] = NASTY
) -> Generator[Site]:
    """The cars insured, and two engines, the API and the carrier at work for them."""
    people = {victim.driver_phone: victim.temperament for victim in cars}
    people |= {victim.contact_phone: victim.contact for victim in cars}
    config = {
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "time_scale": SCALE,
        "calls_per_s": 100,
        "people": people,
        "nasty": nasty | {"seed": seed},
    }
    with (
        short_folder() as folder,
        carrier(folder, **config) as process,
        insured_world(database_url, time_scale=SCALE) as world,
        Supervisor(folder) as supervisor,
    ):
        settings = Settings.unconfigured(
            database_url=SecretStr(database_url),
            mqtt_url=SecretStr(broker.url),
            api_port=free_port(),
            secret_key=SecretStr("secret"),
            admin_token=SecretStr("admin"),
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=SecretStr(AUTH_TOKEN),
            twilio_base_url=process.url,
            twilio_timeout_s=TIMEOUT_S,
            calls_per_s=10.0,
            time_scale=SCALE,
        )
        env = environment(settings)
        supervisor.start(*(role(name, "incident", env=env) for name in ENGINES), role(API, "api", env=env))
        for victim in cars:
            world.insure(victim.device, driver=victim.driver_phone, contact=victim.contact_phone)
        for number in range(3):
            world.unit(f"guard-{number}", km_north=1.0 + number)
        supervisor.wait_ready(timeout_s=120)
        try:
            yield Site(world, process, supervisor, Random(seed))
        finally:
            world.conn.close()  # it may be another one than at first


@dataclass(frozen=True)
class Verdict:
    """What a run came to."""

    incidents: int
    kills: dict[str, int]
    calls: int
    doubled: int
    marked: int
    unasked: int
    longest_away_s: float
    skipped: int
    """Texts that were not sent because nobody was there for so long."""
    unlike: list[str]


def judge(site: Site) -> Verdict:
    """Compare what stands with what should: every incident, every call and every text, both ways."""
    unlike = list(site.unlike)
    stories = site.carrier.sim("calls?short=1")
    rows = {str(row["id"]): row for row in site.world.rows("SELECT * FROM calls")}
    placed = Counter(_call_id(story) for story in stories)
    for story in stories:
        row = rows.get(_call_id(story))
        if row is None or row["number"] != story["to"]:
            unlike.append(f"the carrier made a call that nobody here asked for: {story}")
        elif row["sid"] != story["sid"] and not row["possible_duplicate"]:
            unlike.append(f"a doubled call without a mark: {story}")
    known = {story["sid"] for story in stories}
    for row in rows.values():
        if row["end_status"] == "withdrawn" and row["sid"] is None:
            if placed[str(row["id"])]:
                unlike.append(f"made although it was withdrawn: {row}")
        elif row["sid"] not in known:
            unlike.append(f"a call that never reached the carrier: {row}")
    texts = {story["sid"] for story in site.carrier.sim("messages")}
    ours = {row["sid"] for row in site.world.rows("SELECT sid FROM messages WHERE channel = 'sms'")}
    if texts != ours:
        unlike.append(f"texts: {len(texts - ours)} only at the carrier, {len(ours - texts)} only here")
    skipped = "SELECT count(*) AS n FROM incident_events WHERE kind = 'skipped_late'"
    overdue = "SELECT name FROM timers WHERE due_at < clock_timestamp() - interval '30 seconds'"
    unlike += [f"a timer is overdue: {row['name']}" for row in site.world.rows(overdue)]
    return Verdict(
        incidents=len(site.incidents),
        kills=dict(site.kills),
        calls=len(stories),
        doubled=sum(many - 1 for many in placed.values()),
        marked=sum(row["possible_duplicate"] for row in rows.values()),
        unasked=site.unasked,
        longest_away_s=round(site.longest_away_s, 1),
        skipped=site.world.one(skipped)["n"],
        unlike=unlike,
    )


def _call_id(story: dict[str, Any]) -> str:
    return str(story["url"]).partition("#")[0].rpartition("/")[2]


def faults_of(world: Insured, incident_id: UUID, victim: Victim, *, may_be_told: bool) -> list[str]:
    """What is not as it should be with one incident, once all is settled.

    `may_be_told`: nobody was there for so long that the auditor has to tell of it, and to call people.
    """
    row = world.one("SELECT phase, answer, outcome, state FROM incidents WHERE id = %s", incident_id)
    events = Counter(world.events(incident_id))
    calls = Counter(
        one["party"] for one in world.rows("SELECT party FROM calls WHERE incident_id = %s", incident_id)
    )
    tasks = set(row["state"]["tasks"])
    found: list[str] = []

    def expect(what: str, *, holds: bool) -> None:
        if not holds:
            found.append(f"{what} ({row['phase']}, {row['answer']}, {tasks}, {dict(calls)}, {dict(events)})")

    expect("opened once", holds=events["opened"] == 1)
    forgotten = world.rows(
        "SELECT at, data ->> 'reason' AS why FROM incident_events WHERE incident_id = %s AND kind = 'auditor_alarm'",
        incident_id,
    )
    why = [one["why"] for one in forgotten]
    expect(f"never forgotten: {why}", holds=not why or (may_be_told and set(why) == {"timer_stuck"}))
    if victim.severity is Severity.LIGHT:
        expect("a text, and a place on the list", holds=row["phase"] == "reaching" and "call_back" in tasks)
        expect("nobody rung", holds=not calls)
        texts = "SELECT channel FROM messages WHERE incident_id = %s ORDER BY channel"
        channels = [one["channel"] for one in world.rows(texts, incident_id)]
        # The written rule: words about a moment that is long past are not sent any more.
        skipped = events["skipped_late"]
        expect("one push, one text", holds=channels == ["push", "sms"] or len(channels) + skipped == 2)
        return found
    grave = victim.severity is not Severity.MODERATE
    wanted = DRIVERS[victim.temperament]
    expect("rung, and at most twice", holds=1 <= calls["driver"] <= 2)
    expect("at most one contact", holds=calls["contact"] <= 1)
    match row["answer"]:
        case None:
            expect(UNANSWERED, holds=wanted == NOBODY)
            expect("the whole ladder", holds=calls == {"driver": 2, "contact": 1})
            expect("a person called", holds="take" in tasks)
            expect("help sought", holds=events["dispatch_requested"] >= 1)
            expect("an ambulance asked for", holds=bool(events["ambulance_needed"]) is grave)
        case "fine":
            expect("they said so", holds=wanted == FINE)
            if grave:
                expect("somebody rings back", holds=row["phase"] == "settling" and "call_back" in tasks)
            else:
                expect("over", holds=(row["phase"], row["outcome"]) == ("closed", "driver_fine"))
        case "help":
            expect("they said so", holds=wanted == HELP)
            expect("helped", holds=row["phase"] == "helping" and events["dispatch_requested"] >= 1)
        case other:
            expect(f"nobody says {other}", holds=False)
    return found
