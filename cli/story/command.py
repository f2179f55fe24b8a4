"""A story for a person or a test rig: the timeline as it happens, then the verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
from rich.console import Console

from cli.phrases import phrase
from cli.story.judging import KILLED
from cli.story.performance import Outcome, play
from cli.story.stage import StoryError
from cli.story.stories import STORIES, THEMES
from cli.terminal import ending_on_sigterm, fail


def listing() -> str:
    """Every story, a line each, by theme."""
    parts: list[str] = []
    for theme, stories in THEMES.items():
        parts += ["", theme, *(f"  {story.name:26} {story.about}" for story in stories)]
    return "\n".join(parts[1:])


def run(
    name: str, *, time_scale: float | None, as_json: bool, kill: str, kill_at: str, keep: Path | None
) -> int:
    """Play a story; 0 when all went as it must. Ends the command where it cannot be played.

    kill, kill_at: as for `play`; empty for none. keep: None for a temporary folder.
    """
    if name not in STORIES:
        fail(f"no story {name}; there are {', '.join(STORIES)}")
    if kill and kill not in KILLED:
        fail(f"no role {kill}; there are {', '.join(KILLED)}")
    if kill_at and not kill:
        fail("--kill-at says when; say with --kill which role")
    beginning = Console(stderr=True).status("A stack of its own starts, and a car drives off …")

    def tell(line: dict[str, object]) -> None:
        beginning.stop()
        print(json.dumps(line, ensure_ascii=False) if as_json else readable(line), flush=True)

    try:
        with beginning, ending_on_sigterm():
            outcome = play(
                STORIES[name],
                time_scale=time_scale,
                tell=tell,
                kill=kill or None,
                kill_at=kill_at or None,
                keep=keep,
            )
    except BrokenPipeError:
        raise
    except (StoryError, RuntimeError, OSError, psycopg.Error, httpx.HTTPError) as error:
        fail(f"the story could not be played: {error}")
    _tell_verdict(name, kill, outcome, as_json=as_json)
    return 1 if outcome.failures else 0


def readable(line: dict[str, Any]) -> str:
    """A line of the timeline for people."""
    return f"{line['after_s']:+8.3f} s  {phrase(line['kind'], line['data'])}"


def _tell_verdict(name: str, kill: str, outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        verdict = {
            "story": name,
            "killed": kill or None,
            "ok": not outcome.failures,
            "failures": outcome.failures,
        }
        print(json.dumps(verdict, ensure_ascii=False), flush=True)
        return
    for failure in outcome.failures:
        print(f"FAILED  {failure}", file=sys.stderr)
    print(f"{name}: {'failed' if outcome.failures else 'as expected'}", flush=True)
