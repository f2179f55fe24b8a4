"""What joins an open incident: further impacts and presses, the phone, silence, driving on, and what comes late."""

from __future__ import annotations

from typing import Final

from cli.story.acts import app_crash, car, press
from cli.story.stories import steps
from cli.story.stories.plan import MODERATE, SEVERE
from cli.story.story import FIXES_KNOWN_S, Expect, Story

_MODERATE_BEGINS: Final = (steps.opened("impact", severity="moderate"), steps.push("moderate", 3))


def _severe_from(since: str, *, first_call: int) -> tuple[Expect, ...]:
    """The ladder of a severe impact to its end, nobody answering; `first_call` is placed by it at once."""
    return (
        steps.push("severe", 3, since),
        steps.alarmed("plan", 3, since=since),
        steps.still_waiting(),
        *steps.rung("driver", first_call, 5, since),
        *steps.rung("driver", first_call + 1, 50, since),
        Expect("ambulance_needed", by_s=40, since=since),
        *steps.rung("contact", 1, 70, since),
        steps.no_second_contact(110, since),
        *steps.help_comes("guard", 40, since),
    )


STORIES: Final = (
    Story(
        name="second-impact",
        about="A moderate impact, and a severe one while nobody answers: one incident, raised, called anew at once.",
        deed=MODERATE,
        acts=(SEVERE.on("call_ended", {"party": "driver", "attempt": 1}),),
        time_scale=0.3,
        expects=(
            *_MODERATE_BEGINS,
            *steps.rung("driver", 1, 15),
            Expect("impact_joined", {"severity": "very_severe"}, by_s=70),
            Expect("raised", {"rule": "severe", "before": "moderate"}, by_s=70),
            *_severe_from("raised", first_call=2),
        ),
        calls={"driver": 3, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        ends={"severity": "very_severe"},
        over_s=180,
    ),
    Story(
        name="press-during-incident",
        about="Moderate; the button is held while the phone rings: raised, and that very call goes on, not a second.",
        deed=MODERATE,
        driver={"temperament": "asks_help", "answer_after_s": 13},
        acts=(press("long").on("opened", after_s=9),),
        time_scale=0.5,
        expects=(
            *_MODERATE_BEGINS,
            *steps.talked("driver", 1, 15, ends_by_s=90),
            Expect("press_joined", {"trigger": "long_press"}, by_s=25),
            Expect("raised", {"rule": "severe", "before": "moderate"}, by_s=25),
            steps.push("severe", 25),
            steps.alarmed("plan", 25),
            steps.still_waiting(),
            Expect("ambulance_needed", times=-1),
            steps.answered("help", 60),
            steps.alarmed("help", 60, task="take"),
            *steps.help_comes("guard", 60),
        ),
        calls={"driver": 1},
        lights=("CONNECTED", "HELP_COMING"),
        receipt=True,
        over_s=100,
    ),
    Story(
        name="phone-crash-event",
        about="Moderate by the device; the driver's phone felt a crash too, and says so twice: raised once.",
        deed=MODERATE,
        acts=(
            app_crash().on("push_queued", {"template": "moderate"}, after_s=3),
            app_crash().on("raised", after_s=20),
        ),
        expects=(
            *_MODERATE_BEGINS,
            Expect("phone_crash_joined", by_s=20),
            Expect("raised", {"rule": "severe", "before": "moderate"}, by_s=20),
            *_severe_from("raised", first_call=1),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=130,
    ),
    Story(
        name="phone-crash-alone",
        about="Only the driver's phone felt a crash: an incident opens and goes as a severe one.",
        deed=app_crash(),
        expects=(
            steps.opened("phone_crash"),
            *_severe_from("opened", first_call=1),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=115,
    ),
    Story(
        name="device-silent-after-shock",
        about="Moderate, then nothing more from the device while others are heard: raised to severe.",
        deed=MODERATE,
        acts=(car("offline", for_s=600).on("opened", after_s=1),),
        others=1,
        # Silence is told after some real seconds: here while the first call rings, which then goes on.
        time_scale=0.3,
        expects=(
            *_MODERATE_BEGINS,
            *steps.rung("driver", 1, 15),
            Expect("device_silent", by_s=30),
            Expect("raised", {"rule": "severe", "before": "moderate"}, by_s=30),
            *_severe_from("raised", first_call=1)[:3],
            *_severe_from("raised", first_call=1)[5:],
        ),
        calls={"driver": 2, "contact": 1},
        over_s=130,
    ),
    Story(
        name="car-drives-on",
        about="What looks like a moderate impact on the expressway, and the car drives on: nobody is rung any more.",
        deed=car("crash", delta_v_kmh=19, pdof_deg=180, shape="haversine", duration_ms=110, drives_on=True),
        route="tomei-gotemba-numazu",
        drives_s=FIXES_KNOWN_S,
        time_scale=0.5,
        expects=(
            steps.opened("impact", severity="moderate", road="expressway"),
            steps.push("expressway", 3),
            *steps.rung("driver", 1, 15),
            steps.alarmed("plan", 35),
            steps.still_waiting(),
            Expect("drove_on", by_s=58),
            Expect("lowered", {"rule": "light_expressway", "before": "moderate_expressway"}, by_s=58),
        ),
        calls={"driver": 1},
        lights=("CONNECTED",),
        ends={"phase": "reaching"},
        over_s=110,
    ),
    Story(
        name="late-impact",
        about="Severe in a tunnel without a network, told 35 s later: people look at once, nobody is sent by itself.",
        deed=SEVERE,
        script=({"do": "offline", "at_s": 4.0, "for_s": 38.0},),
        drives_s=6.0,
        expects=(
            steps.opened("impact", by_s=450, severity="very_severe", late=True, rule="late"),
            steps.push("late", 3, "opened"),
            steps.alarmed("plan", 3, since="opened"),
            steps.still_waiting(),
            *steps.rung("driver", 1, 3, "opened"),
            *steps.rung("driver", 2, 45, "opened"),
            *steps.rung("contact", 1, 75, "opened"),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED",),
        ends={"flags": ["late"], "dispatches": []},
        over_s=560,
    ),
)
