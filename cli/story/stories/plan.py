"""The rows and columns of the plan: each occasion, by who answers and who does not."""

from __future__ import annotations

from typing import Final

from cli.story.acts import car, crash, press
from cli.story.stories import steps
from cli.story.story import FIXES_KNOWN_S, Expect, Story

SEVERE: Final = crash(48)
MODERATE: Final = crash(19, pdof_deg=180, shape="haversine", duration_ms=110)
LIGHT: Final = crash(11, pdof_deg=200, shape="haversine", duration_ms=110)

SEVERE_BEGINS: Final = (
    steps.opened("impact", severity="very_severe"),
    steps.push("severe", 3),
    steps.alarmed("plan", 3),
    steps.still_waiting(),
)
NOBODY_ANSWERS_SEVERE: Final = (
    *steps.rung("driver", 1, 3),
    *steps.rung("driver", 2, 45),
    Expect("ambulance_needed", by_s=45),
    *steps.rung("contact", 1, 75),
    steps.no_second_contact(110),
    *steps.help_comes("guard", 45),
)

STORIES: Final = (
    Story(
        name="severe-crash-no-answer",
        about="A crash of 48 km/h; the driver and the family never pick up; a guard is sent.",
        deed=SEVERE,
        expects=(*SEVERE_BEGINS, *NOBODY_ANSWERS_SEVERE),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        ends={"phase": "reaching", "answer": None},
        over_s=110,
    ),
    Story(
        name="crash-driver-fine",
        about="A crash of 48 km/h; the driver presses 1: nothing is sent, an operator phones back.",
        deed=SEVERE,
        driver="answers_fine",
        expects=(
            *SEVERE_BEGINS,
            *steps.talked("driver", 1, 3, ends_by_s=90),
            steps.answered("fine", 60),
            steps.alarmed("fine_after_impact", 60, task="call_back"),
        ),
        calls={"driver": 1},
        spoken=(("driver", "のちほど担当者からお電話いたします"), ("driver", "110番への届け出が必要です")),
        lights=("CONNECTED",),
        ends={"phase": "settling", "answer": "fine", "tasks": ["call_back"]},
        over_s=110,
    ),
    Story(
        name="rollover",
        about="Struck from the side at 13 km/h, which is light, the car rolls onto its side: a guard is sent.",
        deed=car("roll_over", delta_v_kmh=13, pdof_deg=90, roll_deg=90, roll_s=2.0),
        expects=(
            steps.opened("impact"),
            Expect("raised", {"rule": "severe", "before": "light"}, times=-1),
            # The car turns and comes to rest within five seconds by any clock: fifty of a plan ten times as
            # fast, so that the light rule gets as far as its SMS when the machine is busy.
            Expect("push_queued", {"template": "light"}, times=-1),
            Expect("sms_queued", {"template": "light"}, times=-1),
            # Where the ground struck it again, an impact of its own.
            Expect("impact_joined", times=-1),
            steps.push("severe", 50),
            steps.alarmed("plan", 50),
            steps.still_waiting(),
            *steps.rung("driver", 1, 50),
            *steps.rung("driver", 2, 95),
            Expect("ambulance_needed", by_s=95),
            *steps.rung("contact", 1, 125),
            steps.no_second_contact(165),
            *steps.help_comes("guard", 95),
        ),
        calls={"driver": 2, "contact": 1},
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
        name="moderate-no-answer",
        about="19 km/h from behind; nobody answers: two calls, operator, family, and a guard after three minutes.",
        deed=MODERATE,
        expects=(
            steps.opened("impact", severity="moderate"),
            steps.push("moderate", 3),
            *steps.rung("driver", 1, 15),
            *steps.rung("driver", 2, 65),
            steps.alarmed("plan", 95),
            steps.still_waiting(),
            *steps.rung("contact", 1, 95),
            *steps.help_comes("guard", 185),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        ends={"phase": "reaching", "answer": None},
        over_s=240,
    ),
    Story(
        name="moderate-driver-fine",
        about="19 km/h from behind; the driver presses 1: closed, and nobody has to do anything.",
        deed=MODERATE,
        driver="answers_fine",
        expects=(
            steps.opened("impact", severity="moderate"),
            steps.push("moderate", 3),
            *steps.talked("driver", 1, 15, ends_by_s=100),
            steps.answered("fine", 70),
            Expect("closed", {"outcome": "driver_fine"}, by_s=70),
        ),
        calls={"driver": 1},
        spoken=(("driver", "どうぞお気をつけて"),),
        lights=("CONNECTED", "ENDED"),
        ends={"phase": "closed", "outcome": "driver_fine", "tasks": []},
        over_s=210,
    ),
    Story(
        name="light-no-answer",
        about="11 km/h from behind while driving; nobody answers: push, SMS, call-back list; nobody is rung or sent.",
        deed=LIGHT,
        expects=(
            steps.opened("impact", severity="light"),
            # Told when the car stands, which takes some real seconds.
            steps.push("light", 120),
            steps.sms("light", 150),
            steps.alarmed("plan", 195, task="call_back"),
        ),
        drives_s=FIXES_KNOWN_S,
        texts=("軽い衝撃がありました",),
        lights=("CONNECTED",),
        ends={"phase": "reaching", "tasks": ["call_back"]},
        over_s=200,
    ),
    Story(
        name="parked-hit",
        about="Somebody runs into the standing car at 11 km/h: push, SMS, call-back list; nobody is rung or sent.",
        script=({"do": "stop", "at_s": 0.0},),
        deed=LIGHT,
        expects=(
            steps.opened("impact", severity="light"),
            steps.push("light", 15),
            steps.sms("light", 75),
            steps.alarmed("plan", 195, task="call_back"),
        ),
        lights=("CONNECTED",),
        reasons=frozenset({"parked"}),
        over_s=200,
        route="matsumoto-town",
    ),
    Story(
        name="long-press-no-answer",
        about="The button is held and nobody picks up afterwards: as after a severe crash, to the end.",
        deed=press("long"),
        expects=(
            steps.opened("long_press"),
            steps.push("severe", 3),
            steps.alarmed("plan", 3),
            steps.still_waiting(),
            *NOBODY_ANSWERS_SEVERE,
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        receipt=True,
        over_s=110,
    ),
    Story(
        name="breakdown-press",
        about="A short press; the phone rings after 30 s, the driver asks for help: a tow truck comes.",
        deed=press("short"),
        driver="asks_help",
        expects=(
            steps.opened("short_press"),
            steps.push("trouble", 3),
            *steps.talked("driver", 1, 35, ends_by_s=120),
            steps.answered("help", 90),
            steps.alarmed("help", 90),
            steps.still_waiting(),
            *steps.help_comes("roadside", 90),
        ),
        calls={"driver": 1},
        lights=("CONNECTED", "HELP_COMING"),
        receipt=True,
        over_s=160,
        route="matsumoto-town",
    ),
    Story(
        name="trouble-no-answer",
        about="A short press and no answer: one call, an operator, and a tow truck after three minutes.",
        deed=press("short"),
        expects=(
            steps.opened("short_press"),
            steps.push("trouble", 3),
            *steps.rung("driver", 1, 35),
            steps.alarmed("plan", 95),
            steps.still_waiting(),
            *steps.help_comes("roadside", 185),
        ),
        calls={"driver": 1},
        lights=("CONNECTED", "HELP_COMING"),
        receipt=True,
        over_s=240,
        route="matsumoto-town",
    ),
    Story(
        name="pothole",
        about="A deep pothole at speed: nothing happens.",
        deed=car("pothole"),
        expects=(),
        incidents=0,
        over_s=60,
    ),
    Story(
        name="dropped-device",
        about="The device falls to the car's floor: free fall and a hard knock, and nothing happens.",
        deed=car("drop"),
        expects=(),
        incidents=0,
        over_s=60,
    ),
)
