"""Offers on the real database: side by side, at once, with a killed connection in between, and taken up again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from support.insured import SCENE, Insured, insured_world
from support.scene import DEFAULT_PLAN_TOML

from incident.dispatch import DispatchRefused
from incident.engine.engine import Engine
from incident.escalation.commands import SendHelp
from incident.escalation.events import Answered, RoadKnown
from incident.escalation.state import Task
from incident.field import units
from incident.field.units import OfferGone
from incident.plan import store as plans
from runtime import migrate
from runtime.database import connect
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, RoadKind

GUARD, ROADSIDE, TYRE = DispatchKind.GUARD, DispatchKind.ROADSIDE, DispatchKind.TYRE
ACCEPTED, DECLINED, EN_ROUTE, ON_SCENE = (
    DispatchState.ACCEPTED,
    DispatchState.DECLINED,
    DispatchState.EN_ROUTE,
    DispatchState.ON_SCENE,
)


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


@pytest.fixture
def wide(world: Insured) -> Insured:
    """Two units are asked at once."""
    plans.put(world.conn, DEFAULT_PLAN_TOML.replace("parallel = 1", "parallel = 2"))
    return world


def asks_help(at: datetime) -> Answered:
    return Answered(at, Answer.HELP, CallParty.DRIVER, "app")


def helped(world: Insured, device_id: str = "car-0001") -> UUID:
    incident_id = world.report(world.insure(device_id), Severity.MODERATE)
    world.tell(incident_id, asks_help)
    return incident_id


def dispatch(world: Insured, incident_id: UUID) -> dict[str, Any]:
    return world.one("SELECT * FROM dispatches WHERE incident_id = %s", incident_id)


def offers(world: Insured, incident_id: UUID) -> dict[str, str]:
    query = (
        "SELECT o.asked, o.state FROM dispatch_offers o JOIN dispatches d ON d.id = o.dispatch_id "
        "WHERE d.incident_id = %s"
    )
    return {row["asked"]: row["state"] for row in world.rows(query, incident_id)}


def says(world: Insured, unit_id: str, wanted: DispatchState, incident_id: UUID, **more: Any) -> None:
    dispatch_id = dispatch(world, incident_id)["id"]
    with world.conn.transaction():
        units.report(world.conn, world.incidents, unit_id, dispatch_id, wanted, **more)


def fire(world: Insured, incident_id: UUID, beginning: str) -> None:
    world.make_due(incident_id, beginning)
    Engine(world.incidents).step(world.conn)


def agree(world: Insured, incident_id: UUID) -> None:
    """The state that is decided upon and the rows say the same."""
    state, row, asked = world.state(incident_id), dispatch(world, incident_id), offers(world, incident_id)
    assert str(state.dispatches[GUARD]) == row["state"]
    assert set(state.offers.get(GUARD, ())) == {unit for unit, fate in asked.items() if fate == "open"}
    work = state.works.get(GUARD)
    assert [unit for unit, fate in asked.items() if fate == "accepted"] == ([work.unit_id] if work else [])
    assert row["unit_id"] == (work.unit_id if work else row["unit_id"])


def together(*works: Callable[[], object]) -> list[BaseException | None]:
    """Run all at the same time; what each raised."""
    started = threading.Barrier(len(works))
    raised: list[BaseException | None] = [None] * len(works)

    def run(number: int) -> None:
        try:
            started.wait()
            works[number]()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised[number] = error

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_of_two_who_are_asked_the_first_to_accept_has_it(wide: Insured) -> None:
    for km in (1, 2, 3):
        wide.unit(f"guard-{km}", km_north=km)
    incident_id = helped(wide)
    assert offers(wide, incident_id) == {"guard-1": "open", "guard-2": "open"}
    says(wide, "guard-2", ACCEPTED, incident_id, eta_s=300)
    assert offers(wide, incident_id) == {"guard-1": "taken", "guard-2": "accepted"}
    with pytest.raises(OfferGone) as gone:
        says(wide, "guard-1", ACCEPTED, incident_id)
    assert (gone.value.state, gone.value.fate) == (ACCEPTED, "taken")
    agree(wide, incident_id)
    # The one who was not needed is free for others.
    assert set(offers(wide, helped(wide, "car-0002"))) == {"guard-1", "guard-3"}


def test_who_declines_is_replaced_while_the_other_may_still_answer(wide: Insured) -> None:
    for km in (1, 2, 3):
        wide.unit(f"guard-{km}", km_north=km)
    incident_id = helped(wide)
    says(wide, "guard-1", DECLINED, incident_id, reason="給油中")
    assert offers(wide, incident_id) == {"guard-1": "declined", "guard-2": "open", "guard-3": "open"}
    agree(wide, incident_id)
    says(wide, "guard-2", DECLINED, incident_id)
    says(wide, "guard-2", DECLINED, incident_id)  # said twice
    assert dispatch(wide, incident_id)["state"] == "offered"
    fire(wide, incident_id, "offer:")
    assert dispatch(wide, incident_id)["state"] == "failed"
    assert Task.NO_UNIT in wide.state(incident_id).tasks
    agree(wide, incident_id)


def test_two_accepting_at_the_same_time(wide: Insured) -> None:
    for km in (1, 2):
        wide.unit(f"guard-{km}", km_north=km)
    for number in range(6):
        incident_id = helped(wide, f"car-{number:04}")
        dispatch_id = dispatch(wide, incident_id)["id"]

        def accept(unit_id: str, dispatch_id: UUID = dispatch_id) -> Callable[[], None]:
            def work() -> None:
                with wide.connection() as conn:
                    units.report(conn, wide.incidents, unit_id, dispatch_id, ACCEPTED, eta_s=60)

            return work

        raised = together(accept("guard-1"), accept("guard-2"))
        assert sorted(type(error).__name__ for error in raised) == ["NoneType", "OfferGone"]
        assert sorted(offers(wide, incident_id).values()) == ["accepted", "taken"]
        agree(wide, incident_id)
        winner = dispatch(wide, incident_id)["unit_id"]
        says(wide, winner, ON_SCENE, incident_id)
        says(wide, winner, DispatchState.COMPLETED, incident_id, words="done")


def test_an_answer_whose_connection_dies_before_the_commit_was_never_given(world: Insured) -> None:
    for km in (1, 2):
        world.unit(f"guard-{km}", km_north=km)
    incident_id = helped(world)
    dispatch_id = dispatch(world, incident_id)["id"]

    def accept_and_die() -> None:
        with connect(world.url, name="doomed", autocommit=True) as doomed, doomed.transaction():
            units.report(doomed, world.incidents, "guard-1", dispatch_id, ACCEPTED, eta_s=60)
            world.conn.execute("SELECT pg_terminate_backend(%s)", [doomed.info.backend_pid])

    with pytest.raises(psycopg.OperationalError):
        accept_and_die()
    assert offers(world, incident_id) == {"guard-1": "open"}
    agree(world, incident_id)
    fire(world, incident_id, "offer:")
    assert offers(world, incident_id) == {"guard-1": "expired", "guard-2": "open"}
    says(world, "guard-2", ACCEPTED, incident_id, eta_s=60)
    agree(world, incident_id)


def test_a_late_unit_and_the_one_asked_instead(world: Insured) -> None:
    for km in (1, 2):
        world.unit(f"guard-{km}", km_north=km)
    for number, first in enumerate(["guard-2 accepts", "guard-1 arrives"]):
        incident_id = helped(world, f"car-{number:04}")
        says(world, "guard-1", ACCEPTED, incident_id, eta_s=0)
        says(world, "guard-1", EN_ROUTE, incident_id)
        late_by(world, incident_id, seconds=700)
        fire(world, incident_id, "late:")
        fire(world, incident_id, "late:")
        assert offers(world, incident_id) == {"guard-1": "accepted", "guard-2": "open"}
        assert dispatch(world, incident_id)["unit_id"] == "guard-1"
        agree(world, incident_id)
        if first == "guard-2 accepts":
            says(world, "guard-2", ACCEPTED, incident_id, eta_s=60)
            with pytest.raises(OfferGone):
                says(world, "guard-1", ON_SCENE, incident_id)
            assert dispatch(world, incident_id)["unit_id"] == "guard-2"
            says(world, "guard-2", ON_SCENE, incident_id)
        else:
            says(world, "guard-1", ON_SCENE, incident_id)
            with pytest.raises(OfferGone):
                says(world, "guard-2", ACCEPTED, incident_id)
            assert dispatch(world, incident_id)["unit_id"] == "guard-1"
        agree(world, incident_id)
        says(
            world, dispatch(world, incident_id)["unit_id"], DispatchState.COMPLETED, incident_id, words="done"
        )
        messages = world.rows(
            "SELECT body FROM messages WHERE template = 'help_late' AND incident_id = %s", incident_id
        )
        assert len(messages) == 2
        assert all("遅れています" in message["body"] for message in messages)


def late_by(world: Insured, incident_id: UUID, *, seconds: float) -> None:
    """As if the promise had been made earlier."""
    world.conn.execute(
        "UPDATE incidents SET state = jsonb_set(state, '{works,guard,eta_at}', to_jsonb(to_char("
        "(clock_timestamp() - %(by)s) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))) WHERE id = %(id)s",
        {"by": timedelta(seconds=seconds), "id": incident_id},
    )


def test_a_new_time_of_arrival_withdraws_the_offer_beside_it(world: Insured) -> None:
    for km in (1, 2):
        world.unit(f"guard-{km}", km_north=km)
    incident_id = helped(world)
    says(world, "guard-1", ACCEPTED, incident_id, eta_s=0)
    late_by(world, incident_id, seconds=700)
    fire(world, incident_id, "late:")
    fire(world, incident_id, "late:")
    with world.conn.transaction():
        units.expect(world.conn, world.incidents, "guard-1", dispatch(world, incident_id)["id"], 300)
    assert offers(world, incident_id) == {"guard-1": "accepted", "guard-2": "withdrawn"}
    agree(world, incident_id)
    # Late once more, the same one may be asked again.
    late_by(world, incident_id, seconds=700)
    fire(world, incident_id, "late:")
    fire(world, incident_id, "late:")
    assert offers(world, incident_id) == {"guard-1": "accepted", "guard-2": "open"}
    agree(world, incident_id)


def test_who_never_sets_off_is_reminded_and_loses_the_work(world: Insured) -> None:
    for km in (1, 2):
        world.unit(f"guard-{km}", km_north=km)
    incident_id = helped(world)
    says(world, "guard-1", ACCEPTED, incident_id, eta_s=600)

    def overdue() -> None:
        world.conn.execute(
            "UPDATE incidents SET state = jsonb_set(state, '{works,guard,depart_by}', '\"2026-01-01T00:00:00Z\"') "
            "WHERE id = %s",
            [incident_id],
        )
        fire(world, incident_id, "depart:")

    overdue()
    assert dispatch(world, incident_id)["reminder"] == "depart"
    overdue()
    assert offers(world, incident_id) == {"guard-1": "stood_down", "guard-2": "open"}
    agree(world, incident_id)
    with pytest.raises(OfferGone):
        says(world, "guard-1", EN_ROUTE, incident_id)


def test_an_incident_that_found_nobody_is_taken_up_when_a_unit_comes_on_shift(world: Insured) -> None:
    world.unit("guard-1")
    world.unit("guard-2", km_north=2, on_shift=False)
    incident_id = helped(world)
    says(world, "guard-1", DECLINED, incident_id)
    assert dispatch(world, incident_id)["state"] == "failed"
    fire(world, incident_id, "search:")
    assert dispatch(world, incident_id)["state"] == "failed"  # who declined is not asked again by itself
    with world.conn.transaction():
        world.conn.execute("UPDATE units SET on_shift = true WHERE id = 'guard-2'")
        units.release_searches(world.conn)
    Engine(world.incidents).step(world.conn)
    assert offers(world, incident_id) == {"guard-1": "declined", "guard-2": "open"}
    agree(world, incident_id)


def test_a_unit_that_becomes_free_hurries_whoever_found_nobody(world: Insured) -> None:
    world.unit("guard-1")
    busy, waiting = helped(world, "car-0001"), helped(world, "car-0002")
    assert dispatch(world, waiting)["state"] == "failed"
    says(world, "guard-1", ACCEPTED, busy)
    says(world, "guard-1", ON_SCENE, busy)
    says(world, "guard-1", DispatchState.COMPLETED, busy, words="done")
    Engine(world.incidents).step(world.conn)
    assert offers(world, waiting) == {"guard-1": "open"}


def test_an_offer_that_runs_out_frees_the_unit_for_whoever_found_nobody(world: Insured) -> None:
    world.unit("guard-1")
    first, waiting = helped(world, "car-0001"), helped(world, "car-0002")
    fire(world, first, "offer:")
    Engine(world.incidents).step(world.conn)
    assert offers(world, waiting) == {"guard-1": "open"}
    assert offers(world, first) == {"guard-1": "expired"}


def test_the_reasons_are_kept(world: Insured) -> None:
    world.unit("asked", km_north=2)
    world.unit("slower", km_north=9)
    world.unit("off", km_north=1, on_shift=False)
    world.unit("tow", "tow", km_north=1)
    world.unit("far", km_north=60)
    world.unit("elsewhere", km_north=900)
    (search,) = dispatch(world, helped(world))["searches"]
    assert [entry["unit"] for entry in search["asked"]] == ["asked"]
    assert {entry["unit"]: entry["reason"] for entry in search["passed_over"]} == {
        "slower": "slower",
        "off": "off_shift",
        "tow": "wrong_skill",
        "far": "too_far",
    }


def test_outside_its_shift_a_unit_is_not_asked(world: Insured) -> None:
    world.unit("guard-1")
    now = world.one("SELECT (now() AT TIME ZONE 'Asia/Tokyo')::time AS t")["t"]
    begins = (now.hour + 1) % 24
    world.conn.execute(
        "UPDATE units SET shift_from = make_time(%s, 0, 0), shift_to = make_time(%s, 30, 0)", [begins, begins]
    )
    assert dispatch(world, helped(world))["state"] == "failed"
    world.conn.execute(
        "UPDATE units SET shift_from = make_time(%s, 30, 0), shift_to = make_time(%s, 0, 0)", [begins, begins]
    )
    assert dispatch(world, helped(world, "car-0002"))["state"] == "offered"


def test_a_tow_truck_serves_trouble_of_a_kind_not_known_yet(world: Insured) -> None:
    world.unit("truck", "tow")
    world.unit("van", "roadside", km_north=5)
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", ROADSIDE))
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", TYRE))
    rows = world.rows("SELECT kind, unit_id FROM dispatches ORDER BY kind")
    assert [(row["kind"], row["unit_id"]) for row in rows] == [("roadside", "truck"), ("tyre", "van")]


def test_no_guard_goes_to_an_expressway_unless_an_operator_sends_it(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    says(world, "guard-1", DECLINED, incident_id)
    world.tell(incident_id, lambda at: RoadKnown(at, RoadKind.EXPRESSWAY))
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", GUARD))
    rows = world.rows("SELECT state, sent_by FROM dispatches ORDER BY requested_at")
    assert [(row["state"], row["sent_by"]) for row in rows] == [("failed", None), ("offered", "akiko")]


def test_a_place_that_is_only_known_later_and_is_an_expressway_brings_no_guard_there(world: Insured) -> None:
    """Nobody could be sent to an unknown place. The car's own speed says what road it is on."""
    incident_id = world.report(world.insure(), position=None)
    world.make_due(incident_id, "step:0:4")
    Engine(world.incidents).step(world.conn)
    assert dispatch(world, incident_id)["state"] == "failed"
    world.unit("guard-1")
    now = world.one("SELECT clock_timestamp() AS now")["now"]
    for ago_s in range(10):
        world.fix("car-0001", now - timedelta(seconds=ago_s), speed_mps=30.0)
    with world.conn.transaction():
        world.incidents.place(world.conn, "car-0001", SCENE, now)
    state = world.state(incident_id)
    assert state.rule == "severe_expressway"
    assert not world.rows("SELECT asked FROM dispatch_offers")
    assert Task.NO_UNIT in state.tasks


