"""Which road, which carriageway, which kilometre, and which kind of road that makes it."""

from __future__ import annotations

from itertools import pairwise
from math import cos, hypot, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.places.place import RoadCandidate, Words
from incident.places.roads import Post, Travel, road_kind, roads_near
from incident.places.sphere import Offset, moved
from incident.places.words import hint_words, place_words, road_words
from schemas.impact import Position
from schemas.incident import RoadKind

ORIGIN = Position(35.2, 138.9)
TOMEI, ROUTE_246 = Words("東名高速道路", "Tomei Expressway"), Words("国道246号", "National Route 246")
DOWN, UP = Words("下り", "westbound"), Words("上り", "eastbound")
SURE, GUESS = False, True


def at(east_m: float, north_m: float) -> Position:
    return moved(ORIGIN, Offset(east_m, north_m))


def row(
    *,
    road: Words = TOMEI,
    direction: Words | None = DOWN,
    travel: Travel = Travel.RISING,
    kind: RoadKind = RoadKind.EXPRESSWAY,
    east_m: float = 0.0,
    tunnel_at: tuple[int, ...] = (),
    count: int = 11,
) -> list[Post]:
    """Posts from kilometre 90.0 on, northwards every 100 m; index 5 is at the origin's latitude."""
    return [
        Post(
            road, direction, travel, kind, round(90 + n / 10, 1), at(east_m, 100.0 * (n - 5)), n in tunnel_at
        )
        for n in range(count)
    ]


# Japan drives on the left: northwards on the western carriageway.
BOTH_WAYS = [*row(east_m=-10), *row(direction=UP, travel=Travel.FALLING, east_m=10)]


def test_the_kilometre_is_interpolated_between_posts() -> None:
    (found,) = roads_near(row(), at(12, 37), heading_deg=None)
    assert found.km == pytest.approx(90.537, abs=0.001)
    assert found.away_m == pytest.approx(12, abs=0.1)
    assert (found.road, found.direction, found.kind, found.tunnel) == (
        TOMEI,
        DOWN,
        RoadKind.EXPRESSWAY,
        False,
    )


def test_nothing_is_near_beyond_eighty_metres() -> None:
    assert roads_near(row(), at(79, 20), None)
    assert roads_near(row(), at(81, 20), None) == ()
    assert roads_near([], ORIGIN, 0.0) == ()


def test_without_a_heading_both_carriageways_stay_and_the_nearer_is_first() -> None:
    found = roads_near(BOTH_WAYS, at(-8, 20), None)
    assert [one.direction for one in found] == [DOWN, UP]
    assert [one.direction for one in roads_near(BOTH_WAYS, at(8, 20), None)] == [UP, DOWN]


@pytest.mark.parametrize(
    ("heading_deg", "direction"), [(0, DOWN), (350, DOWN), (45, DOWN), (180, UP), (215, UP)]
)
def test_the_heading_before_tells_the_carriageway_also_on_the_wrong_side_of_the_middle(
    heading_deg: float, direction: Words
) -> None:
    for east_m in (-10, 0, 10):
        (found,) = roads_near(BOTH_WAYS, at(east_m, 20), heading_deg)
        assert found.direction == direction


def test_a_road_that_was_crossed_is_none() -> None:
    assert roads_near(BOTH_WAYS, at(0, 20), 90.0) == ()
    assert roads_near(BOTH_WAYS, at(0, 20), 265.0) == ()


def test_posts_of_the_other_carriageway_alone_tell_the_road_but_no_direction() -> None:
    (found,) = roads_near(row(), at(5, 20), heading_deg=180.0)
    assert (found.road, found.direction) == (TOMEI, None)


def test_one_row_of_posts_for_both_carriageways_tells_no_direction() -> None:
    posts = row(direction=None, travel=Travel.BOTH)
    for heading in (None, 0.0, 180.0):
        (found,) = roads_near(posts, at(5, 20), heading)
        assert found.direction is None


