"""A carrier on paper behind the real SDK: no sockets, the clock of a test, answers that are cut off, news that wait.

Work that asks it stops on both sides of each request (see `support.slices`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import requests
from requests.adapters import BaseAdapter
from support.set_clock import START
from support.slices import boundary
from support.small_carrier import Cut, Refuse, Resource, SmallCarrier

from incident.channels.twilio_carrier import TwilioCarrier
from runtime.settings import Settings

LIVE: Final = ("queued", "ringing", "in-progress")
# Longer than it rings: the carrier's own queue, and the time a network takes.
LONGEST_RING_S: Final = 25.0
LONGEST_TALK_S: Final = 90.0
_NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "queued": ("ringing", "failed", "busy"),
    "ringing": ("in-progress", "no-answer", "busy"),
    "in-progress": ("completed",),
}


@dataclass(frozen=True)
class News:
    """A status the carrier wants to tell us."""

    call_id: UUID
    sid: str
    status: str


@dataclass
class PaperCarrier(SmallCarrier):
    """`cuts` and `lag_s` are what goes wrong from now on; `news` is told, lost, doubled or left by the test."""

    now_s: float = 0.0
    cuts: list[str] = field(default_factory=list[str])
    lag_s: float = 0.0
    news: list[News] = field(default_factory=list[News])

    def __post_init__(self) -> None:
        self.before_call, self.after_call = self._accept, self._accepted
        self.before_message, self.after_message = self._accept, self._accepted
        self.before_list = self._hide

    def go_on(self, one: Resource, pick: int = 0) -> None:
        """The call comes to its next status, if it has one."""
        following = _NEXT.get(str(one["status"]), ())
        if following:
            self._become(one, following[pick % len(following)])

    def pass_time(self, seconds: float) -> None:
        """Nothing rings, and nobody talks, for ever."""
        self.now_s = seconds
        for one in self.calls:
            if one["status"] in ("queued", "ringing") and seconds - one["since_s"] > LONGEST_RING_S:
                self._become(one, "no-answer")
            elif one["status"] == "in-progress" and seconds - one["since_s"] > LONGEST_TALK_S:
                self._become(one, "completed")

    def live(self) -> list[Resource]:
        """Calls that are in the carrier's queue, ring, or are spoken on."""
        return [one for one in self.calls if one["status"] in LIVE]

    def answer(self, method: str, target: str, body: str) -> Resource:
        """As SmallCarrier, and a live call can be sent to another address."""
        sid = urlsplit(target).path.rpartition("/")[2].removesuffix(".json")
        changed = next((one for one in self.calls if one["sid"] == sid), None)
        if method == "POST" and changed is not None:
            wanted = parse_qs(body).get("Status")
            if wanted is None and changed["status"] != "in-progress":
                raise Refuse(400)
            if wanted and changed["status"] not in ("queued", "ringing"):
                raise Refuse(400, '{"code": 21220, "message": "Unable to update record", "status": 400}')
            if wanted:
                self._become(changed, wanted[0])
            return changed
        return super().answer(method, target, body)

    def _become(self, one: Resource, status: str) -> None:
        one["status"], one["since_s"] = status, self.now_s
        self.news.append(News(call_of(one), one["sid"], status))

    def _accept(self, made: Resource) -> None:
        made["since_s"] = made["made_s"] = self.now_s
        made["date_created"] = format_datetime(START + timedelta(seconds=self.now_s))
        if self.cuts and self.cuts[0] == "before":
            self.cuts.pop(0)
            raise Cut(done=False)

    def _accepted(self, made: Resource) -> None:
        if made["sid"].startswith("C"):
            self.news.append(News(call_of(made), made["sid"], "initiated"))
        if self.cuts:
            self.cuts.pop(0)
            raise Cut(done=True)

    def _hide(self, number: str) -> None:
        kept = [*self.calls, *self.messages]
        self.hidden = {one["sid"] for one in kept if self.now_s - one["made_s"] < self.lag_s}


def call_of(resource: Resource) -> UUID:
    """Our id of a call, from the address it was given."""
    return UUID(str(resource["url"]).rpartition("/")[2])


class _Wire(BaseAdapter):
    """What `requests` sends goes to the carrier on paper."""

    def __init__(self, carrier: PaperCarrier) -> None:
        super().__init__()
        self._carrier = carrier

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        boundary(f"request {request.method}")
        response = requests.Response()
        response.request, response.url = request, request.url or ""
        response.headers["Content-Type"] = "application/json"
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        try:
            told: object = self._carrier.answer(request.method or "", response.url, body)
            response.status_code = 200
        except Cut as cut:
            boundary("request cut off")
            raise requests.exceptions.ConnectionError("cut off") from cut
        except Refuse as refusal:
            response.status_code, told = refusal.status, json.loads(refusal.body)
        response._content = json.dumps(told).encode()  # pyright: ignore[reportPrivateUsage] requests has no other way
        boundary("request answered")
        return response

    def close(self) -> None:
        pass


def through_paper(settings: Settings, carrier: PaperCarrier) -> TwilioCarrier:
    """The real SDK, which reaches the carrier on paper and nobody else."""
    made = TwilioCarrier(settings)
    client: Any = made._client  # pyright: ignore[reportPrivateUsage] there is no other way to its session
    for scheme in ("http://", "https://"):
        client.http_client.session.mount(scheme, _Wire(carrier))
    return made
