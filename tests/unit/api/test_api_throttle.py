"""How often somebody may come."""

from __future__ import annotations

from api.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_passes_and_then_one_after_the_other() -> None:
    clock = Clock()
    throttle = Throttle(burst=3, per_s=0.5, clock=clock)
    assert [throttle.take("a") for _ in range(4)] == [True, True, True, False]
    clock.now_s = 1.9
    assert not throttle.take("a")
    clock.now_s = 2.1
    assert throttle.take("a")
    assert not throttle.take("a")


def test_whoever_waits_long_enough_has_the_whole_burst_again_and_no_more() -> None:
    clock = Clock()
    throttle = Throttle(burst=2, per_s=1.0, clock=clock)
    assert [throttle.take("a") for _ in range(3)] == [True, True, False]
    clock.now_s = 1000.0
    assert [throttle.take("a") for _ in range(3)] == [True, True, False]


def test_each_has_tries_of_its_own() -> None:
    throttle = Throttle(burst=1, per_s=0.0, clock=Clock())
    assert throttle.take("a")
    assert throttle.take("b")
    assert not throttle.take("a")


def test_only_the_latest_are_remembered() -> None:
    throttle = Throttle(burst=1, per_s=0.0, most=2, clock=Clock())
    for key in "abc":
        throttle.take(key)
    assert not throttle.take("c")
    assert throttle.take("a")  # forgotten
