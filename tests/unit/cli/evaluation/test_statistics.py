import math

import pytest

from cli.evaluation.statistics import Rate, Share, spread_of


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17:857, table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_interval_agrees_with_the_published_examples(
    found: int, of: int, low: float, high: float
) -> None:
    assert Share(found, of).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_is_not_a_number() -> None:
    assert math.isnan(Share(0, 0).value)
    assert all(map(math.isnan, Share(0, 0).interval))


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904)],
)
def test_poisson_interval_agrees_with_garwoods_table(events: int, low: float, high: float) -> None:
    assert Rate(events, 1000.0).interval == pytest.approx((low, high), abs=1e-4)


def test_zero_events_say_less_the_fewer_the_hours() -> None:
    assert Rate(0, 1.18).interval[1] == pytest.approx(3126, rel=0.01)
    assert Rate(0, 3000.0).interval[1] == pytest.approx(1.23, rel=0.01)


def test_spread_is_of_absolute_values_and_the_bias_keeps_its_sign() -> None:
    spread = spread_of([-4.0, -2.0, -1.0, 1.0])
    assert (spread.of, spread.median, spread.bias) == (4, 1.5, -1.5)
