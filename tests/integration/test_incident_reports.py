"""Presses and impacts come in: an incident opens or is joined, with place and contract filled in."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from support.insured import SCENE, Insured, in_background, insured_world, wait_until_blocked

from incident.escalation.commands import Close
from incident.escalation.events import Answered, DispatchMoved, Joined
from incident.escalation.state import Task
from incident.record.lights import queue_receipt
from incident.service import Report, UnknownIncident
from runtime.database import Connection
from schemas.impact import Position, Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase, Trigger


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def incident(world: Insured, incident_id: UUID) -> dict[str, object]:
    return world.one("SELECT * FROM incidents WHERE id = %s", incident_id)


def close(at: datetime) -> Close:
    return Close(at, "akiko", Outcome.ACCIDENT)


def test_an_incident_opens_with_contract_place_and_plan(world: Insured) -> None:
    world.insure()
    incident_id = world.report()
    row = incident(world, incident_id)
    assert (row["phase"], row["severity"], row["trigger"]) == ("reaching", "severe", "impact")
    assert (row["lat_deg"], row["lon_deg"]) == (SCENE.lat_deg, SCENE.lon_deg)
    assert row["policy_id"] == "P-car-0001"
    assert row["flags"] == []
    assert {timer["name"] for timer in world.rows("SELECT name FROM timers")} == {
        "giveup:driver:1",
        "remind",
        *(f"step:0:{step}" for step in range(3, 8)),
    }
    assert {(row["kind"], row["state"]) for row in world.rows("SELECT kind, state FROM outbox")} == {
        ("push", "pending"),
        ("call", "pending"),
        ("command", "pending"),
    }
    assert world.events(incident_id)[0] == "opened"


def test_many_at_once_make_one_incident_per_device(world: Insured) -> None:
    devices = [world.insure(f"car-000{n}") for n in range(2)]
    started = Barrier(8)

    def report(n: int) -> UUID:
        with world.connection() as conn:
            started.wait()
            return world.report(devices[n % 2], [None, Severity.MODERATE, Severity.LIGHT][n % 3], conn=conn)

    with ThreadPoolExecutor(8) as threads:
        filed = list(threads.map(report, range(8)))
    for n, device in enumerate(devices):
        (opened,) = world.rows("SELECT id FROM incidents WHERE device_id = %s", device)
        assert {filed[k] for k in range(n, 8, 2)} == {opened["id"]}
        kinds = [kind for kind in world.events(opened["id"]) if kind == "opened" or kind.endswith("_joined")]
        assert kinds[0] == "opened"
        assert len(kinds) == 4
    assert world.one("SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'")["n"] == 0


def test_a_second_device_of_the_same_holder_has_its_own(world: Insured) -> None:
    assert world.report(world.insure("car-0001")) != world.report(world.insure("car-0002"))


def test_a_heavier_one_raises_and_a_lighter_one_only_joins(world: Insured) -> None:
    world.insure()
    incident_id = world.report(severity=Severity.LIGHT)
    assert world.report(severity=Severity.SEVERE) == incident_id
    assert world.report(severity=Severity.MODERATE) == incident_id
    assert (world.state(incident_id).rule, world.state(incident_id).generation) == ("severe", 1)
    assert incident(world, incident_id)["severity"] == "severe"
    assert world.events(incident_id).count("impact_joined") == 2


def test_a_report_that_meets_an_incident_being_closed_opens_a_new_one(world: Insured) -> None:
    """Nobody's press may vanish in an incident that ends in the same moment."""
    world.insure()
    first = world.report()
    with world.connection() as closing:
        world.incidents.handle(closing, first, close, actor="test")

        def press() -> UUID:
            with world.connection() as conn:
                return world.report(severity=None, conn=conn)

        with in_background(press) as pressed:
            wait_until_blocked(world)
            closing.commit()
            second = pressed.result(10)
    assert second != first
    assert world.state(second).phase is Phase.REACHING
    assert world.events(second)[0] == "opened"


