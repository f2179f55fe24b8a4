import pytest

from device_sim.field.api import ApiDown
from device_sim.field.habits import (
    CHECKLIST,
    Habits,
    Place,
    Progress,
    Temperament,
    distance_m,
    drive_s,
    due_action,
    eta_s,
    leg,
)
from device_sim.field.units import Dispatch, dispatch_of

TOKYO, OSAKA = Place(35.681236, 139.767125), Place(34.702485, 135.495951)
HABITS = Habits(Temperament.ACCEPTS, speed_kmh=36.0, reaction_s=5, depart_s=10, secure_s=60, report_s=30)


def test_distances_on_the_globe():
    # Tokyo and Osaka stations, about 403 km apart as published distance tables have it.
    assert distance_m(TOKYO, OSAKA) == pytest.approx(403_000, rel=0.005)
    assert distance_m(Place(0, 179.5), Place(0, -179.5)) == pytest.approx(111_195, rel=0.001)
    assert distance_m(TOKYO, TOKYO) == 0


def test_driving_takes_the_road():
    goal = Place(TOKYO.lat_deg + 0.01, TOKYO.lon_deg)
    straight_m = distance_m(TOKYO, goal)

    assert drive_s(TOKYO, goal, 36.0) == pytest.approx(1.4 * straight_m / 10)
    assert drive_s(TOKYO, None, 36.0) == 900
    assert eta_s(TOKYO, goal, HABITS, 1.0) == 166
    assert eta_s(TOKYO, goal, HABITS, 0.1) == 17
    assert eta_s(TOKYO, TOKYO, HABITS, 0.001) == 1


def test_a_drive_goes_evenly_from_start_to_goal():
    drive = leg(TOKYO, OSAKA, 100.0, 80.0, 0.001)
    half = (drive.begins_at + drive.ends_at) / 2

    assert drive.position(0) == TOKYO
    assert drive.position(half) == pytest.approx(
        ((TOKYO.lat_deg + OSAKA.lat_deg) / 2, (TOKYO.lon_deg + OSAKA.lon_deg) / 2)
    )
    assert drive.position(drive.ends_at) == OSAKA
    assert leg(TOKYO, TOKYO, 100.0, 80.0, 1.0).position(100.0) == TOKYO


@pytest.mark.parametrize(
    ("state", "in_state_s", "arrives_in_s", "expected"),
    [
        ("offered", 0.49, 0, None),
        ("offered", 0.5, 0, "accept"),
        ("accepted", 0.99, 0, None),
        ("accepted", 1.0, 0, "en_route"),
        ("en_route", 900, 0.1, None),
        ("en_route", 0, 0, "on_scene"),
        ("on_scene", 5.9, 0, None),
        ("on_scene", 6.0, 0, "secured"),
        ("secured", 2.9, 0, None),
        ("secured", 3.0, 0, "complete"),
        ("completed", 900, 0, None),
        ("requested", 900, 0, None),
    ],
)
def test_each_state_asks_for_its_step_in_time(
    state: str, in_state_s: float, arrives_in_s: float, expected: str | None
):
    assert due_action(Progress(state, in_state_s, arrives_in_s), HABITS, 0.1) == expected


@pytest.mark.parametrize(("temperament", "expected"), [("declines", "decline"), ("ignores", None)])
def test_offers_are_taken_by_temperament(temperament: str, expected: str | None):
    habits = Habits(Temperament(temperament), 40, 5)

    assert due_action(Progress("offered", 100), habits, 1.0) == expected


def test_late_slow_and_idle_units():
    late, slow, tells, idle = (
        Habits(Temperament(name), 30, 5, depart_s=10)
        for name in ("accepts_late", "drives_slowly", "tells_new_eta", "never_departs")
    )

    assert due_action(Progress("offered", 74), late, 1.0) is None
    assert due_action(Progress("offered", 75), late, 1.0) == "accept"
    assert (slow.real_speed_kmh, HABITS.real_speed_kmh) == (10.0, 36.0)
    assert due_action(Progress("en_route", 1, 900), slow, 1.0) is None
    assert due_action(Progress("en_route", 1, 900), tells, 1.0) == "eta"
    assert due_action(Progress("en_route", 1, 900, told_anew=True), tells, 1.0) is None
    assert due_action(Progress("offered", 6), idle, 1.0) == "accept"
    assert due_action(Progress("accepted", 9000), idle, 1.0) is None


def test_the_checklist_is_seen_to_before_the_scene_is_secured():
    done = [
        due_action(Progress("on_scene", 60 * n / 9, checked=n - 1), HABITS, 1.0)
        for n in range(1, len(CHECKLIST) + 1)
    ]
    assert done == ["check"] * len(CHECKLIST)
    assert due_action(Progress("on_scene", 6, checked=0), HABITS, 1.0) is None
    assert due_action(Progress("on_scene", 90, checked=7), HABITS, 1.0) == "check"


def test_the_apis_view_of_a_dispatch():
    incident = {"id": "i1", "lat_deg": 35.0, "lon_deg": 139.0}
    seen_to = [{"item": "people_safe", "state": "done"}]
    more = {"checklist": seen_to, "reminder": "depart"}
    found = {"id": "d1", "kind": "guard", "state": "offered", "incident": incident} | more

    assert dispatch_of({"dispatch": found}) == Dispatch(
        "d1", "guard", "offered", "i1", Place(35, 139), frozenset({"people_safe"}), "depart"
    )
    assert dispatch_of({"dispatch": None}) is None
    assert dispatch_of({"dispatch": found | {"state": "completed"}}) is None
    placeless = dispatch_of({"dispatch": found | {"incident": incident | {"lat_deg": None, "lon_deg": None}}})
    assert placeless is not None
    assert placeless.place is None
    with pytest.raises(ApiDown):
        dispatch_of({"dispatch": {"state": "offered"}})
