"""Operators: who takes an incident, who is rung when nobody does, and what they stop."""

from __future__ import annotations

from typing import Final

from cli.simulated.world import Member
from cli.story.acts import operator
from cli.story.stories import steps
from cli.story.stories.answering import SATO
from cli.story.stories.plan import SEVERE, SEVERE_BEGINS
from cli.story.story import Expect, Story

_BOSS: Final = Member("boss", "+819050000002", role="supervisor", answers="never_answers")
_OSAKA: Final = Member("osaka", "+819050000003", role="second_site", answers="never_answers")

STORIES: Final = (
    Story(
        name="no-operator",
        about="Severe, a silent driver, and nobody at the desk: supervisor and second site ring, the line is held.",
        deed=SEVERE,
        driver="silent",
        desk=(_BOSS, _OSAKA),
        expects=(
            *SEVERE_BEGINS,
            *steps.talked("driver", 1, 3, ends_by_s=230),
            # The line broke, and nobody was reached: rung again.
            *steps.talked("driver", 2, 230, ends_by_s=0)[:2],
            Expect("line_waits", {"party": "driver", "reason": "silent_on_line"}, by_s=80),
            steps.alarmed("silent_on_line", 80, party="driver"),
            steps.alarmed("left_waiting", 230, party="driver"),
            Expect("operator_alarmed", {"reason": "nobody_came"}, times=-1),
            Expect("desk_called", {"round": "supervisor"}, times=-1),
            Expect("desk_called", {"round": "second_site"}, times=-1),
            Expect("desk_called", times=-1),
            Expect("desk_rung", {"round": "supervisor", "phones": 1}, times=-1),
            Expect("desk_rung", {"round": "second_site", "phones": 1}, times=-1),
            Expect("desk_overflow", times=-1),
            Expect("call_queued", {"party": "operator"}, times=-1),
            Expect("call_ended", {"party": "operator"}, times=-1),
            *steps.help_comes("guard", 45),
            Expect("ambulance_needed", by_s=45),
            # The driver is on the line meanwhile: nobody near them is told sooner that they cannot be reached.
            *steps.rung("contact", 1, 105),
            steps.no_second_contact(145),
        ),
        calls={"driver": 2, "contact": 1, "boss": -1, "osaka": -1},
        spoken=(
            ("driver", "お返事が聞こえません"),
            ("driver", "すぐに出られる担当者がおりません"),
            ("boss", ""),
            ("osaka", ""),
        ),
        stays_s={"driver": 170},
        lights=("CONNECTED", "HELP_COMING"),
        over_s=230,
    ),
    Story(
        name="operator-takes-over",
        about="Severe; an operator takes it while the phone rings, then has the driver called: they talk.",
        deed=SEVERE,
        driver={"temperament": "wants_operator", "answer_after_s": 10},
        desk=(SATO,),
        acts=(
            operator("take").on("call_ringing", {"party": "driver", "attempt": 1}, after_s=2),
            operator("call").on("taken", after_s=10),
        ),
        expects=(
            *SEVERE_BEGINS,
            Expect("call_queued", {"party": "driver", "attempt": 1}, by_s=3),
            Expect("call_ended", {"party": "driver", "attempt": 1, "status": "canceled"}, by_s=30),
            Expect("taken", {"operator": "sato"}, by_s=20),
            Expect("call_driver_wanted", {"operator": "sato"}, by_s=35),
            Expect("desk_rung", times=-1),
            *steps.operator_comes(60),
            *steps.talked("driver", 2, 60, ends_by_s=110),
            Expect("line_connected", {"party": "driver"}, by_s=80),
            *steps.help_comes("guard", 45),
            Expect("ambulance_needed", by_s=45),
        ),
        calls={"driver": 2, "sato": 1},
        talks=(("driver", "sato"),),
        lights=("CONNECTED", "HELP_COMING"),
        ends={"phase": "helping", "taken_by": "sato"},
        over_s=120,
    ),
    Story(
        name="operator-cancels",
        about="Severe, a guard on the way; an operator calls it off and closes: the unit is free, the device told.",
        deed=SEVERE,
        acts=(
            operator("dispatches/guard", method="DELETE").on("dispatch_en_route", after_s=2),
            operator("close", {"outcome": "mistake"}).on("help_called_off", after_s=15),
        ),
        expects=(
            *SEVERE_BEGINS,
            *steps.rung("driver", 1, 3),
            Expect("call_queued", {"party": "driver", "attempt": 2}, by_s=45),
            Expect("call_ended", {"party": "driver", "attempt": 2}, by_s=85),
            Expect("ambulance_needed", by_s=45),
            *steps.help_comes("guard", 45),
            Expect("help_called_off", {"dispatch": "guard", "operator": "operator"}, by_s=65),
            Expect("dispatch_stood_down", {"dispatch": "guard"}, by_s=65),
            Expect("call_queued", {"party": "contact"}, times=-1),
            Expect("call_ended", {"party": "contact"}, times=-1),
            Expect("no_further_contact", {"contacts": 1}, times=-1),
            Expect("closed", {"outcome": "mistake", "operator": "operator"}, by_s=80),
        ),
        calls={"driver": 2, "contact": -1},
        lights=("CONNECTED", "HELP_COMING", "CONNECTED", "ENDED"),
        ends={"phase": "closed", "outcome": "mistake", "tasks": []},
        over_s=130,
    ),
)
