"""Units in the field: the nearest free one is asked, then the next; never two incidents the same one."""

from __future__ import annotations

import threading
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from support.insured import Insured, insured_world
from support.outbox import drain
from support.scene import Happening
from support.small_carrier import small_carrier

from incident import wording
from incident.dispatch import DispatchRefused
from incident.engine.engine import Engine
from incident.escalation.commands import AnswerFor, Close, SendHelp, StopHelp
from incident.escalation.events import Answered
from incident.escalation.state import Task
from incident.field import units
from incident.field.units import NotYours
from incident.service import Incidents
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome

GUARD, ROADSIDE = DispatchKind.GUARD, DispatchKind.ROADSIDE
ACCEPTED, DECLINED, EN_ROUTE, ON_SCENE, SECURED, COMPLETED = (
    DispatchState.ACCEPTED,
    DispatchState.DECLINED,
    DispatchState.EN_ROUTE,
    DispatchState.ON_SCENE,
    DispatchState.SECURED,
    DispatchState.COMPLETED,
)


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def asks_help(at: datetime) -> Answered:
    return Answered(at, Answer.HELP, CallParty.DRIVER, "app")


def is_fine(at: datetime) -> AnswerFor:
    return AnswerFor(at, "akiko", Answer.FINE)


def closes(at: datetime) -> Close:
    return Close(at, "akiko", Outcome.ACCIDENT)


def helped(world: Insured, device_id: str = "car-0001") -> UUID:
    """A moderate incident whose driver asked for help."""
    incident_id = world.report(world.insure(device_id), Severity.MODERATE)
    world.tell(incident_id, asks_help)
    return incident_id


def dispatch(world: Insured, incident_id: UUID) -> dict[str, Any]:
    return world.one("SELECT * FROM dispatches WHERE incident_id = %s", incident_id)


def tried(world: Insured, row: dict[str, Any]) -> list[str]:
    """Who was asked, in order."""
    query = "SELECT asked FROM dispatch_offers WHERE dispatch_id = %s ORDER BY offered_at"
    return [offer["asked"] for offer in world.rows(query, row["id"])]


def says(world: Insured, unit_id: str, wanted: DispatchState, incident_id: UUID, **more: Any) -> None:
    dispatch_id = dispatch(world, incident_id)["id"]
    with world.conn.transaction():
        units.report(world.conn, world.incidents, unit_id, dispatch_id, wanted, **more)


def let_offer_run_out(world: Insured, incident_id: UUID) -> None:
    world.make_due(incident_id, "offer:")
    Engine(world.incidents).step(world.conn)


def test_the_nearest_free_unit_of_the_kind_is_asked(world: Insured) -> None:
    world.unit("far", km_north=30)
    world.unit("near", km_north=3)
    world.unit("nearest-but-off", km_north=1, on_shift=False)
    world.unit("nearest-but-tow", "roadside", km_north=1)
    row = dispatch(world, helped(world))
    assert (row["state"], row["unit_id"], tried(world, row), row["kind"]) == (
        "offered",
        "near",
        ["near"],
        "guard",
    )


def test_a_unit_that_works_is_not_asked(world: Insured) -> None:
    world.unit("near", km_north=3)
    world.unit("far", km_north=30)
    first, second = helped(world, "car-0001"), helped(world, "car-0002")
    assert dispatch(world, first)["unit_id"] == "near"
    assert dispatch(world, second)["unit_id"] == "far"
    says(world, "near", ACCEPTED, first)
    third = helped(world, "car-0003")
    assert dispatch(world, third)["state"] == "failed"
    says(world, "near", ON_SCENE, first)
    says(world, "near", COMPLETED, first)
    assert dispatch(world, helped(world, "car-0004"))["unit_id"] == "near"


def test_who_declines_is_followed_by_the_next_nearest(world: Insured) -> None:
    for km in (1, 2, 3):
        world.unit(f"guard-{km}", km_north=km)
    incident_id = helped(world)
    says(world, "guard-1", DECLINED, incident_id)
    assert (dispatch(world, incident_id)["state"], dispatch(world, incident_id)["unit_id"]) == (
        "offered",
        "guard-2",
    )
    let_offer_run_out(world, incident_id)
    assert (dispatch(world, incident_id)["state"], dispatch(world, incident_id)["unit_id"]) == (
        "offered",
        "guard-3",
    )
    assert tried(world, dispatch(world, incident_id)) == ["guard-1", "guard-2", "guard-3"]
    says(world, "guard-3", ACCEPTED, incident_id, eta_s=600)
    row = dispatch(world, incident_id)
    assert (row["state"], row["eta_at"] - row["accepted_at"]) == ("accepted", timedelta(seconds=600))
    assert not world.rows("SELECT * FROM timers WHERE starts_with(name, 'offer:')")


