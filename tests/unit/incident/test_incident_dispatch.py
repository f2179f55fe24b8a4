"""Whom to ask first, and why the others were not."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.dispatch.ranking import (
    ROAD_FACTOR,
    Candidate,
    Need,
    Promise,
    Reason,
    drive_s,
    rank,
)
from incident.dispatch.skills import SERVES, skills_for
from incident.places.sphere import EARTH_RADIUS_KM, distance_km
from schemas.impact import Position
from schemas.incident import DispatchKind

TOKYO = Position(35.681236, 139.767125)
OSAKA = Position(34.702485, 135.495951)
GUARD, TOW = DispatchKind.GUARD, DispatchKind.TOW
NEED = Need(GUARD, TOKYO, hour=12.0, rings_km=(30.0, 80.0, 150.0))


def km_north(km: float) -> Position:
    return Position(TOKYO.lat_deg + km / (EARTH_RADIUS_KM * 3.141592653589793 / 180), TOKYO.lon_deg)


def guard(name: str, km: float, **more: object) -> Candidate:
    return replace(Candidate(name, frozenset({GUARD}), km_north(km), km_north(km)), **more)  # pyright: ignore[reportArgumentType]


def asked(need: Need, *candidates: Candidate, wanted: int = 1) -> list[str]:
    return [expected.asked for expected in rank(need, candidates, wanted).chosen]


def reasons(need: Need, *candidates: Candidate, wanted: int = 1) -> dict[str, Reason]:
    return {entry.asked: entry.reason for entry in rank(need, candidates, wanted).passed_over}


def test_distances_that_can_be_known_without_the_formula() -> None:
    quarter_km = EARTH_RADIUS_KM * 3.141592653589793 / 2
    assert distance_km(Position(0, 0), Position(0, 90)) == pytest.approx(quarter_km, rel=1e-12)
    assert distance_km(Position(90, 0), Position(-90, 120)) == pytest.approx(2 * quarter_km, rel=1e-12)
    assert distance_km(Position(0, 179.5), Position(0, -179.5)) == pytest.approx(quarter_km / 90, rel=1e-9)
    assert distance_km(TOKYO, TOKYO) == 0
    # Along a parallel the way is shorter by the cosine of the latitude, to first order.
    assert distance_km(Position(60, 10), Position(60, 10.001)) == pytest.approx(
        quarter_km / 90 / 1000 / 2, rel=1e-6
    )


def test_distance_between_two_stations() -> None:
    # 403 km on the sphere; the ellipsoid of GRS 80 gives 403.6 (Geospatial Information Authority's calculator).
    assert distance_km(TOKYO, OSAKA) == pytest.approx(403, abs=1.5)
    assert distance_km(TOKYO, OSAKA) == distance_km(OSAKA, TOKYO)


def test_the_soonest_is_chosen_whatever_the_order() -> None:
    units = [guard("far", 25), guard("near", -5), guard("middle", 10)]
    for order in permutations(units):
        assert asked(NEED, *order, wanted=2) == ["near", "middle"]
        assert reasons(NEED, *order, wanted=2) == {"far": Reason.SLOWER}


def test_of_equals_the_first_by_name() -> None:
    assert asked(NEED, *(guard(name, 3) for name in ("g2", "g1", "g3"))) == ["g1"]


def test_driving_takes_the_road_and_the_hour() -> None:
    assert drive_s(GUARD, 10, 12.0) == pytest.approx(ROAD_FACTOR * 10 / 30 * 3600)
    assert drive_s(GUARD, 10, 3.0) < drive_s(GUARD, 10, 12.0) < drive_s(GUARD, 10, 8.0)
    assert drive_s(TOW, 10, 12.0) > drive_s(GUARD, 10, 12.0)


def test_a_router_knows_better_than_the_crow() -> None:
    across_the_bay, round_the_corner = guard("a", 4, drive_s=3000.0), guard("b", 9, drive_s=700.0)
    assert asked(NEED, across_the_bay, round_the_corner) == ["b"]
    # What it said of an old position says nothing.
    assert asked(NEED, across_the_bay, replace(round_the_corner, position_age_s=601.0)) == ["b"]
    assert rank(NEED, [replace(round_the_corner, position_age_s=601.0)], 1).chosen[0].by == "estimate"


def test_who_is_farther_is_asked_only_when_nobody_nearer_may_be() -> None:
    near, far, beyond = guard("near", 29), guard("far", 31), guard("beyond", 151)
    quick_but_far = replace(far, drive_s=1.0)
    assert asked(NEED, near, quick_but_far, wanted=2) == ["near"]
    assert reasons(NEED, near, quick_but_far) == {"far": Reason.TOO_FAR}
    assert asked(NEED, replace(near, busy=True), far) == ["far"]
    assert asked(NEED, beyond) == []
    assert reasons(NEED, beyond) == {"beyond": Reason.TOO_FAR}


@pytest.mark.parametrize(
    ("unfit", "why"),
    [
        ({"skills": frozenset({TOW})}, Reason.WRONG_SKILL),
        ({"on_shift": False}, Reason.OFF_SHIFT),
        ({"out_of_service": True}, Reason.OUT_OF_SERVICE),
        ({"busy": True}, Reason.BUSY),
        ({"before": Reason.DECLINED_BEFORE}, Reason.DECLINED_BEFORE),
        ({"before": Reason.DID_NOT_ANSWER}, Reason.DID_NOT_ANSWER),
    ],
)
def test_who_may_not_be_asked_and_why(unfit: dict[str, object], why: Reason) -> None:
    assert asked(NEED, guard("near", 1, **unfit), guard("far", 20)) == ["far"]
    assert reasons(NEED, guard("near", 1, **unfit), guard("far", 20)) == {"near": why}


def test_no_guard_goes_to_an_expressway_by_itself_and_a_tow_truck_may() -> None:
    barred = replace(NEED, barred=True)
    assert reasons(barred, guard("g", 1)) == {"g": Reason.EXPRESSWAY_NOT_ALLOWED}
    truck = Candidate("t", frozenset({TOW}), km_north(2), km_north(2))
    assert asked(replace(barred, kind=TOW), truck) == ["t"]


def test_a_unit_not_heard_of_is_at_its_base_or_worse() -> None:
    lost = guard("lost", 1, position_age_s=601.0, base=km_north(20))
    assert rank(NEED, [lost], 1).chosen[0].distance_km == pytest.approx(20, rel=1e-6)
    gone = guard("gone", 25, position_age_s=601.0, base=km_north(2))
    assert rank(NEED, [gone], 1).chosen[0].distance_km == pytest.approx(25, rel=1e-6)
    assert asked(NEED, lost, guard("known", 10)) == ["known"]
    assert reasons(NEED, lost, guard("known", 10)) == {"lost": Reason.STALE_POSITION}
    fresh = replace(lost, position_age_s=600.0)
    assert asked(NEED, fresh, guard("known", 10)) == ["lost"]


def test_a_control_centre_counts_by_what_it_undertakes() -> None:
    centre = guard("@centre", 40, promise=Promise(radius_km=50, arrival_s=900))
    assert asked(NEED, centre, guard("slow", 20)) == ["@centre"]
    assert asked(NEED, centre, guard("quick", 2)) == ["quick"]
    assert reasons(NEED, replace(centre, promise=Promise(39, 900))) == {"@centre": Reason.TOO_FAR}


def test_every_kind_can_be_served_and_each_skill_serves_its_own() -> None:
    for kind in DispatchKind:
        assert kind in SERVES[kind]
        assert kind in skills_for(kind)
    assert skills_for(DispatchKind.ROADSIDE) == {DispatchKind.ROADSIDE, TOW}
    assert skills_for(GUARD) == {GUARD}


CANDIDATES = st.lists(
    st.builds(
        guard,
        st.sampled_from(["a", "b", "c", "d", "e", "f"]),
        st.sampled_from([1.0, 5.0, 29.0, 31.0, 100.0, 200.0]),
        skills=st.sampled_from([frozenset({GUARD}), frozenset({TOW}), frozenset({GUARD, TOW})]),
        position_age_s=st.sampled_from([0.0, 601.0]),
        on_shift=st.booleans(),
        out_of_service=st.booleans(),
        busy=st.booleans(),
        before=st.sampled_from([None, Reason.DECLINED_BEFORE]),
        drive_s=st.none() | st.floats(0, 20_000),
    ),
    unique_by=lambda candidate: candidate.asked,
)


@given(CANDIDATES)
def test_who_is_out_of_service_is_not_asked_by_name_either(candidates: list[Candidate]) -> None:
    out = {candidate.asked for candidate in candidates if candidate.out_of_service}
    for candidate in candidates:
        ranking = rank(NEED, candidates, len(candidates), candidate.asked)
        assert not out & {entry.asked for entry in ranking.chosen}


@given(CANDIDATES, st.integers(1, 5), st.randoms(use_true_random=False))
def test_ranking_is_a_total_order_and_everybody_is_accounted_for(
    candidates: list[Candidate], wanted: int, chance: object
) -> None:
    ranking = rank(NEED, candidates, wanted)
    shuffled = list(candidates)
    chance.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    assert rank(NEED, shuffled, wanted) == ranking
    named = [entry.asked for entry in (*ranking.chosen, *ranking.passed_over)]
    assert sorted(named) == sorted(candidate.asked for candidate in candidates)
    assert len(ranking.chosen) <= wanted
    times = [entry.arrival_s for entry in ranking.chosen]
    assert times == sorted(times)
    by_name = {candidate.asked: candidate for candidate in candidates}
    for entry in ranking.chosen:
        chosen = by_name[entry.asked]
        assert chosen.on_shift
        assert not chosen.out_of_service
        assert not chosen.busy
        assert chosen.before is None
        assert GUARD in chosen.skills
        assert entry.distance_km <= 150
    if not ranking.chosen:
        assert Reason.SLOWER not in {entry.reason for entry in ranking.passed_over}
