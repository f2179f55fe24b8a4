"""`cbutton story`: one scripted incident against a fresh private stack, judged strictly."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from cli.feed import Feed, FeedEvent
from cli.simulated import directories, processes, world
from cli.simulated.world import Motorist, World
from cli.story.stories import INCIDENTAL, Expect, Story
from runtime.settings import Settings
from runtime.stack import OPERATOR, Stack

_DEVICE: Final = "CB-STORY-01"
_DRIVE_FIRST_S: Final = 6.0
# Signals, HTTP and restarts take their time whatever the plan's clock: allowed on top.
_SLACK_S: Final = 4.0
_SLACK_AFTER_KILL_S: Final = 25.0
# At least this long in real seconds, so that a screen that is merely slow is not taken for silence.
_WATCH_AT_LEAST_S: Final = 6.0

KILLED: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "ingest": (("ingest-urgent", "ingest-bulk"), "deed"),
    "broker": (("broker",), "deed"),
    "database": (("database",), "opened"),
    "engine": (("engine",), "opened"),
    "api": (("api",), "call_placed"),
    "carrier": (("carrier",), "call_placed"),
}
"""Roles that can be killed, their processes, and the moment at which they are by default."""

# Ten times as fast, a restart of a second is ten seconds of the plan: without the API or the carrier
# nothing is heard of calls and offers meanwhile, and the plan goes on as it would after ten silent seconds.
_MAY_FOLLOW_A_KILL: Final = {
    "api": {"call_given_up", "dispatch_offer_expired", "dispatch_offered"},
    "carrier": {"call_given_up"},
}

# Ingest commits on the connection that holds its shards, so it ends when the database does.
_ENDS_WITH: Final = {"database": ("ingest-urgent", "ingest-bulk")}


class StoryError(RuntimeError):
    """The story could not be played at all."""


@dataclass(slots=True)
class Outcome:
    """What happened, and every way in which it was not as it must be."""

    timeline: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    failures: list[str] = field(default_factory=list[str])


def play(
    story: Story,
    *,
    time_scale: float,
    tell: Callable[[dict[str, Any]], None],
    kill: str | None = None,
    kill_at: str | None = None,
    keep: Path | None = None,
) -> Outcome:
    """Play a story on a stack of its own; `tell` gets each line of the timeline as it happens.

    kill: a role of KILLED to end with SIGKILL at `kill_at`: "deed" or an event's kind.
    keep: a folder for the stack's state, left behind; otherwise a temporary one.
    Raises StoryError, and what Stack raises.
    """
    with tempfile.TemporaryDirectory(prefix="cb-story-", ignore_cleanup_errors=True) as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoryError(f"{folder} is not empty, and a story begins with nothing")
        folder.chmod(0o755)
        # A story never touches a configured server, nor the ports of a stack that runs.
        settings = Settings.unconfigured(state_dir=folder, time_scale=time_scale)
        cast = World((_motorist(story),), world.UNITS)
        with Stack(settings, roles=processes.with_carrier(cast), simulate_carrier=True) as stack:
            return _Performance(stack, cast, story, kill=kill, kill_at=kill_at, tell=tell).play()


class _Performance:
    """One run of a story."""

    def __init__(
        self,
        stack: Stack,
        cast: World,
        story: Story,
        *,
        kill: str | None,
        kill_at: str | None,
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self._stack, self._cast, self._story, self._tell = stack, cast, story, tell
        self._settings = stack.settings
        self._kill = kill
        self._kill_at = kill_at or (KILLED[kill][1] if kill else None)
        self._tolerated = _MAY_FOLLOW_A_KILL.get(kill or "", set[str]())
        self._outcome = Outcome()
        self._events: list[FeedEvent] = []
        self._http = httpx.Client(timeout=10.0, trust_env=False)

    def play(self) -> Outcome:
        self._stack.start()
        folder = self._stack.state.folder / processes.FOLDER
        directories.import_directories(self._settings)
        settled = world.provision(
            self._cast, self._settings.api_url, self._settings.admin_token.get_secret_value()
        )
        control_port = self._stack.state.port("cars", host="127.0.0.1")
        self._control = f"http://127.0.0.1:{control_port}/devices/{_DEVICE}"
        self._stack.run_beside(
            processes.field(self._settings, self._cast, settled, folder),
            processes.cars(self._settings, self._cast, settled, folder, control_port=control_port),
        )
        token = self._settings.operator_tokens[OPERATOR].get_secret_value()
        with self._http, closing(Feed(self._settings.api_url, token, after=0)) as feed:
            time.sleep(_DRIVE_FIRST_S)
            deed_at = self._do()
            self._note(deed_at, deed_at, "deed", {"what": self._story.deed["do"]})
            if self._kill_at == "deed":
                self._kill_now(deed_at)
            self._follow(feed, deed_at)
            self._judge(self._cast.motorists[0], deed_at)
        return self._outcome

    def _do(self) -> datetime:
        """Do the deed, and learn from the car when it physically happened."""
        before = len(self._physical())
        self._http.post(f"{self._control}/do", json=self._story.deed).raise_for_status()
        deadline_s = time.monotonic() + 15
        while time.monotonic() < deadline_s:
            physical = self._physical()
            if len(physical) > before:
                return datetime.fromisoformat(physical[-1]["at"])
            time.sleep(0.02)
        raise StoryError("the car did not do what it was told within 15 s")

    def _follow(self, feed: Feed, deed_at: datetime) -> None:
        """Collect events until all is over, and for a while after, when nothing more may come."""
        slack_s = _SLACK_AFTER_KILL_S if self._kill else _SLACK_S
        over_s = self._story.over_s * self._settings.time_scale
        quiet_from_s = max(over_s, _WATCH_AT_LEAST_S)
        while True:
            for event in feed.take(0.1):
                self._events.append(event)
                self._note(event.at, deed_at, event.kind, event.data, actor=event.actor)
                if event.kind == self._kill_at:
                    self._kill_now(deed_at)
            elapsed_s = (_now() - deed_at).total_seconds()
            if elapsed_s > quiet_from_s and (not self._missing() or elapsed_s > over_s + slack_s):
                break

    def _missing(self) -> list[Expect]:
        return [
            expect
            for expect in self._story.expects
            if expect.times > 0 and self._count(expect) < expect.times
        ]

    def _count(self, expect: Expect) -> int:
        return sum(1 for event in self._events if _fits(expect, event))

    def _kill_now(self, deed_at: datetime) -> None:
        if self._kill is None:
            return
        names = KILLED[self._kill][0]
        for child in self._stack.status():
            if child.name in names and child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
        self._kill_at = None
        self._note(_now(), deed_at, "killed", {"role": self._kill})

    def _judge(self, motorist: Motorist, deed_at: datetime) -> None:
        fail = self._outcome.failures.append
        scale, slack_s = self._settings.time_scale, (_SLACK_AFTER_KILL_S if self._kill else _SLACK_S)
        for expect in (*self._story.expects, *(() if self._kill else self._story.undisturbed)):
            found = [event for event in self._events if _fits(expect, event)]
            tolerated = len(found) > expect.times and expect.kind in self._tolerated
            if expect.times >= 0 and len(found) != expect.times and not tolerated:
                fail(f"{_words(expect)}: {len(found)} times instead of {expect.times}")
            for event in found:
                after_s = (event.at - deed_at).total_seconds()
                if expect.times >= 0 and after_s > expect.by_s * scale + slack_s:
                    fail(f"{_words(expect)}: only after {after_s:.1f} s")
        for event in self._events:
            if event.kind not in INCIDENTAL | self._tolerated and not any(
                _fits(expect, event) for expect in self._story.expects
            ):
                fail(f"unexpected: {event.kind} {event.data}")
        self._judge_incidents(fail)
        self._judge_calls(motorist, fail)
        self._judge_device(fail)
        for child in self._stack.status():
            killed = self._kill is not None and child.name in KILLED[self._kill][0]
            if child.restarts and not killed and child.name not in _ENDS_WITH.get(self._kill or "", ()):
                fail(f"{child.name} was restarted {child.restarts} times: {child.last_exit}")
            if killed and not child.restarts:
                fail(f"{child.name} was to be killed and was not")

    def _judge_incidents(self, fail: Callable[[str], None]) -> None:
        token = self._settings.operator_tokens[OPERATOR].get_secret_value()
        answer = self._http.get(
            f"{self._settings.api_url}/v1/incidents", headers={"Authorization": f"Bearer {token}"}
        )
        incidents = answer.raise_for_status().json()["incidents"]
        if len(incidents) != self._story.incidents:
            fail(f"{len(incidents)} incidents instead of {self._story.incidents}")
        for incident in incidents if self._story.reasons else ():
            detail = self._http.get(
                f"{self._settings.api_url}/v1/incidents/{incident['id']}",
                headers={"Authorization": f"Bearer {token}"},
            )
            found = [impact["reasons"] for impact in detail.raise_for_status().json()["impacts"]]
            if not any(self._story.reasons.issubset(reasons) for reasons in found):
                fail(f"no impact shows {sorted(self._story.reasons)}: {found}")

    def _judge_calls(self, motorist: Motorist, fail: Callable[[str], None]) -> None:
        """What the carrier itself says it rang: our own records are not asked."""
        answer = self._http.get(f"{self._settings.twilio_base_url}/_sim/calls").raise_for_status().json()
        for party, number, wanted in (
            ("driver", motorist.phone, self._story.calls[0]),
            ("contact", motorist.contact, self._story.calls[1]),
        ):
            calls = [call for call in answer if call["to"] == number]
            if len(calls) != wanted:
                fail(f"the carrier rang the {party} {len(calls)} times instead of {wanted}")

    def _judge_device(self, fail: Callable[[str], None]) -> None:
        journal = self._device()["journal"]
        lights = tuple(entry["light"] for entry in journal if entry["kind"] == "light")
        shown = tuple(light for index, light in enumerate(lights) if index == 0 or lights[index - 1] != light)
        if (
            self._story.lights
            and tuple(light for light in shown if light in self._story.lights) != self._story.lights
        ):
            fail(f"the device showed {shown} instead of {self._story.lights}")
        if not self._story.incidents and shown:
            fail(f"the device showed {shown}")
        if self._story.receipt and not any(entry["kind"] == "receipt" for entry in journal):
            fail("the device got no receipt for its press")

    def _physical(self) -> list[dict[str, Any]]:
        """When the car says the deed truly happened, by its own reckoning and not ours."""
        return [entry for entry in self._device()["events"] if entry["kind"] == self._story.deed["do"]]

    def _device(self) -> dict[str, Any]:
        return self._http.get(self._control).raise_for_status().json()

    def _note(
        self, at: datetime, deed_at: datetime, kind: str, data: dict[str, Any], *, actor: str = "story"
    ) -> None:
        line: dict[str, Any] = {
            "after_s": round((at - deed_at).total_seconds(), 3),
            "kind": kind,
            "actor": actor,
            "data": data,
        }
        self._outcome.timeline.append(line)
        self._tell(line)


def _motorist(story: Story) -> Motorist:
    return Motorist(
        device_id=_DEVICE,
        name="山田 花子",
        car=("相模 300 あ 12-34", "カローラ", "白"),
        route=story.route,
        phone="+819010000001",
        contact="+819020000001",
        answers=story.driver,
        contact_answers=story.contact,
        script=story.script,
    )


def _fits(expect: Expect, event: FeedEvent) -> bool:
    return event.kind == expect.kind and all(
        event.data.get(key) == value for key, value in expect.where.items()
    )


def _words(expect: Expect) -> str:
    return f"{expect.kind} {json.dumps(expect.where)}" if expect.where else expect.kind


def _now() -> datetime:
    return datetime.now(UTC)
