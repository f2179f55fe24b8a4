"""Each story against a stack, and the gravest of them with each role killed in the middle.

Common stories are played side by side, some on one stack: what is the same for all costs most.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest
from support.servers import short_folder

from cli.story.judging import KILLED
from cli.story.performance import play, play_together
from cli.story.stories import STORIES
from cli.story.story import Story

_ON_ONE_STACK = 8
# Enough for a hundred calls to wait; `cbutton story storm` has all 300.
_CROWD = 199


def together() -> list[list[str]]:
    """Common stories in groups of one time scale; those that take long stand in one group."""
    common = sorted((story for story in STORIES.values() if story.is_common), key=_length)
    groups: list[list[str]] = []
    for _, found in groupby(common, key=lambda story: story.time_scale):
        names = [story.name for story in found]
        groups += [names[at : at + _ON_ONE_STACK] for at in range(0, len(names), _ON_ONE_STACK)]
    return groups


def _length(story: Story) -> tuple[float, float]:
    return story.time_scale, story.over_s


ALONE = [
    pytest.param(name, marks=[pytest.mark.busy] if story.crowd else [])
    for name, story in STORIES.items()
    if not story.is_common
]


def told(name: str, *, kill: str | None = None) -> list[str]:
    lines: list[object] = []
    story = STORIES[name]
    story = replace(story, crowd=min(story.crowd, _CROWD))
    with short_folder(in_memory=kill != "database") as folder:
        outcome = play(story, tell=lines.append, kill=kill, keep=folder)
    assert lines == outcome.timeline
    return outcome.failures


@pytest.mark.busy
@pytest.mark.parametrize("names", together(), ids=" ".join)
def test_stories_side_by_side_go_as_they_must(names: list[str]) -> None:
    with short_folder(in_memory=True) as folder:
        played = play_together([STORIES[name] for name in names], keep=folder)
    assert {name: outcome.failures for name, outcome in played.items()} == {name: [] for name in names}


@pytest.mark.parametrize("name", ALONE)
def test_a_story_goes_as_it_must(name: str) -> None:
    assert told(name) == []


@pytest.mark.parametrize("role", KILLED)
def test_killing_a_role_in_mid_story_changes_nothing(role: str) -> None:
    assert told("severe-crash-no-answer", kill=role) == []
