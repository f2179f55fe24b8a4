"""The words in which incidents are spoken of: in the database, over HTTP, and between rooms."""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """What opened an incident."""

    IMPACT = "impact"
    LONG_PRESS = "long_press"
    SHORT_PRESS = "short_press"
    PHONE_CRASH = "phone_crash"
    """The phone's own crash detection."""
    CALL = "call"
    """Somebody rings us."""


class Reach(StrEnum):
    """How the driver is reached, by their own stated preference."""

    VOICE = "voice"
    SLOW_VOICE = "slow_voice"
    """Spoken slower, and everything twice."""
    TEXT = "text"
    """Somebody who cannot hear or speak: never by voice alone."""


class Phase(StrEnum):
    """Where an incident stands."""

    REACHING = "reaching"
    """Nobody has answered yet; the escalation plan runs."""
    HELPING = "helping"
    """Help was asked for, or an operator has taken over; people act now."""
    SETTLING = "settling"
    """The driver said all is well; only the operator's call back remains."""
    CLOSED = "closed"


class Answer(StrEnum):
    """What a person told us. Nothing else counts as an answer: voicemail never does."""

    FINE = "fine"
    HELP = "help"
    AMBULANCE = "ambulance"
    OPERATOR = "operator"
    ACCIDENT = "accident"
    """What a short press was about."""
    MISTAKE = "mistake"
    """All is well, and the button was pressed by mistake."""


WELL = (Answer.FINE, Answer.MISTAKE)
"""Answers of who needs nothing."""


class Outcome(StrEnum):
    """What an incident turned out to be, said at closing."""

    ACCIDENT = "accident"
    TROUBLE = "trouble"
    DRIVER_FINE = "driver_fine"
    FALSE_ALARM = "false_alarm"
    MISTAKE = "mistake"
    """The button was pressed by mistake."""
    POTHOLE = "pothole"
    DROP = "drop"
    """The device was dropped."""
    TEST = "test"
    """Counted neither as real nor as false."""
    MERGED = "merged"
    """It is about the same as another incident, and goes on there; not counted either."""


class RoadKind(StrEnum):
    """The road an incident happened on: on an expressway nobody may walk about."""

    GENERAL = "general"
    EXPRESSWAY = "expressway"
    UNKNOWN = "unknown"


class DispatchKind(StrEnum):
    """What can be sent to the place."""

    GUARD = "guard"
    ROADSIDE = "roadside"
    """Roadside help of a kind not known yet."""
    TOW = "tow"
    BATTERY = "battery"
    TYRE = "tyre"
    KEY = "key"
    FUEL = "fuel"


class Fuel(StrEnum):
    """What a car runs on."""

    PETROL = "petrol"
    DIESEL = "diesel"
    HYBRID = "hybrid"
    ELECTRIC = "electric"
    HYDROGEN = "hydrogen"
    LPG = "lpg"


class DispatchState(StrEnum):
    """The life of one dispatch."""

    REQUESTED = "requested"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    SECURED = "secured"
    COMPLETED = "completed"
    DECLINED = "declined"
    OFFER_EXPIRED = "offer_expired"
    STOOD_DOWN = "stood_down"
    FAILED = "failed"


class AmbulanceState(StrEnum):
    """The request for an ambulance, made by a person at the desk."""

    NEEDED = "needed"
    ASKED = "asked"
    ACCEPTED = "accepted"
    ARRIVED = "arrived"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class CallParty(StrEnum):
    """Whom a call is for."""

    DRIVER = "driver"
    CONTACT = "contact"
    OPERATOR = "operator"
    CALLER = "caller"
    """Whoever rang us."""


class Language(StrEnum):
    """Languages of everything a customer hears or reads."""

    JA = "ja"
    EN = "en"