def test_roads_over_each_other_are_both_candidates_and_one_far_less_near_is_not() -> None:
    general = row(road=ROUTE_246, direction=None, travel=Travel.BOTH, kind=RoadKind.GENERAL, east_m=30)
    found = roads_near([*row(), *general], at(3, 20), 0.0)
    assert [one.road for one in found] == [TOMEI, ROUTE_246]
    further = row(road=ROUTE_246, direction=None, travel=Travel.BOTH, kind=RoadKind.GENERAL, east_m=60)
    assert [one.road for one in roads_near([*row(), *further], at(3, 20), 0.0)] == [TOMEI]


def test_posts_far_apart_do_not_follow_each_other() -> None:
    ends = [row(count=1)[0], Post(TOMEI, DOWN, Travel.RISING, RoadKind.EXPRESSWAY, 91.3, at(0, 800), False)]
    assert roads_near(ends, at(0, 100), None) == ()
    (found,) = roads_near(ends, at(20, -490), 90.0)  # a lone post has no heading, so nothing was crossed
    assert found.km == 90.0


def test_a_tunnel_is_said_from_the_stretch_before_its_first_post() -> None:
    posts = row(tunnel_at=(6, 7))
    said = [roads_near(posts, at(0, north_m), None)[0].tunnel for north_m in (-50, 50, 150, 250, 350)]
    assert said == [False, True, True, True, False]


def candidate(kind: RoadKind, away_m: float = 10.0, road: Words = TOMEI) -> RoadCandidate:
    return RoadCandidate(road, None, kind, 90.0, away_m, tunnel=False)


EXPRESSWAY, BESIDE = candidate(RoadKind.EXPRESSWAY), candidate(RoadKind.EXPRESSWAY, 60.0)
GENERAL = candidate(RoadKind.GENERAL, road=ROUTE_246)


@pytest.mark.parametrize(
    ("roads", "speed_kmh", "directory_near", "kind", "is_guess"),
    [
        # On the posts: also for a car that stood at the tail of a jam, or whose speed is not known.
        ((EXPRESSWAY,), 100.0, True, RoadKind.EXPRESSWAY, SURE),
        ((EXPRESSWAY,), 0.0, True, RoadKind.EXPRESSWAY, GUESS),
        ((EXPRESSWAY,), None, True, RoadKind.EXPRESSWAY, GUESS),
        # An ordinary road as near: only the speed tells.
        ((EXPRESSWAY, GENERAL), 80.0, True, RoadKind.EXPRESSWAY, GUESS),
        ((GENERAL, EXPRESSWAY), 79.0, True, RoadKind.UNKNOWN, GUESS),
        ((GENERAL, EXPRESSWAY), None, True, RoadKind.UNKNOWN, GUESS),
        # Beside it.
        ((BESIDE,), 100.0, True, RoadKind.EXPRESSWAY, GUESS),
        ((BESIDE,), 50.0, True, RoadKind.UNKNOWN, GUESS),
        # On the posts of an ordinary road.
        ((GENERAL,), 100.0, True, RoadKind.GENERAL, SURE),
        # No posts here, though there are some in this region.
        ((), 60.0, True, RoadKind.GENERAL, GUESS),
        ((), None, True, RoadKind.GENERAL, GUESS),
        ((), 90.0, True, RoadKind.GENERAL, GUESS),
        ((), 91.0, True, RoadKind.UNKNOWN, GUESS),
        # No directory for this region.
        ((), 90.0, False, RoadKind.UNKNOWN, GUESS),
        ((), None, False, RoadKind.UNKNOWN, GUESS),
        ((), 91.0, False, RoadKind.EXPRESSWAY, GUESS),
    ],
)
def test_the_kind_of_road(
    roads: tuple[RoadCandidate, ...],
    speed_kmh: float | None,
    directory_near: bool,
    kind: RoadKind,
    is_guess: bool,
) -> None:
    found = road_kind(roads, speed_kmh, directory_near=directory_near)
    assert (found.kind, found.is_guess) == (kind, is_guess)
    assert found.reason.ja
    assert found.reason.en


