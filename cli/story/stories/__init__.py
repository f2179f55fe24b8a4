"""The scripted incidents of `cbutton story`, by theme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cli.story.stories import answering, desk, evidence, field, plan, storms
from cli.story.story import Story

THEMES: Final[Mapping[str, tuple[Story, ...]]] = {
    "The plan: each occasion, answered or not": plan.STORIES,
    "Answers, and calls to us": answering.STORIES,
    "Operators": desk.STORIES,
    "What joins an incident, or comes late": evidence.STORIES,
    "Units and roads": field.STORIES,
    "Storms and outages": storms.STORIES,
}
"""What stories there are, in the order in which they are listed."""

STORIES: Final[Mapping[str, Story]] = {story.name: story for stories in THEMES.values() for story in stories}
