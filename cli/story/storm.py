"""A storm around a story: a crowd of cars that are struck within seconds, more than calls can be made for at once.

Judged are the carrier's pace, who goes first, that nobody is rung twice at a time, and that everybody is reached.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from cli.feed import FeedEvent
from cli.simulated.world import Motorist
from cli.story.bursts import Crowd, burst
from cli.story.stage import Stage, StoryError
from schemas.wire.device_pb2 import Impact

_WITHIN_S: Final = 9.0
_MANY: Final = 100
_LIVES_EVERY_S: Final = 5.0
_PATIENCE_S: Final = 60.0
# What a request may be held up by on its way to the carrier, in real seconds.
_JITTER_S: Final = 0.3
_PACED: Final = 10
# Calls that may leave before a severe one: what was on its way already, and other severe ones.
_BEFORE_SEVERE: Final = 5

_ROUTES: Final = ("hakone-old-tokaido", "matsumoto-town")
_MODERATE: Final = {
    "do": "crash",
    "delta_v_kmh": 19,
    "pdof_deg": 180,
    "shape": "haversine",
    "duration_ms": 110,
}
_LIGHT: Final = {**_MODERATE, "delta_v_kmh": 11}
_SEVERE: Final = {**_MODERATE, "delta_v_kmh": 48, "shape": "barrier"}


class Storm:
    """What happens to the crowd, and what is seen of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._figures: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._break_out, name="storm", daemon=True)
        self._faults: list[str] = []
        self._over = threading.Event()

    def begin(self) -> None:
        """Let it break out; returns when a hundred calls wait. Raises StoryError if they never do."""
        self._thread.start()
        give_up_at = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up_at:
            figures = self._stage.call_figures()
            if sum(one["waiting"] for one in figures["queue"]) >= _MANY:
                self._figures = figures
                return
            time.sleep(0.1)
        raise StoryError(f"never did {_MANY} calls wait: {self._faults} {self._stage.call_figures()}")

    def judge(self, events: list[FeedEvent], crowds: list[FeedEvent], phone: str) -> Iterator[str]:
        """What was not as it must be, by the story's own events and the crowd's. Raises httpx.HTTPError."""
        self._over.set()
        self._thread.join()
        yield from self._faults
        calls = self._stage.calls()
        rate_per_s = self._stage.settings.calls_per_s / self._stage.time_scale
        yield from self._forecast(rate_per_s)
        yield from _pace(calls, rate_per_s)
        yield from _severe_first(events, calls, phone)
        yield from _one_at_a_time(calls)
        yield from self._steps(crowds)

    def _break_out(self) -> None:
        crowd = self._stage.crowd
        impacts = {
            route: tuple(burst(deed, route) for deed in (_MODERATE, _LIGHT, _SEVERE)) for route in _ROUTES
        }
        try:
            with closing(self._stage.devices()) as devices:
                began_s = time.monotonic()
                for number, motorist in enumerate(crowd):
                    time.sleep(max(0.0, began_s + _WITHIN_S * number / len(crowd) - time.monotonic()))
                    _happen(devices, number, motorist, impacts[_ROUTES[number % len(_ROUTES)]])
                while not self._over.wait(_LIVES_EVERY_S):
                    devices.live()
        except (OSError, RuntimeError, ValueError) as error:
            self._faults.append(f"the crowd: {error}")

    def _forecast(self, rate_per_s: float) -> Iterator[str]:
        queue = {one["urgency"]: one for one in self._figures["queue"]}
        last = queue["minor"]["predicted_wait_s"]
        waiting = sum(one["waiting"] for one in queue.values())
        if last is None or not 0.5 <= last * rate_per_s / waiting <= 2.0:
            yield f"with {waiting} waiting calls the figures predict {last} s"
        if (soon := queue["severe_first"]["predicted_wait_s"]) is None or soon > _BEFORE_SEVERE / rate_per_s:
            yield f"the figures predict {soon} s for a severe one"

    def _steps(self, crowds: list[FeedEvent]) -> Iterator[str]:
        kinds: dict[str, list[FeedEvent]] = {}
        for event in crowds:
            kinds.setdefault(event.incident_id, []).append(event)
        if len(kinds) != len(self._stage.crowd):
            yield f"{len(kinds)} incidents of the crowd instead of {len(self._stage.crowd)}"
        for incident_id, record in kinds.items():
            words = {event.kind for event in record}
            opened = record[0].data
            called = opened["rule"] != "light"
            wanted = {"opened", "push_queued"} | (
                {"call_queued", "call_placed", "answered"} if called else {"sms_queued"}
            )
            if wanted - words:
                yield f"{opened['rule']} of {incident_id}: no {', '.join(sorted(wanted - words))}"


def _happen(devices: Crowd, number: int, motorist: Motorist, impacts: tuple[tuple[Impact, ...], ...]) -> None:
    """Most press the button, some are struck moderately or lightly, and a few hard."""
    moderate, light, severe = impacts
    if number % 97 == 50:
        devices.strike(motorist.device_id, severe)
    elif number % 10 in (0, 1, 2):
        devices.strike(motorist.device_id, light if number % 10 == 0 else moderate)
    else:
        devices.press(motorist.device_id)


def _pace(calls: list[dict[str, Any]], rate_per_s: float) -> Iterator[str]:
    placed = sorted(_at(call["placed_at"]) for call in calls)
    for first, last in zip(placed, placed[_PACED:], strict=False):
        if (last - first).total_seconds() < _PACED / rate_per_s - _JITTER_S:
            yield f"more than {rate_per_s:g} calls a second from {first.isoformat()} on"
            return


def _severe_first(events: list[FeedEvent], calls: list[dict[str, Any]], phone: str) -> Iterator[str]:
    queued_at = next((event.at for event in events if event.kind == "call_queued"), None)
    own = [_at(call["placed_at"]) for call in calls if call["to"] == phone]
    if queued_at is None or not own:
        yield "the severe one was never called"
        return
    before = sum(queued_at < _at(call["placed_at"]) < min(own) for call in calls)
    if before > _BEFORE_SEVERE:
        yield f"{before} calls left before the severe one that waited"


def _one_at_a_time(calls: list[dict[str, Any]]) -> Iterator[str]:
    by_number: dict[str, list[tuple[str, str]]] = {}
    for call in calls:
        if call["dialled_at"]:
            by_number.setdefault(call["to"], []).append((call["dialled_at"], call["ended_at"] or "9"))
    for number, live in by_number.items():
        if any(begins < ended for (_, ended), (begins, _) in pairwise(sorted(live))):
            yield f"two calls to {number} at a time"


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
