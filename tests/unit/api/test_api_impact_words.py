"""What is said of an impact."""

from __future__ import annotations

from typing import Any

import pytest

from api.impact_words import describe
from api.views.impact import ImpactDetail
from schemas.incident import Language
from scoring.modifiers import Applied, Modifier

EXAMPLE: dict[str, Any] = ImpactDetail.model_config["json_schema_extra"]["examples"][0]  # pyright: ignore


def said(language: Language = Language.EN, **changes: Any) -> str:
    return "\n".join(describe(ImpactDetail.model_validate(EXAMPLE | changes), language))


def modified(**applied: str) -> dict[str, str]:
    return {"age": "off", "near_side": "off", "belt": "off"} | applied


def test_models_stand_in_their_order_with_what_moved_them() -> None:
    text = said(injury_modifiers=modified(age="applied", near_side="far", belt="unknown"))
    assert text.index("NHTSA 2022 all: 2 %") < text.index("Malliaris") < text.index("TUM")
    assert "counted: the policyholder's age, a force from the side away from the driver" in text
    assert "not known: whether a belt was worn" in text
    assert "covered by no model" not in text


def test_what_no_model_covers_is_said() -> None:
    text = said(injury_uncovered=["multiple", "rollover"], injury_modifiers=modified())
    assert "covered by no model: several shocks, rolling over" in text
    assert "counted" not in text
    assert "not known" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("applied", Applied)
@pytest.mark.parametrize("modifier", Modifier)
def test_every_modifier_can_be_said(modifier: Modifier, applied: Applied, language: Language) -> None:
    assert said(language, injury_modifiers={modifier: applied})


def test_a_car_that_drove_on_is_said() -> None:
    assert "drove on" in said(moving_again=True)
    assert "走行しています" in said(Language.JA, moving_again=True)
    assert "drove" not in said(moving_again=False)
    assert "drove" not in said(moving_again=None)


def test_without_an_estimate_there_is_no_word_of_what_moved_it() -> None:
    assert "counted" not in said(injury=[], injury_modifiers=modified(age="applied"))
