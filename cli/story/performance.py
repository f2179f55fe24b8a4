"""Plays a story on a stage: drives, does the deed, acts when its moments come, and collects what happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cli.feed import Feed, FeedEvent
from cli.story import judging
from cli.story.acts import ActError, Actor
from cli.story.judging import KILLED, Seen
from cli.story.stage import Stage, StoryError
from cli.story.storm import Storm
from cli.story.story import DEED, Act, Story

_LOOK_EVERY_S: Final = 0.05
# At least this long in real seconds, so that a screen that is merely slow is not taken for silence.
_WATCH_AT_LEAST_S: Final = 6.0
# Stories side by side begin one after another, so that their first calls do not wait for each other.
_APART_S: Final = 1.0

Tell = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Outcome:
    """What happened, and every way in which it was not as it must be."""

    timeline: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    failures: list[str] = field(default_factory=list[str])


def play(
    story: Story,
    *,
    tell: Tell,
    time_scale: float | None = None,
    kill: str | None = None,
    kill_at: str | None = None,
    keep: Path | None = None,
) -> Outcome:
    """Play a story on a stack of its own; `tell` gets each line of the timeline as it happens.

    time_scale: None for the story's own.
    kill: a role of KILLED to end with SIGKILL at `kill_at`: "deed" or an event's kind.
    keep: a folder for the stack's state, left behind; otherwise a temporary one.
    Raises StoryError, and what Stack raises.
    """
    scale, durable = time_scale or story.time_scale, kill == "database"
    with Stage([story], time_scale=scale, keep=keep, durable=durable) as stage:
        return _Performance(stage, story, kill=kill, kill_at=kill_at, tell=tell).play()


def play_together(stories: Sequence[Story], *, keep: Path | None = None) -> dict[str, Outcome]:
    """Play common stories of one time scale side by side on one stack; the outcome of each by name.

    keep: as for `play`, as are the errors.
    """

    def perform(number: int, story: Story) -> Outcome:
        time.sleep(number * _APART_S)
        return _Performance(stage, story, kill=None, kill_at=None, tell=_say_nothing).play()

    with (
        Stage(stories, time_scale=stories[0].time_scale, keep=keep) as stage,
        ThreadPoolExecutor(len(stories)) as actors,
    ):
        played = [actors.submit(perform, number, story) for number, story in enumerate(stories)]
        return {story.name: one.result() for story, one in zip(stories, played, strict=True)}


class _Performance:
    """One run of a story."""

    def __init__(
        self, stage: Stage, story: Story, *, kill: str | None, kill_at: str | None, tell: Tell
    ) -> None:
        self._stage, self._story, self._tell = stage, story, tell
        self._scale = stage.time_scale
        self._kill = kill
        self._kill_at = kill_at or (KILLED[kill][1] if kill else None)
        self._outcome = Outcome()
        self._actor = Actor(stage.doors(story), stage.http)
        self._waiting = list(story.acts)
        self._due: list[tuple[datetime, Act]] = []
        self._whose: dict[str, bool] = {}
        self._seen = Seen(story, stage.motorists[story.name], stage.time_scale, kill)

    def play(self) -> Outcome:
        settings = self._stage.settings
        with closing(Feed(settings.api_url, self._stage.operator_token, after=0)) as feed:
            time.sleep(self._story.drives_s)
            storm = Storm(self._stage) if self._story.crowd else None
            if storm is not None:
                storm.begin()
            self._seen.deed_at = self._do_deed()
            self._note(self._seen.deed_at, DEED, {"what": self._story.deed.words})
            self._set_acts_due(DEED, {}, self._seen.deed_at)
            if self._kill_at == DEED:
                self._kill_now()
            self._follow(feed)
        self._outcome.failures += judging.judge(self._seen, self._stage)
        if storm is not None:
            seen = self._seen
            self._outcome.failures += storm.judge(seen.events, seen.around, seen.motorist.phone)
        return self._outcome

    def _do_deed(self) -> datetime:
        """Do the deed, and learn from the car when it physically happened."""
        deed = self._story.deed
        if deed.whom != "car" or deed.body is None:
            at = _now()
            self._actor.do(deed, None)
            return at
        what = deed.body["do"]
        before = len(self._physical(what))
        self._actor.do(deed, None)
        deadline_s = time.monotonic() + 15
        while time.monotonic() < deadline_s:
            physical = self._physical(what)
            if len(physical) > before:
                return datetime.fromisoformat(physical[-1]["at"])
            time.sleep(_LOOK_EVERY_S)
        raise StoryError("the car did not do what it was told within 15 s")

    def _physical(self, what: str) -> list[dict[str, Any]]:
        """When the car says the deed truly happened, by its own reckoning and not ours."""
        return [entry for entry in self._stage.car(self._story)["events"] if entry["kind"] == what]

    def _follow(self, feed: Feed) -> None:
        """Collect events and act until all is over, and for a while after, when nothing more may come."""
        over_s = self._story.over_s * self._scale
        quiet_from_s = max(over_s, _WATCH_AT_LEAST_S)
        while True:
            for event in feed.take(_LOOK_EVERY_S):
                if self._is_ours(event):
                    self._take_in(event)
                else:
                    self._seen.around.append(event)
            self._act()
            elapsed_s = (_now() - self._seen.deed_at).total_seconds()
            if elapsed_s > quiet_from_s and (
                not self._seen.missing() or elapsed_s > over_s + self._seen.slack_s
            ):
                break
        for act in self._waiting:
            self._outcome.failures.append(
                f"{act.request.words}: its moment never came ({act.kind} {act.where})"
            )

    def _take_in(self, event: FeedEvent) -> None:
        self._seen.events.append(event)
        self._note(event.at, event.kind, event.data, actor=event.actor)
        self._set_acts_due(event.kind, event.data, event.at)
        if event.kind == self._kill_at:
            self._kill_now()

    def _is_ours(self, event: FeedEvent) -> bool:
        if self._stage.is_alone:
            return True
        if event.incident_id not in self._whose:
            policy_id = self._stage.policy_of(event.incident_id)
            self._whose[event.incident_id] = policy_id == self._seen.motorist.policy_id
        return self._whose[event.incident_id]

    def _set_acts_due(self, kind: str, data: dict[str, Any], at: datetime) -> None:
        for act in [act for act in self._waiting if act.kind == kind and judging.holds(act.where, data)]:
            self._waiting.remove(act)
            self._due.append((at + timedelta(seconds=act.after_s * self._scale), act))

    def _act(self) -> None:
        now = _now()
        for due_at, act in sorted(self._due, key=lambda entry: entry[0]):
            if due_at > now:
                continue
            self._due.remove((due_at, act))
            incident_id = self._seen.events[0].incident_id if self._seen.events else None
            self._note(_now(), "act", {"what": act.request.words})
            try:
                self._actor.do(act.request, incident_id)
            except ActError as error:
                self._outcome.failures.append(str(error))

    def _kill_now(self) -> None:
        if self._kill is None:
            return
        self._stage.kill(KILLED[self._kill][0])
        self._kill_at = None
        self._note(_now(), "killed", {"role": self._kill})

    def _note(self, at: datetime, kind: str, data: dict[str, Any], *, actor: str = "story") -> None:
        line: dict[str, Any] = {
            "after_s": round((at - self._seen.deed_at).total_seconds(), 3),
            "kind": kind,
            "actor": actor,
            "data": data,
        }
        self._outcome.timeline.append(line)
        self._tell(line)


def _say_nothing(_: dict[str, Any]) -> None:
    return None


def _now() -> datetime:
    return datetime.now(UTC)