def test_after_closing_a_new_one_opens(world: Insured) -> None:
    world.insure()
    first = world.report()
    world.tell(first, close)
    assert incident(world, first)["closed_at"] is not None
    assert world.report() != first


def test_without_a_policy_it_still_opens(world: Insured) -> None:
    world.conn.execute("INSERT INTO devices VALUES ('car-9999', '00', NULL)")
    row = incident(world, world.report("car-9999"))
    assert row["flags"] == ["no_policy"]
    assert row["phase"] == "reaching"
    # There is nobody to call; the plan goes on to people.
    assert world.rows("SELECT * FROM calls") == []
    assert Task.TAKE in world.state(row["id"]).tasks  # pyright: ignore[reportArgumentType] a UUID


@pytest.mark.parametrize(
    ("valid", "flags"),
    [
        ((date(2026, 11, 24), date(2027, 11, 24)), []),
        ((date(2025, 11, 24), date(2026, 11, 24)), []),
        ((date(2025, 11, 23), date(2026, 11, 23)), ["policy_lapsed"]),
        ((date(2026, 11, 25), date(2027, 11, 25)), ["policy_lapsed"]),
    ],
)
def test_a_policy_is_valid_by_the_day_in_japan(
    world: Insured, monkeypatch: pytest.MonkeyPatch, valid: tuple[date, date], flags: list[str]
) -> None:
    # Half past midnight on the 24th in Japan, still the 23rd in UTC.
    def now(_: Connection) -> datetime:
        return datetime(2026, 11, 23, 15, 30, tzinfo=UTC)

    monkeypatch.setattr("incident.service.now", now)
    world.insure(valid=valid)
    assert incident(world, world.report())["flags"] == flags


def test_the_place_is_the_last_one_heard_of(world: Insured) -> None:
    world.insure()
    now = datetime.now(UTC)
    world.fix("car-0001", now - timedelta(minutes=50), Position(35.0, 139.0))
    world.fix("car-0001", now - timedelta(minutes=20), Position(35.5, 139.5))
    world.fix("car-0001", now - timedelta(minutes=70), Position(36.0, 140.0))
    row = incident(world, world.report(position=None))
    assert (row["lat_deg"], row["lon_deg"], row["flags"]) == (35.5, 139.5, [])


def test_without_any_place_it_says_so_until_one_comes(world: Insured) -> None:
    world.insure()
    world.unit("guard-1")
    world.fix("car-0001", datetime.now(UTC) - timedelta(minutes=70))
    incident_id = world.report(position=None)
    assert incident(world, incident_id)["flags"] == ["no_position"]
    assert world.report(severity=Severity.LIGHT, position=SCENE) == incident_id
    row = incident(world, incident_id)
    assert (row["lat_deg"], row["flags"]) == (SCENE.lat_deg, [])
    # What is known stays: a later report from elsewhere does not move the incident.
    world.report(severity=Severity.LIGHT, position=Position(1.0, 2.0))
    assert incident(world, incident_id)["lat_deg"] == SCENE.lat_deg


def test_help_that_found_no_place_is_sent_once_there_is_one(world: Insured) -> None:
    world.insure()
    world.unit("guard-1")
    incident_id = world.report(position=None)
    state = world.tell(incident_id, lambda at: Answered(at, Answer.HELP, CallParty.DRIVER, "app"))
    assert state.dispatches == {DispatchKind.GUARD: DispatchState.FAILED}
    assert Task.NO_UNIT in state.tasks
    world.report(severity=Severity.LIGHT, position=SCENE)
    assert world.state(incident_id).dispatches == {DispatchKind.GUARD: DispatchState.OFFERED}
    assert world.one("SELECT unit_id FROM dispatches WHERE state = 'offered'")["unit_id"] == "guard-1"