def test_a_guard_who_was_asked_before_the_road_was_known_hears_that_nobody_is_needed(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    world.tell(incident_id, lambda at: RoadKnown(at, RoadKind.EXPRESSWAY))
    assert world.one("SELECT state FROM dispatch_offers")["state"] == "withdrawn"
    with pytest.raises(OfferGone):
        says(world, "guard-1", ACCEPTED, incident_id)
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", GUARD))
    assert [
        row["sent_by"] for row in world.rows("SELECT sent_by FROM dispatches WHERE state = 'offered'")
    ] == ["akiko"]


def test_the_database_itself_holds_one_engagement_per_unit_and_one_unit_per_dispatch(world: Insured) -> None:
    world.unit("guard-1", km_north=1)
    world.unit("guard-2", km_north=2)
    first, second = helped(world, "car-0001"), helped(world, "car-0002")
    says(world, "guard-1", ACCEPTED, first)
    world.unit("guard-3", km_north=3)
    insert = (
        "INSERT INTO dispatch_offers (dispatch_id, unit_id, state, offered_at, expires_at) "
        "VALUES (%s, %s, %s, now(), now())"
    )
    for incident_id, unit_id, state in ((second, "guard-1", "open"), (first, "guard-3", "accepted")):
        with pytest.raises(psycopg.errors.UniqueViolation):
            world.conn.execute(insert, [dispatch(world, incident_id)["id"], unit_id, state])


def test_a_report_does_not_fit_an_offer_that_is_still_open(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    with pytest.raises(DispatchRefused, match="the dispatch is offered"):
        says(world, "guard-1", ON_SCENE, incident_id)
    with pytest.raises(OfferGone), world.conn.transaction():
        units.expect(world.conn, world.incidents, "guard-1", dispatch(world, incident_id)["id"], 60)


def test_what_was_there_before_is_carried_over(databases: Any) -> None:
    every = migrate.available()
    with databases.empty() as url:
        migrate.apply(url, [each for each in every if each.number <= 9])
        with connect(url, name="test", autocommit=True) as conn:
            conn.execute(
                "INSERT INTO units (id, kind, name, lat_deg, lon_deg) VALUES ('gua-1', 'guard', 'g', 35, 139), "
                "('roa-1', 'roadside', 'r', 35, 139)"
            )
            conn.execute("INSERT INTO escalation_plans (sha256, toml) VALUES ('x', 'x')")
            conn.execute(
                "INSERT INTO incidents (id, plan_version, trigger, phase, occurred_at, opened_at, state) "
                "VALUES (gen_random_uuid(), 1, 'long_press', 'helping', now(), now(), '{}')"
            )
            conn.execute(
                "INSERT INTO dispatches (incident_id, kind, state, unit_id, tried, requested_at, offered_at) "
                "SELECT id, 'guard', 'offered', 'gua-1', ARRAY['roa-1', 'gua-1'], now(), now() FROM incidents"
            )
        migrate.apply(url, every)
        with connect(url, name="test", autocommit=True) as conn:
            found = conn.execute("SELECT id, skills, base_lat_deg FROM units ORDER BY id").fetchall()
            assert [(row["id"], row["skills"], row["base_lat_deg"]) for row in found] == [
                ("gua-1", ["guard"], 35),
                ("roa-1", ["roadside"], 35),
            ]
            asked = conn.execute("SELECT asked, state FROM dispatch_offers ORDER BY asked").fetchall()
            assert [(row["asked"], row["state"]) for row in asked] == [
                ("gua-1", "open"),
                ("roa-1", "expired"),
            ]


def test_an_operator_may_choose_the_unit_and_who_comes_after_it_is_the_soonest_again(world: Insured) -> None:
    world.unit("near", km_north=1)
    world.unit("chosen", km_north=20)
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", GUARD, "chosen"))
    assert [row["asked"] for row in world.rows("SELECT asked FROM dispatch_offers")] == ["chosen"]
    says(world, "chosen", DECLINED, incident_id)
    assert {row["asked"] for row in world.rows("SELECT asked FROM dispatch_offers")} == {"chosen", "near"}


def test_a_chosen_unit_that_may_not_come_leaves_the_choice_to_the_system(world: Insured) -> None:
    world.unit("near", km_north=1)
    world.unit("truck", "tow", km_north=1)
    incident_id = world.report(world.insure(), Severity.MODERATE)
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", GUARD, "truck"))
    assert [row["asked"] for row in world.rows("SELECT asked FROM dispatch_offers")] == ["near"]
