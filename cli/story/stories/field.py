"""Units in the field, and the road on which nobody is sent by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from cli.simulated.world import FieldUnit
from cli.story import acts
from cli.story.stories import steps
from cli.story.stories.plan import SEVERE, SEVERE_BEGINS
from cli.story.story import GUARDS, Expect, Story
from incident.plan.in_use import default_plan

_MATSUMOTO, _HAKONE, _ODAWARA = GUARDS
_NOBODY_ANSWERS: Final = (
    *steps.rung("driver", 1, 3),
    *steps.rung("driver", 2, 45),
    Expect("ambulance_needed", by_s=45),
    *steps.rung("contact", 1, 75),
    steps.no_second_contact(110),
)
_ON_EXPRESSWAY: Final = (
    steps.opened("impact", severity="very_severe", road="expressway", rule="severe_expressway"),
    steps.push("expressway", 3),
    steps.sms("expressway", 3),
    steps.alarmed("plan", 3),
    steps.still_waiting(),
)
# Half a minute after its time a unit is late here, and after a minute another one is sent.
_HASTY_PLAN: Final = re.sub(
    r"redispatch_s = \d+", "redispatch_s = 60", re.sub(r"\blate_s = \d+", "late_s = 30", default_plan())
)

STORIES: Final = (
    Story(
        name="guard-declines",
        about="Severe, nobody answers; the nearest guard declines, the next one accepts and comes.",
        deed=SEVERE,
        units=(replace(_HAKONE, temperament="declines"), _ODAWARA),
        expects=(
            *SEVERE_BEGINS,
            *_NOBODY_ANSWERS,
            *steps.help_comes("guard", 45, offers=2),
            Expect("dispatch_declined", {"unit": "guard-hakone"}, by_s=60),
            Expect("dispatch_offered", {"unit": "guard-hakone"}, by_s=45),
            Expect("dispatch_offered", {"unit": "guard-odawara"}, by_s=60),
            Expect("dispatch_accepted", {"unit": "guard-odawara"}, by_s=75),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=115,
    ),
    Story(
        name="guard-out-of-service",
        about="Severe, nobody answers; the nearest guard, on shift, was taken out of service: the next one comes.",
        deed=SEVERE,
        units=(_HAKONE, _ODAWARA),
        acts=(acts.out_of_service("guard-hakone", "車両の点検").on("opened"),),
        expects=(
            *SEVERE_BEGINS,
            *_NOBODY_ANSWERS,
            *steps.help_comes("guard", 45),
            Expect("dispatch_offered", {"unit": "guard-odawara"}, by_s=45),
            Expect("dispatch_accepted", {"unit": "guard-odawara"}, by_s=75),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=115,
    ),
    Story(
        name="guard-taken-out",
        about="Severe; the nearest guard is taken out of service before it has answered: the next is asked at once.",
        deed=SEVERE,
        units=(replace(_HAKONE, temperament="ignores"), _ODAWARA),
        acts=(acts.out_of_service("guard-hakone", "車両の点検").on("dispatch_offered"),),
        expects=(
            *SEVERE_BEGINS,
            *_NOBODY_ANSWERS,
            *steps.help_comes("guard", 45, offers=2),
            Expect("dispatch_offered", {"unit": "guard-hakone"}, by_s=45),
            Expect("dispatch_withdrawn", {"unit": "guard-hakone"}, by_s=10, since="dispatch_offered"),
            Expect("dispatch_offered", {"unit": "guard-odawara"}, by_s=60),
            Expect("dispatch_accepted", {"unit": "guard-odawara"}, by_s=75),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=115,
    ),
    Story(
        name="nobody-free",
        about="Severe; one guard declines, the other does not react: operators are told that nobody is free.",
        deed=SEVERE,
        units=(replace(_HAKONE, temperament="declines"), replace(_ODAWARA, temperament="ignores")),
        expects=(
            *SEVERE_BEGINS,
            *_NOBODY_ANSWERS,
            Expect("dispatch_requested", {"dispatch": "guard"}, times=-1),
            Expect("dispatch_offered", {"unit": "guard-hakone"}, by_s=45),
            Expect("dispatch_declined", {"unit": "guard-hakone"}, by_s=60),
            Expect("dispatch_offered", {"unit": "guard-odawara"}, by_s=60),
            Expect("dispatch_offer_expired", {"unit": "guard-odawara"}, by_s=125),
            Expect("dispatch_offered", times=-1),
            Expect("dispatch_failed", {"dispatch": "guard"}, by_s=130),
            Expect("operator_alarmed", {"reason": "no_unit", "task": "no_unit"}, by_s=130),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED",),
        over_s=150,
    ),
    Story(
        name="guard-late",
        about="Severe; the guard is much slower than promised: the driver is told, and another one is sent.",
        deed=SEVERE,
        plan=_HASTY_PLAN,
        units=(replace(_HAKONE, temperament="drives_slowly", habits={"speed_kmh": 400}), _ODAWARA),
        expects=(
            *SEVERE_BEGINS,
            *_NOBODY_ANSWERS,
            Expect("dispatch_requested", {"dispatch": "guard"}, by_s=45),
            Expect("dispatch_offered", {"unit": "guard-hakone"}, by_s=45),
            Expect("dispatch_accepted", {"unit": "guard-hakone"}, by_s=60),
            Expect("dispatch_en_route", {"unit": "guard-hakone"}, by_s=75),
            Expect("push_queued", {"template": "help_accepted"}, times=2, by_s=270),
            Expect("sms_queued", {"template": "help_accepted"}, times=2, by_s=270),
            Expect("unit_late", {"unit": "guard-hakone"}, by_s=200),
            steps.push("help_late", 200),
            steps.sms("help_late", 200),
            steps.alarmed("unit_late", 200),
            Expect("relief_sought", {"unit": "guard-hakone"}, by_s=230),
            Expect("dispatch_offered", {"unit": "guard-odawara"}, by_s=230),
            Expect("dispatch_accepted", {"unit": "guard-odawara"}, by_s=250),
            Expect("unit_replaced", {"unit": "guard-odawara", "before": "guard-hakone"}, by_s=250),
            Expect("dispatch_en_route", {"unit": "guard-odawara"}, by_s=270),
        ),
        calls={"driver": 2, "contact": 1},
        lights=("CONNECTED", "HELP_COMING"),
        texts=("到着が遅れています",),
        over_s=280,
    ),
    Story(
        name="expressway",
        about="Severe on the Tomei expressway, nobody answers: words of evacuation, nobody sent by itself.",
        deed=SEVERE,
        route="tomei-gotemba-numazu",
        units=(*GUARDS, FieldUnit("guard-gotemba", "guard", "警備員 御殿場1号", (35.2960, 138.9430))),
        expects=(*_ON_EXPRESSWAY, *_NOBODY_ANSWERS),
        calls={"driver": 2, "contact": 1},
        texts=("ガードレールの外側に避難してください",),
        lights=("CONNECTED",),
        ends={"phase": "reaching", "dispatches": []},
        over_s=140,
    ),
    Story(
        name="expressway-help",
        about="Severe on the Tomei expressway; the driver hears where to stand and asks for help: a person decides.",
        deed=SEVERE,
        route="tomei-gotemba-numazu",
        driver="asks_help",
        expects=(
            *_ON_EXPRESSWAY,
            *steps.talked("driver", 1, 3, ends_by_s=0)[:2],
            steps.answered("help", 100),
            steps.alarmed("help", 100, party=None),
            # If they listen to the end before they press.
            Expect("ambulance_needed", times=-1),
            # Nobody is at the desk: they wait on the line, and are not hung up on.
            Expect("line_waits", {"party": "driver"}, by_s=100),
            Expect("operator_alarmed", {"party": "driver"}, times=-1),
            Expect("operator_alarmed", {"reason": "nobody_came"}, times=-1),
        ),
        calls={"driver": 1},
        spoken=(("driver", "ガードレールの外側に避難してください"), ("driver", "シャープ9910")),
        stays_s={"driver": 100},
        lights=("CONNECTED",),
        ends={"phase": "helping", "answer": "help", "dispatches": []},
        over_s=130,
    ),
)
