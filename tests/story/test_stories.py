"""Each story against a stack of its own, and the gravest of them with each role killed in the middle."""

from __future__ import annotations

import pytest

from cli.story.performance import KILLED, play
from cli.story.stories import STORIES


def told(name: str, **how: str) -> list[str]:
    lines: list[object] = []
    outcome = play(STORIES[name], time_scale=0.1, tell=lines.append, **how)
    assert lines == outcome.timeline
    return outcome.failures


@pytest.mark.parametrize("name", STORIES)
def test_a_story_goes_as_it_must(name: str) -> None:
    assert told(name) == []


@pytest.mark.parametrize("role", KILLED)
def test_killing_a_role_in_mid_story_changes_nothing(role: str) -> None:
    assert told("severe-crash-no-answer", kill=role) == []