def test_nobody_left_is_a_failure_and_a_task(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    let_offer_run_out(world, incident_id)
    row = dispatch(world, incident_id)
    assert (row["state"], row["ended_at"] is not None) == ("failed", True)
    state = world.state(incident_id)
    assert state.dispatches[GUARD] is DispatchState.FAILED
    assert Task.NO_UNIT in state.tasks


def test_a_unit_may_come_after_an_operator_sends_again(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    says(world, "guard-1", DECLINED, incident_id)
    world.tell(incident_id, lambda at: SendHelp(at, "akiko", GUARD))
    rows = world.rows("SELECT state, unit_id FROM dispatches ORDER BY requested_at")
    assert [(row["state"], row["unit_id"]) for row in rows] == [("failed", None), ("offered", "guard-1")]


def test_a_unit_that_accepted_and_cannot_come_is_replaced(world: Insured) -> None:
    world.unit("guard-1", km_north=1)
    world.unit("guard-2", km_north=2)
    incident_id = helped(world)
    says(world, "guard-1", ACCEPTED, incident_id)
    says(world, "guard-1", EN_ROUTE, incident_id)
    says(world, "guard-1", DECLINED, incident_id)
    row = dispatch(world, incident_id)
    assert (row["state"], row["unit_id"]) == ("offered", "guard-2")
    assert (row["accepted_at"], row["eta_at"], row["en_route_at"]) == (None, None, None)
    lights = world.rows("SELECT payload FROM outbox WHERE kind = 'command' ORDER BY created_at")
    assert [light["payload"]["signal"]["light"] for light in lights] == [
        "CONNECTED",
        "HELP_COMING",
        "CONNECTED",
    ]


def test_the_whole_way(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    for wanted in (ACCEPTED, EN_ROUTE, ON_SCENE, SECURED, COMPLETED):
        says(world, "guard-1", wanted, incident_id, words=f"{wanted}しました", reason="見渡しのよい駐車場")
    row = dispatch(world, incident_id)
    times = [
        row[f"{name}_at"]
        for name in ("requested", "offered", "accepted", "en_route", "on_scene", "secured", "ended")
    ]
    assert times == sorted(times)
    assert row["report"] == "completedしました"
    assert [kind for kind in world.events(incident_id) if kind.startswith("dispatch_")] == [
        f"dispatch_{name}"
        for name in ("requested", "offered", "accepted", "en_route", "on_scene", "secured", "completed")
    ]
    messages = world.rows(
        "SELECT channel, body FROM messages WHERE template = 'help_accepted' ORDER BY channel"
    )
    assert [row["channel"] for row in messages] == ["push", "sms"]
    assert all("隊 guard-1" in row["body"] for row in messages)


# What does not fit.


def test_a_report_that_does_not_fit_is_refused_and_changes_nothing(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    for wanted in (EN_ROUTE, ON_SCENE, SECURED, COMPLETED):
        with pytest.raises(DispatchRefused, match=f"the dispatch is offered, so it cannot become {wanted}"):
            says(world, "guard-1", wanted, incident_id)
    assert dispatch(world, incident_id)["state"] == "offered"
    says(world, "guard-1", ACCEPTED, incident_id)
    before = world.events(incident_id)
    says(world, "guard-1", ACCEPTED, incident_id)  # said twice
    assert world.events(incident_id) == before


def test_a_dispatch_called_off_is_told_to_its_unit(world: Insured) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    says(world, "guard-1", ACCEPTED, incident_id)
    world.tell(incident_id, lambda at: StopHelp(at, "akiko", GUARD))
    for wanted in (EN_ROUTE, ON_SCENE, DECLINED):
        with pytest.raises(DispatchRefused, match="the dispatch is stood_down"):
            says(world, "guard-1", wanted, incident_id)
    assert world.state(incident_id).dispatches[GUARD] is DispatchState.STOOD_DOWN


def test_an_offer_that_ran_out_is_no_longer_the_units(world: Insured) -> None:
    world.unit("guard-1", km_north=1)
    world.unit("guard-2", km_north=2)
    incident_id = helped(world)
    let_offer_run_out(world, incident_id)
    with pytest.raises(NotYours):
        says(world, "guard-1", ACCEPTED, incident_id)
    assert dispatch(world, incident_id)["unit_id"] == "guard-2"
    with pytest.raises(NotYours):
        says(world, "guard-3", ACCEPTED, incident_id)
    with pytest.raises(NotYours), world.conn.transaction():
        units.report(world.conn, world.incidents, "guard-1", uuid4(), ACCEPTED)


@pytest.mark.parametrize("ending", [is_fine, closes])
def test_fine_and_closing_free_the_unit(world: Insured, ending: Happening) -> None:
    world.unit("guard-1")
    incident_id = helped(world)
    says(world, "guard-1", ACCEPTED, incident_id)
    world.tell(incident_id, ending)
    assert dispatch(world, incident_id)["state"] == "stood_down"
    assert dispatch(world, helped(world, "car-0002"))["unit_id"] == "guard-1"


# At once.


def together(*works: Any) -> list[BaseException | None]:
    """Run all at the same time; what each raised."""
    started, raised = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int) -> None:
        try:
            started.wait()
            works[number]()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised[number] = error  # pyright: ignore[reportArgumentType, reportCallIssue] filled by the threads

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return list(raised)


def test_incidents_at_once_never_get_the_same_unit(world: Insured) -> None:
    for number in range(4):
        world.unit(f"guard-{number}", km_north=number + 1)
    incidents = [world.report(world.insure(f"car-{n:04}"), Severity.MODERATE) for n in range(6)]

    def ask(incident_id: UUID) -> Any:
        def work() -> None:
            with world.connection() as conn:
                Incidents(world.settings).handle(conn, incident_id, asks_help, actor="test")

        return work

    assert together(*(ask(incident_id) for incident_id in incidents)) == [None] * 6
    rows = world.rows("SELECT state, unit_id FROM dispatches")
    assert sorted(row["unit_id"] for row in rows if row["state"] == "offered") == [
        f"guard-{n}" for n in range(4)
    ]
    assert [row["state"] for row in rows].count("failed") == 2


def test_accepting_and_running_out_at_once_end_one_way(world: Insured) -> None:
    for km in (1, 2):
        world.unit(f"guard-{km}", km_north=km)
    for number in range(8):
        incident_id = helped(world, f"car-{number:04}")
        row = dispatch(world, incident_id)
        unit_id = row["unit_id"]
        world.make_due(incident_id, "offer:")

        def accept(unit_id: str = unit_id, dispatch_id: UUID = row["id"]) -> None:
            with world.connection() as conn:
                units.report(conn, world.incidents, unit_id, dispatch_id, ACCEPTED)

        def run_out() -> None:
            with world.connection(autocommit=True) as conn:
                Engine(world.incidents).step(conn)

        refused, failed = together(accept, run_out)
        assert failed is None
        after = dispatch(world, incident_id)
        state = world.state(incident_id)
        if refused is None:
            assert (after["state"], after["unit_id"]) == ("accepted", unit_id)
            assert state.dispatches[GUARD] is ACCEPTED
        else:
            assert isinstance(refused, (NotYours, DispatchRefused))
            assert after["unit_id"] != unit_id
        assert str(state.dispatches[GUARD]) == after["state"]
        world.tell(incident_id, closes)


def test_the_database_itself_holds_one_open_dispatch_per_unit_and_kind(world: Insured) -> None:
    world.unit("guard-1")
    first = helped(world, "car-0001")
    second = world.report(world.insure("car-0002"), Severity.MODERATE)
    insert = (
        "INSERT INTO dispatches (incident_id, kind, state, unit_id, requested_at) "
        "VALUES (%s, 'guard', 'offered', %s, now())"
    )
    for incident_id, unit_id in ((second, "guard-1"), (first, None)):
        with pytest.raises(psycopg.errors.UniqueViolation):
            world.conn.execute(insert, [incident_id, unit_id])


def test_news_of_one_unit_give_no_time_of_another(world: Insured) -> None:
    incident_id = world.report(world.insure())
    world.unit("G-1")
    world.unit("T-1", kind="tow")
    for kind in (GUARD, DispatchKind.TOW):
        world.tell(incident_id, lambda at, kind=kind: SendHelp(at, "akiko", kind))
    ids = {row["kind"]: row["id"] for row in world.rows("SELECT kind, id FROM dispatches")}
    with world.conn.transaction():
        units.report(world.conn, world.incidents, "G-1", ids["guard"], ACCEPTED, eta_s=600)
    with world.conn.transaction():
        units.report(world.conn, world.incidents, "T-1", ids["tow"], ACCEPTED, eta_s=7200)
    with world.conn.transaction():
        units.expect(world.conn, world.incidents, "G-1", ids["guard"], 1800)
    at = {
        row["kind"]: wording.clock_time(row["eta_at"])
        for row in world.rows("SELECT kind, eta_at FROM dispatches")
    }
    told = world.rows("SELECT template, body FROM messages WHERE channel = 'sms' ORDER BY created_at")
    first, second, late = told
    assert "隊 G-1" in first["body"]
    assert (at["tow"] in second["body"], "隊 T-1" in second["body"]) == (True, True)
    assert (late["template"], at["guard"] in late["body"], at["tow"] in late["body"]) == (
        "help_late",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("state", "sent"), [(ACCEPTED, True), (EN_ROUTE, True), (ON_SCENE, False), (None, False)]
)
def test_that_help_was_accepted_is_told_however_late_while_it_comes(
    database_url: str, state: DispatchState | None, *, sent: bool
) -> None:
    with small_carrier() as carrier, insured_world(database_url, twilio_base_url=carrier.url) as world:
        world.unit("G-1")
        incident_id = helped(world)
        says(world, "G-1", ACCEPTED, incident_id)
        if state in (EN_ROUTE, ON_SCENE):
            says(world, "G-1", state, incident_id)
        if state is None:
            world.tell(incident_id, lambda at: StopHelp(at, "akiko", GUARD))
        world.conn.execute("UPDATE outbox SET state = 'expired' WHERE kind <> 'sms'")
        world.conn.execute("UPDATE messages SET created_at = created_at - interval '20 minutes'")
        drain(world)
        assert ["向かっています" in str(sms["body"]) for sms in carrier.messages] == [True] * sent
