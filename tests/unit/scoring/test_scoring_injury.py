"""Injury models against values worked out by hand from the published coefficients."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from scoring.injury import KMH_PER_MPH, MODELS, Estimate, Injury, estimate
from scoring.modifiers import Modifier, Modifiers, near_side

_MPH_30 = 30 * KMH_PER_MPH


def risk_of(found: tuple[Estimate, ...], injury: Injury, model: str) -> float:
    """The probability one model gives; StopIteration where it is silent."""
    estimate_ = next(each for each in found if each.injury is injury)
    return next(risk.probability for risk in estimate_.risks if risk.model == model)


@pytest.mark.parametrize(
    ("mph", "mais2", "mais3", "fatal"),
    [
        (10, 0.0252317, 0.0048835, 0.0006239),
        (20, 0.1020089, 0.0246024, 0.0030918),
        (30, 0.3326775, 0.1147616, 0.0151737),
        (40, 0.6863048, 0.3998716, 0.0711009),
    ],
)
def test_nhtsa_of_all_directions(mph: float, mais2: float, mais3: float, fatal: float) -> None:
    found = estimate(mph * KMH_PER_MPH)
    got = [risk_of(found, injury, "NHTSA 2022 all") for injury in Injury]
    assert got == pytest.approx([mais2, mais3, fatal], abs=1e-6)


@pytest.mark.parametrize(
    ("model", "injury", "pdof_deg", "wanted"),
    [
        ("NHTSA 2022 frontal", Injury.MAIS3, 0.0, 0.107417),
        ("NHTSA 2022 rear", Injury.MAIS3, 180.0, 0.065749),
        ("Malliaris 1997 without direction", Injury.MAIS2, None, 0.579081),
        ("Malliaris 1997 without direction", Injury.MAIS3, None, 0.472528),
        ("Malliaris 1997 without direction", Injury.FATAL, None, 0.050116),
        ("Malliaris 1997 with direction", Injury.MAIS3, 0.0, 0.559714),
        ("Malliaris 1997 with direction", Injury.MAIS3, 90.0, 0.689118),
        ("Malliaris 1997 with direction", Injury.MAIS3, 180.0, 0.126751),
        ("TUM 2023 without direction", Injury.MAIS3, None, 0.108136),
        ("TUM 2023 by four sides", Injury.MAIS3, 350.0, 0.110739),
        ("TUM 2023 by four sides", Injury.MAIS3, 270.0, 0.137144),
        ("TUM 2023 by four sides", Injury.MAIS3, 180.0, 0.074867),
        ("GIDAS 2019", Injury.MAIS2, None, 0.129664),
    ],
)
def test_models_at_30_mph(model: str, injury: Injury, pdof_deg: float | None, wanted: float) -> None:
    assert risk_of(estimate(_MPH_30, pdof_deg), injury, model) == pytest.approx(wanted, abs=1e-6)


def test_clock_hours_are_those_of_the_direction() -> None:
    at_2 = risk_of(estimate(_MPH_30, 60.0), Injury.MAIS3, "TUM 2023 by clock hour")
    at_3 = risk_of(estimate(_MPH_30, 90.0), Injury.MAIS3, "TUM 2023 by clock hour")
    at_12 = risk_of(estimate(_MPH_30, 359.0), Injury.MAIS3, "TUM 2023 by clock hour")
    at_5 = risk_of(estimate(_MPH_30, 150.0), Injury.MAIS3, "TUM 2023 by clock hour")
    assert at_12 < at_2 < at_3
    assert at_5 < at_12


def test_without_a_direction_models_that_need_one_are_silent() -> None:
    needing = {model.name for model in MODELS if model.needs_direction}
    said = {risk.model for each in estimate(_MPH_30) for risk in each.risks}
    assert said.isdisjoint(needing)
    assert len(said) == len(MODELS) - len(needing)


@pytest.mark.parametrize("pdof_deg", [None, 0.0, 30.0, 90.0, 180.0, 271.0])
@pytest.mark.parametrize("delta_v_kmh", [0.0, 8.0, 40.0, 80.0, 120.0, 400.0])
def test_a_graver_injury_is_never_more_likely(delta_v_kmh: float, pdof_deg: float | None) -> None:
    found = estimate(delta_v_kmh, pdof_deg)
    for lighter, graver in itertools.pairwise(found):
        for risk in graver.risks:
            assert 0 <= risk.probability <= 1
            lighter_risks = {each.model: each.probability for each in lighter.risks}
            assert risk.probability <= lighter_risks.get(risk.model, 1.0)


def test_the_spread_is_said() -> None:
    mais3 = next(each for each in estimate(_MPH_30, 0.0) if each.injury is Injury.MAIS3)
    assert (mais3.low, mais3.high) == pytest.approx((0.107417, 0.559714), abs=1e-6)


def test_modifiers_change_the_number_the_way_they_should() -> None:
    def mais3(modifiers: Modifiers, pdof_deg: float = 90.0) -> float:
        found = estimate(_MPH_30, pdof_deg, modifiers)
        return risk_of(found, Injury.MAIS3, "NHTSA 2022 all")

    nothing = mais3(Modifiers())
    assert mais3(Modifiers(age_years=75)) > mais3(Modifiers(age_years=20))
    assert mais3(Modifiers(belted=True)) < nothing < mais3(Modifiers(belted=False))
    assert mais3(Modifiers(near_side=False)) < nothing < mais3(Modifiers(near_side=True))
    assert mais3(Modifiers(near_side=True), pdof_deg=0.0) == pytest.approx(mais3(Modifiers(), pdof_deg=0.0))


@pytest.mark.parametrize(
    ("pdof_deg", "on_the_right"),
    [
        (None, None),
        (0.0, None),
        (44.9, None),
        (45.0, True),
        (135.0, True),
        (135.1, None),
        (180.0, None),
        (224.9, None),
        (225.0, False),
        (270.0, False),
        (315.0, False),
        (-90.0, False),
    ],
)
def test_a_force_from_the_side_is_near_to_who_sits_there(
    pdof_deg: float | None, on_the_right: bool | None
) -> None:
    assert near_side(pdof_deg, driver_on_right=True) is on_the_right
    on_the_left = None if on_the_right is None else not on_the_right
    assert near_side(pdof_deg, driver_on_right=False) is on_the_left


def test_what_is_switched_off_changes_nothing_and_says_so() -> None:
    known = Modifiers(age_years=80, belted=False, near_side=True)
    assert [str(each) for each in known.applied(90.0).values()] == ["applied", "near", "applied"]
    assert [str(each) for each in known.applied(0.0).values()] == ["applied", "not_from_side", "applied"]
    assert [str(each) for each in known.applied(None).values()] == ["applied", "unknown", "applied"]
    alone = {
        modifier: replace(known, off=frozenset(Modifier) - {modifier}).log_odds(90.0) for modifier in Modifier
    }
    assert alone == pytest.approx(
        {Modifier.AGE: 0.0354 * 44.6, Modifier.NEAR_SIDE: 0.865, Modifier.BELT: 1.249 * 0.814}
    )
    assert sum(alone.values()) == pytest.approx(known.log_odds(90.0))
    assert replace(known, off=frozenset(Modifier)).log_odds(90.0) == 0
