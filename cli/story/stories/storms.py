"""More than can be done at once, and a carrier that is away."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cli.story.acts import carrier
from cli.story.stories import steps
from cli.story.stories.plan import NOBODY_ANSWERS_SEVERE, SEVERE, SEVERE_BEGINS
from cli.story.story import Expect, Story

_LATER_S: Final = 60.0

STORIES: Final = (
    Story(
        name="storm",
        about="300 incidents in 10 s at one call a second of the plan; a severe one goes first while 100 minor wait.",
        deed=SEVERE,
        crowd=299,
        expects=tuple(
            replace(expect, by_s=expect.by_s + _LATER_S)
            for expect in (
                *SEVERE_BEGINS,
                *NOBODY_ANSWERS_SEVERE[:-6],
                # Others may have the units by then, and are asked about again.
                Expect("dispatch_requested", times=-1),
                Expect("dispatch_offered", times=-1),
                Expect("dispatch_accepted", times=-1),
                Expect("dispatch_en_route", times=-1),
                Expect("dispatch_failed", times=-1),
                Expect("operator_alarmed", {"reason": "no_unit"}, times=-1),
                Expect("push_queued", {"template": "help_accepted"}, times=-1),
                Expect("sms_queued", {"template": "help_accepted"}, times=-1),
            )
        ),
        calls={"driver": 2, "contact": 1},
        time_scale=0.3,
        over_s=360,
    ),
    Story(
        name="carrier-down",
        about="Severe; the carrier is away for a minute: people are alarmed, then calls go on, none doubled.",
        deed=SEVERE,
        acts=(
            carrier("down", for_s=6.0, how="refuse").on("call_ringing", {"party": "driver", "attempt": 1}),
        ),
        expects=(
            *SEVERE_BEGINS,
            Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=3),
            Expect("call_ended", {"party": "driver", "attempt": 1}, by_s=90),
            Expect("call_queued", {"party": "driver", "attempt": 2}, by_s=90),
            Expect("call_ended", {"party": "driver", "attempt": 2, "status": "no-answer"}, by_s=200),
            Expect("carrier_down", by_s=90),
            steps.alarmed("carrier_down", 90),
            Expect("ambulance_needed", by_s=45),
            Expect("call_queued", {"party": "contact", "attempt": 1}, by_s=75),
            Expect("call_ended", {"party": "contact", "attempt": 1, "status": "no-answer"}, by_s=200),
            steps.no_second_contact(200),
            *steps.help_comes("guard", 45),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=190,
    ),
)