def test_flags_of_reports_are_gathered(world: Insured) -> None:
    world.insure()
    now = datetime.now(UTC)
    first = Report(
        "car-0001", Trigger.SHORT_PRESS, None, now, late=True, position=SCENE, flags=("server_time",)
    )
    again = Report(
        "car-0001", Trigger.SHORT_PRESS, None, now, late=False, position=SCENE, flags=("no_stamp",)
    )
    for report in (first, again, again):
        with world.conn.transaction():
            filed = world.incidents.report(world.conn, report)
    assert incident(world, filed.incident_id)["flags"] == ["late", "no_stamp", "server_time"]
    assert world.state(filed.incident_id).rule == "late"


def test_an_incident_nobody_knows(world: Insured) -> None:
    with pytest.raises(UnknownIncident):
        world.tell(uuid4(), lambda at: Joined(at, Trigger.SHORT_PRESS, None))


# The device's light.


def lights(world: Insured) -> list[tuple[str, str]]:
    rows = world.rows(
        "SELECT payload, state FROM outbox WHERE kind = 'command' AND payload ? 'signal' ORDER BY created_at"
    )
    return [(row["payload"]["signal"]["light"], row["state"]) for row in rows]


def test_only_the_newest_light_is_sent(world: Insured) -> None:
    world.insure()
    world.unit("guard-1")
    incident_id = world.report()
    world.tell(incident_id, lambda at: Answered(at, Answer.HELP, CallParty.DRIVER, "app"))
    world.tell(
        incident_id, lambda at: DispatchMoved(at, DispatchKind.GUARD, DispatchState.ACCEPTED, "guard-1", at)
    )
    assert lights(world) == [("CONNECTED", "expired"), ("HELP_COMING", "pending")]
    world.tell(incident_id, close)
    assert lights(world)[-1] == ("ENDED", "pending")
    assert [state for _, state in lights(world)].count("pending") == 1


def test_a_device_that_comes_back_is_told_again(world: Insured) -> None:
    world.insure()
    world.report()
    world.conn.execute(
        "UPDATE outbox SET state = 'done', due_at = due_at + interval '1 hour' WHERE kind = 'command'"
    )
    with world.conn.transaction():
        world.incidents.device_online(world.conn, "car-0001")
    assert lights(world)[-1] == ("CONNECTED", "pending")
    assert world.one(
        "SELECT due_at <= clock_timestamp() AS due FROM outbox WHERE state = 'pending' AND kind = 'command'"
    )["due"]


def test_a_command_is_done_once_the_device_says_so(world: Insured) -> None:
    incident_id = world.report(world.insure())
    command = world.one("SELECT id FROM outbox WHERE kind = 'command'")["id"]
    for device, result, state in (
        ("car-0002", "DONE", "pending"),
        ("car-0001", "DONE", "done"),
        ("car-0001", "REFUSED", "done"),
    ):
        with world.conn.transaction():
            world.incidents.command_acknowledged(world.conn, device, str(command), result)
        assert world.one("SELECT state FROM outbox WHERE id = %s", command)["state"] == state
    assert world.events(incident_id).count("command_done") == 1
    with world.conn.transaction():
        world.incidents.command_acknowledged(world.conn, "car-0001", "no uuid", "DONE")
        world.incidents.command_acknowledged(world.conn, "car-0001", str(uuid4()), "DONE")


def test_each_time_a_device_asks_it_gets_a_receipt(world: Insured) -> None:
    incident_id = world.report(world.insure())
    for _ in range(2):
        queue_receipt(world.conn, "car-0001", -1, 7, incident_id)
    receipts = world.rows("SELECT id, state, payload FROM outbox WHERE payload ? 'receipt'")
    assert [row["state"] for row in receipts] == ["pending", "pending"]
    for row in receipts:
        assert row["payload"]["receipt"] == {
            "boot_id": str(2**64 - 1),
            "sequence": 7,
            "incident_id": str(incident_id),
        }
