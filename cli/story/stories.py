"""The scripted incidents of `cbutton story`: what is done to a car, and what must follow.

Everything that happens must be expected: a second call, or an incident from a pothole,
fails the story just as a missing step does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expect:
    """An event that must be in the record, so many times; `by_s` is by the plan's clock since the deed."""

    kind: str
    where: Data = field(default_factory=dict[str, Any])
    times: int = 1
    by_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Story:
    """One deed and what must come of it.

    `script` is what the car does before. `calls` is how often the carrier rang the driver and the
    contact; `over_s` is when, by the plan's clock, everything has happened and nothing more may.
    `reasons` are those that an impact must show. `undisturbed` must happen too unless a role is killed,
    which may make several steps one.
    """

    name: str
    about: str
    deed: Data
    expects: tuple[Expect, ...]
    over_s: float
    incidents: int = 1
    driver: str = "never_answers"
    contact: str = "never_answers"
    calls: tuple[int, int] = (0, 0)
    lights: tuple[str, ...] = ()
    receipt: bool = False
    route: str = "hakone-old-tokaido"
    script: tuple[Data, ...] = ()
    reasons: frozenset[str] = frozenset()
    undisturbed: tuple[Expect, ...] = ()


# What may happen besides, any number of times: steps on the way to an expected one.
INCIDENTAL: Final = frozenset(
    {
        "command_queued",
        "command_done",
        "call_placed",
        "call_ringing",
        "call_cancelled",
        "impact_revised",
        "placed",
    }
)

_CRASH: Final = {
    "do": "crash",
    "delta_v_kmh": 48,
    "pdof_deg": 330,
    "shape": "barrier",
    "duration_ms": 120,
}
_GUARD_COMES: Final = (
    Expect("dispatch_requested", {"dispatch": "guard"}, by_s=45),
    Expect("dispatch_offered", {"dispatch": "guard"}, by_s=45),
    Expect("dispatch_accepted", {"dispatch": "guard"}, by_s=75),
    Expect("dispatch_en_route", {"dispatch": "guard"}, by_s=90),
    Expect("push_queued", {"template": "help_accepted"}, by_s=75),
    Expect("sms_queued", {"template": "help_accepted"}, by_s=75),
)

