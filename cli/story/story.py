"""What a story is made of: plain values. What is done to whom and when, and what must follow.

Everything that happens must be expected: a second call, or an incident from a pothole,
fails the story just as a missing step does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cli.simulated.world import FieldUnit, Member, Person

Data = dict[str, Any]
Whom = Literal["car", "driver", "operator", "supervisor", "carrier"]

DEED: Final = "deed"
"""The moment from which a story is told, beside the kinds of events of the record."""
TIME_SCALE: Final = 0.1
FIXES_KNOWN_S: Final = 12.0
"""After so long a drive the backend has had the device's first batch of positions, and knows how fast it goes."""

GUARDS: Final = (
    FieldUnit("guard-matsumoto", "guard", "警備員 松本1号", (36.2330, 137.9720)),
    FieldUnit("guard-hakone", "guard", "警備員 小田原2号", (35.2460, 139.1000)),
    FieldUnit("guard-odawara", "guard", "警備員 小田原5号", (35.2550, 139.1550)),
)
TOWS: Final = (
    FieldUnit("tow-matsumoto", "roadside", "レッカー 松本", (36.2190, 137.9560)),
    FieldUnit("tow-odawara", "roadside", "レッカー 小田原", (35.2570, 139.1600)),
)
UNITS: Final = (*GUARDS, *TOWS)
"""Who is in the field unless a story says otherwise; all of them accept what they are offered."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something somebody wants of the system, over the HTTP door that is open to them.

    `whom` says whose door and whose password: a car's control, the driver's app, an operator, who runs the shift, or
    the carrier's onlookers. `who` is which of them: a car's id, an operator's name; empty for the story's own.
    `{incident}` in the path is filled in. `status` is what it must be answered with; 0 for any success.
    """

    whom: Whom
    path: str
    body: Data | None = None
    who: str = ""
    method: str = "POST"
    status: int = 0

    @property
    def words(self) -> str:
        """What is done, for the timeline."""
        what = self.path.rsplit("/", 1)[-1] if self.body is None or "do" not in self.body else self.body["do"]
        return " ".join(part for part in (self.whom, self.who, str(what)) if part)

    def on(self, kind: str, where: Data | None = None, *, after_s: float = 0.0) -> Act:
        """The request as an act of a story."""
        return Act(self, kind, where or {}, after_s)


@dataclass(frozen=True, slots=True)
class Act:
    """A request made `after_s`, by the plan's clock, an event of this kind was seen for the first time."""

    request: Request
    kind: str
    where: Data
    after_s: float


@dataclass(frozen=True, slots=True)
class Expect:
    """An event that must be in the record, so many times, -1 for any number.

    `by_s` is by the plan's clock since the deed, or since the first event of the kind `since`.
    """

    kind: str
    where: Data = field(default_factory=dict[str, Any])
    times: int = 1
    by_s: float = 30.0
    since: str = DEED


@dataclass(frozen=True, slots=True)
class Story:
    """A deed, what else is done, and what must come of it.

    `script` is what the car does before. `over_s` is when, by the plan's clock, everything has happened and
    nothing more may; it counts from the deed. `calls` is how often the carrier rang whom: driver, contact, or
    a member of the desk by name; -1 for any number. `talks` are the
    pairs who must have met on the line, and nobody else.
    `spoken` are words that somebody heard on the line, `unspoken` such that nobody did, `texts` words the
    driver was sent. `stays_s` is how long somebody must at least have been kept on the line. `ends` is how the
    incident must stand in the end, by the API's names. `reasons` are those that an impact must show.
    `undisturbed` must happen too unless a role is killed, which may make several steps one.
    `others` further cars only drive, and a `crowd` is struck before the deed
    (`cli.story.storm`). `holder` is more about the policyholder, such as how they want to be reached.
    """

    name: str
    about: str
    deed: Request
    expects: tuple[Expect, ...]
    over_s: float
    acts: tuple[Act, ...] = ()
    incidents: int = 1
    driver: Person = "never_answers"
    contact: Person = "never_answers"
    calls: Mapping[str, int] = field(default_factory=dict[str, int])
    talks: tuple[tuple[str, str], ...] = ()
    spoken: tuple[tuple[str, str], ...] = ()
    unspoken: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    stays_s: Mapping[str, float] = field(default_factory=dict[str, float])
    ends: Data = field(default_factory=dict[str, Any])
    lights: tuple[str, ...] = ()
    receipt: bool = False
    reasons: frozenset[str] = frozenset()
    undisturbed: tuple[Expect, ...] = ()
    route: str = "hakone-old-tokaido"
    script: tuple[Data, ...] = ()
    has_device: bool = True
    holder: Data = field(default_factory=dict[str, Any])
    desk: tuple[Member, ...] = ()
    units: tuple[FieldUnit, ...] = UNITS
    others: int = 0
    crowd: int = 0
    plan: str = ""
    time_scale: float = TIME_SCALE
    drives_s: float = 6.0

    @property
    def is_common(self) -> bool:
        """Whether it can be played beside others of its time scale: it changes nothing that is everybody's."""
        usual = not self.desk and self.units == UNITS and not self.plan and not self.crowd
        return usual and not any(act.request.whom in ("carrier", "supervisor") for act in self.acts)


INCIDENTAL: Final = frozenset(
    {
        "command_queued",
        "command_done",
        "call_placed",
        "call_ringing",
        "call_detected",
        "impact_revised",
        "placed",
        "desk_called",
        "desk_rung",
        "desk_overflow",
        "caller",
    }
)
"""What may happen besides, any number of times, where a story does not judge it: steps on the way to others."""