def test_the_words_of_a_road() -> None:
    (one,) = roads_near(BOTH_WAYS, at(0, 34), 0.0)
    assert road_words([one]) == Words(
        "東名高速道路下り 90.5キロポスト付近", "Tomei Expressway westbound, near kilometre post 90.5"
    )
    both = road_words(roads_near(BOTH_WAYS, at(-8, 34), None))
    assert both is not None
    assert both.ja == "東名高速道路下り 90.5キロポスト付近、または東名高速道路上り 90.5キロポスト付近"
    assert both.en.count("near kilometre post 90.5") == 2
    assert road_words([]) is None
    (tunnel,) = roads_near(row(tunnel_at=(5,)), at(0, 0), 0.0)
    assert road_words([tunnel]) == Words(
        "東名高速道路下り 90.5キロポスト付近（トンネル）",
        "Tomei Expressway westbound, near kilometre post 90.5 (tunnel)",
    )
    area = Words("静岡県裾野市付近", "near Susono, Shizuoka")
    assert place_words(area, both).ja.endswith("、静岡県裾野市付近")
    assert place_words(area, None) == area


def test_what_the_operator_asks_on_an_expressway() -> None:
    hint = hint_words(ORIGIN, None, roads_near(BOTH_WAYS, at(0, 0), None), off_address=True)
    assert "どちら向きか" in hint.ja
    assert "キロポスト" in hint.ja
    assert "which way" in hint.en
    # Nobody is sent to look for a pole in the traffic.
    assert "電柱" not in hint.ja
    assert "out of the car and safe" in hint.en


@given(
    st.lists(
        st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000), st.integers(0, 3)), min_size=1, max_size=30
    ),
    st.floats(0, 360),
)
def test_distances_and_kilometres_are_those_of_walking_every_leg(
    points: list[tuple[float, float, int]], heading_deg: float
) -> None:
    """An oracle of its own: each leg is walked in steps of a hundredth."""
    posts = [
        Post(
            Words(f"道{road}", f"road {road}"),
            DOWN,
            Travel.RISING,
            RoadKind.EXPRESSWAY,
            float(n),
            at(east, north),
            False,
        )
        for n, (east, north, road) in enumerate(points)
    ]
    nearest: dict[str, float] = {}
    for road in {post.road.ja for post in posts}:
        row = [(n, *points[n][:2]) for n, post in enumerate(posts) if post.road.ja == road]
        steps = [hypot(east, north) for _, east, north in row]
        for (n, east_a, north_a), (m, east_b, north_b) in pairwise(row):
            if m - n == 1:
                steps += [
                    hypot(east_a + k / 100 * (east_b - east_a), north_a + k / 100 * (north_b - north_a))
                    for k in range(101)
                ]
        nearest[road] = min(steps)
    found = {one.road.ja: one for one in roads_near(posts, ORIGIN, None)}
    for road, one in found.items():
        assert one.away_m <= nearest[road] + 0.5
        assert one.away_m >= nearest[road] - 90  # a step is up to 85 m long
        assert one.away_m <= 80
    first = min(nearest.values())
    if first < 79:
        assert found
    turned = roads_near(posts, ORIGIN, heading_deg)
    assert {one.road for one in turned} <= {post.road for post in posts}


@given(st.floats(0, 360), st.floats(-9, 9), st.floats(50, 850))
def test_a_car_on_its_own_carriageway_is_never_said_to_be_on_the_other(
    course_deg: float, off_m: float, along_m: float
) -> None:
    """Whatever way the road runs, whichever way the car drives, and with the error a receiver has."""
    ahead = Offset(sin(radians(course_deg)), cos(radians(course_deg)))
    left = Offset(-ahead.north_m, ahead.east_m)

    def spot(along: float, leftwards: float) -> Position:
        return at(
            along * ahead.east_m + leftwards * left.east_m, along * ahead.north_m + leftwards * left.north_m
        )

    posts = [
        Post(TOMEI, direction, travel, RoadKind.EXPRESSWAY, 90 + n / 10, spot(100.0 * n, side), False)
        for n in range(10)
        for direction, travel, side in ((DOWN, Travel.RISING, 8.0), (UP, Travel.FALLING, -8.0))
    ]
    for side, turned, direction in ((8.0, 0.0, DOWN), (-8.0, 180.0, UP)):
        (found,) = roads_near(posts, spot(along_m, side + off_m), (course_deg + turned) % 360)
        assert found.direction == direction
        assert found.km == pytest.approx(90 + along_m / 1000, abs=0.003)