STORIES: Final = {
    story.name: story
    for story in (
        Story(
            name="severe-crash-no-answer",
            about="A crash of 48 km/h; the driver and the family never pick up; a guard is sent.",
            deed=_CRASH,
            expects=(
                Expect("opened", {"trigger": "impact", "severity": "very_severe"}, by_s=3),
                Expect("push_queued", {"template": "severe"}, by_s=3),
                Expect("operator_alarmed", {"reason": "plan"}, by_s=3),
                Expect("operator_alarmed", {"reason": "still_waiting"}, times=-1, by_s=120),
                Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=3),
                Expect("call_ended", {"party": "driver", "attempt": 1, "status": "no-answer"}, by_s=40),
                Expect("call_queued", {"party": "driver", "attempt": 2}, by_s=45),
                Expect("call_ended", {"party": "driver", "attempt": 2, "status": "no-answer"}, by_s=90),
                Expect("ambulance_asked", by_s=45),
                Expect("call_queued", {"party": "contact", "attempt": 1}, by_s=75),
                Expect("call_ended", {"party": "contact", "status": "no-answer"}, by_s=105),
                *_GUARD_COMES,
            ),
            calls=(2, 1),
            lights=("CONNECTED", "HELP_COMING"),
            over_s=110,
        ),
        Story(
            name="crash-driver-fine",
            about="A crash of 48 km/h; the driver presses 1: nothing is sent, an operator phones back.",
            deed=_CRASH,
            driver="answers_fine",
            expects=(
                Expect("opened", {"trigger": "impact", "severity": "very_severe"}, by_s=3),
                Expect("push_queued", {"template": "severe"}, by_s=3),
                Expect("operator_alarmed", {"reason": "plan"}, by_s=3),
                Expect("operator_alarmed", {"reason": "fine_after_impact", "task": "call_back"}, by_s=60),
                Expect("operator_alarmed", {"reason": "still_waiting"}, times=-1, by_s=150),
                Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=3),
                Expect("call_answered", {"party": "driver", "attempt": 1}, by_s=30),
                Expect("answered", {"answer": "fine", "by": "driver", "via": "key"}, by_s=60),
                Expect("call_ended", {"party": "driver", "attempt": 1, "status": "completed"}, by_s=90),
            ),
            calls=(1, 0),
            lights=("CONNECTED",),
            over_s=110,
        ),
        Story(
            name="rollover",
            about="Struck from the side at 13 km/h, which is light, the car rolls onto its side: a guard is sent.",
            deed={"do": "roll_over", "delta_v_kmh": 13, "pdof_deg": 90, "roll_deg": 90, "roll_s": 2.0},
            expects=(
                Expect("opened", {"trigger": "impact"}, by_s=3),
                Expect("raised", {"rule": "severe", "before": "light"}, times=-1),
                # The car turns and comes to rest within five seconds by any clock: fifty of a plan ten times as
                # fast, so that the light rule gets as far as its SMS when the machine is busy.
                Expect("push_queued", {"template": "light"}, times=-1),
                Expect("sms_queued", {"template": "light"}, times=-1),
                # Where the ground struck it again, an impact of its own.
                Expect("impact_joined", times=-1),
                Expect("push_queued", {"template": "severe"}, by_s=20),
                Expect("operator_alarmed", {"reason": "plan"}, by_s=20),
                Expect("operator_alarmed", {"reason": "still_waiting"}, times=-1, by_s=160),
                Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=20),
                Expect("call_ended", {"party": "driver", "attempt": 1, "status": "no-answer"}, by_s=90),
                Expect("call_queued", {"party": "driver", "attempt": 2}, by_s=95),
                Expect("call_ended", {"party": "driver", "attempt": 2, "status": "no-answer"}, by_s=140),
                Expect("ambulance_asked", by_s=95),
                Expect("call_queued", {"party": "contact", "attempt": 1}, by_s=125),
                Expect("call_ended", {"party": "contact", "status": "no-answer"}, by_s=155),
                *(replace(expect, by_s=expect.by_s + 50) for expect in _GUARD_COMES),
            ),
            calls=(2, 1),
            lights=("CONNECTED", "HELP_COMING"),
            reasons=frozenset({"rollover"}),
            # Light at first, raised when the car lies on its side; who was away meanwhile sees it all at once.
            undisturbed=(
                Expect("opened", {"severity": "light"}, by_s=3),
                Expect("raised", {"rule": "severe", "before": "light"}, by_s=50),
            ),
            over_s=165,
        ),
        Story(
            name="parked-hit",
            about="Somebody runs into the standing car at 11 km/h: push, SMS, call-back list; nobody is rung or sent.",
            script=({"do": "stop", "at_s": 0.0},),
            deed={
                "do": "crash",
                "delta_v_kmh": 11,
                "pdof_deg": 200,
                "shape": "haversine",
                "duration_ms": 110,
            },
            expects=(
                Expect("opened", {"trigger": "impact", "severity": "light"}, by_s=3),
                Expect("push_queued", {"template": "light"}, by_s=15),
                Expect("sms_queued", {"template": "light"}, by_s=75),
                Expect("operator_alarmed", {"reason": "plan", "task": "call_back"}, by_s=195),
            ),
            lights=("CONNECTED",),
            reasons=frozenset({"parked"}),
            over_s=200,
            route="matsumoto-town",
        ),
        Story(
            name="long-press",
            about="The button is held; the driver answers and asks for an ambulance: operator, ambulance, guard.",
            deed={"do": "press", "kind": "long"},
            driver="asks_ambulance",
            expects=(
                Expect("opened", {"trigger": "long_press"}, by_s=3),
                Expect("push_queued", {"template": "severe"}, by_s=3),
                Expect("operator_alarmed", {"reason": "plan"}, by_s=3),
                Expect("operator_alarmed", {"reason": "ambulance"}, by_s=60),
                Expect("operator_alarmed", {"reason": "still_waiting"}, times=-1, by_s=150),
                Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=3),
                Expect("call_answered", {"party": "driver", "attempt": 1}, by_s=30),
                Expect("answered", {"answer": "ambulance", "by": "driver", "via": "key"}, by_s=60),
                Expect("ambulance_asked", by_s=60),
                Expect("call_ended", {"party": "driver", "status": "completed"}, by_s=180),
                Expect("dispatch_requested", {"dispatch": "guard"}, by_s=60),
                Expect("dispatch_offered", {"dispatch": "guard"}, by_s=60),
                Expect("dispatch_accepted", {"dispatch": "guard"}, by_s=90),
                Expect("dispatch_en_route", {"dispatch": "guard"}, by_s=110),
                Expect("push_queued", {"template": "help_accepted"}, by_s=90),
                Expect("sms_queued", {"template": "help_accepted"}, by_s=90),
            ),
            calls=(1, 0),
            lights=("CONNECTED", "HELP_COMING"),
            receipt=True,
            over_s=130,
        ),
        Story(
            name="breakdown-press",
            about="A short press; the phone rings after 30 s, the driver asks for help: a tow truck comes.",
            deed={"do": "press", "kind": "short"},
            driver="asks_help",
            expects=(
                Expect("opened", {"trigger": "short_press"}, by_s=3),
                Expect("push_queued", {"template": "trouble"}, by_s=3),
                Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=35),
                Expect("call_answered", {"party": "driver", "attempt": 1}, by_s=60),
                Expect("answered", {"answer": "help", "by": "driver", "via": "key"}, by_s=90),
                Expect("operator_alarmed", {"reason": "help"}, by_s=90),
                Expect("operator_alarmed", {"reason": "still_waiting"}, times=-1, by_s=200),
                Expect("call_ended", {"party": "driver", "status": "completed"}, by_s=120),
                Expect("dispatch_requested", {"dispatch": "roadside"}, by_s=90),
                Expect("dispatch_offered", {"dispatch": "roadside"}, by_s=90),
                Expect("dispatch_accepted", {"dispatch": "roadside"}, by_s=120),
                Expect("dispatch_en_route", {"dispatch": "roadside"}, by_s=140),
                Expect("push_queued", {"template": "help_accepted"}, by_s=120),
                Expect("sms_queued", {"template": "help_accepted"}, by_s=120),
            ),
            calls=(1, 0),
            lights=("CONNECTED", "HELP_COMING"),
            receipt=True,
            over_s=160,
            route="matsumoto-town",
        ),
        Story(
            name="pothole",
            about="A deep pothole at speed: nothing happens.",
            deed={"do": "pothole"},
            expects=(),
            incidents=0,
            over_s=60,
        ),
        Story(
            name="dropped-device",
            about="The device falls to the car's floor: free fall and a hard knock, and nothing happens.",
            deed={"do": "drop"},
            expects=(),
            incidents=0,
            over_s=60,
        ),
    )
}
