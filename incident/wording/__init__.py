"""What we say and write to people, in Japanese and English.

Nobody hears that an ambulance or a unit is on its way before somebody has accepted to come.
"""

from incident.wording.desk import Brief, briefing, desk
from incident.wording.facts import EN, JA, JAPAN_TIME, Facts, clock_time
from incident.wording.pages import buttons, choices, occasion, page, recorded
from incident.wording.spoken import contact_greeting, greeting, help_asked, spoken, welcome
from incident.wording.texts import carries_link, subject, text

__all__ = [
    "EN",
    "JA",
    "JAPAN_TIME",
    "Brief",
    "Facts",
    "briefing",
    "buttons",
    "carries_link",
    "choices",
    "clock_time",
    "contact_greeting",
    "desk",
    "greeting",
    "help_asked",
    "occasion",
    "page",
    "recorded",
    "spoken",
    "subject",
    "text",
    "welcome",
]
