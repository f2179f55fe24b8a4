"""What is read out to a fire headquarters: true of whoever told us, and of whether they were heard."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from incident.field.ambulance_request import text
from schemas.incident import Trigger

FACTS: dict[str, Any] = {
    "ambulance": "needed",
    "lat_deg": None,
    "lon_deg": None,
    "occurred_at": datetime(2026, 10, 1, 3, 0, tzinfo=UTC),
    "trigger": "impact",
    "severity": None,
    "answer": None,
    "heard": False,
    "plate": None,
    "model": None,
    "colour": None,
    "fuel": None,
    "delta_v_kmh": None,
    "delta_v_is_lower_bound": None,
    "pdof_deg": None,
    "rollover": None,
    "heading_deg": None,
}


def both(**facts: Any) -> str:
    words = text(FACTS | facts, None, None, "+815000000000")
    return f"{words.ja}\n{words.en}"


@pytest.mark.parametrize("trigger", Trigger)
def test_only_a_press_is_told_as_one(trigger: Trigger) -> None:
    words = both(trigger=trigger)
    pressed = trigger in (Trigger.LONG_PRESS, Trigger.SHORT_PRESS)
    assert ("ボタン" in words, "button" in words) == (pressed, pressed)
    phone = trigger is Trigger.PHONE_CRASH
    assert ("スマートフォン" in words, "phone" in words) == (phone, phone)
    called = trigger is Trigger.CALL
    assert ("連絡による" in words, "contacted us" in words) == (called, called)


def test_a_severity_is_told_whatever_came_first() -> None:
    words = both(trigger="long_press", severity="severe", delta_v_kmh=41.0, delta_v_is_lower_bound=False)
    assert "強い衝撃で" in words
    assert "The impact was severe" in words
    assert "ボタン" not in words


def test_nobody_who_was_heard_is_said_not_to_answer() -> None:
    silent = ("連絡が取れていません", "cannot be reached")
    for words in silent:
        assert words in both()
        assert words not in both(heard=True)
        assert words not in both(answer="help")
        assert words not in both(answer="ambulance")
