"""Each story against a stack, and the gravest of them with each role killed in the middle.

Common stories are played side by side, some on one stack: what is on it that is the same for all costs most.
"""

from __future__ import annotations

import pytest

from cli.story.judging import KILLED
from cli.story.performance import play, play_together
from cli.story.stories import STORIES

COMMON = [name for name, story in STORIES.items() if story.is_common]
TOGETHER = [COMMON[first : first + 7] for first in range(0, len(COMMON), 7)]
ALONE = [name for name, story in STORIES.items() if not story.is_common]


def told(name: str, *, kill: str | None = None) -> list[str]:
    lines: list[object] = []
    outcome = play(STORIES[name], tell=lines.append, kill=kill)
    assert lines == outcome.timeline
    return outcome.failures


@pytest.mark.parametrize("names", TOGETHER, ids=" ".join)
def test_stories_side_by_side_go_as_they_must(names: list[str]) -> None:
    played = play_together([STORIES[name] for name in names], time_scale=0.1)
    assert {name: outcome.failures for name, outcome in played.items()} == {name: [] for name in names}


@pytest.mark.parametrize("name", ALONE)
def test_a_story_goes_as_it_must(name: str) -> None:
    assert told(name) == []


@pytest.mark.parametrize("role", KILLED)
def test_killing_a_role_in_mid_story_changes_nothing(role: str) -> None:
    assert told("severe-crash-no-answer", kill=role) == []
