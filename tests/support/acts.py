"""Scenes and happenings that many examples begin with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from support.scene import (
    NEVER_ANSWERS,
    Happening,
    Phone,
    Scene,
    Unit,
)

from incident.escalation.commands import AnswerFor, Close, Take
from incident.escalation.events import Answered, Joined
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, Outcome, Trigger

CONTACT, DRIVER = CallParty.CONTACT, CallParty.DRIVER


def severe(
    *,
    driver: Phone = NEVER_ANSWERS,
    contact: Phone = NEVER_ANSWERS,
    units: tuple[Unit, ...] = (),
    desk: Mapping[str, Mapping[str, float | None]] | None = None,
) -> Scene:
    return Scene(driver=driver, contact=contact, units=units, desk=desk or {}).open(severity=Severity.SEVERE)


def moderate(
    *,
    driver: Phone = NEVER_ANSWERS,
    contact: Phone = NEVER_ANSWERS,
    units: tuple[Unit, ...] = (),
    desk: Mapping[str, Mapping[str, float | None]] | None = None,
) -> Scene:
    return Scene(driver=driver, contact=contact, units=units, desk=desk or {}).open(
        severity=Severity.MODERATE
    )


def app(answer: Answer) -> Happening:
    return lambda now: Answered(now, answer, DRIVER, "app")


def joined(severity: Severity | None, trigger: Trigger = Trigger.IMPACT, **more: bool) -> Happening:
    return lambda now: Joined(now, trigger, severity, **more)


def operator_says(answer: Answer) -> Happening:
    return lambda now: AnswerFor(now, "akiko", answer)


def take(now: datetime) -> Take:
    return Take(now, "akiko")


def close(now: datetime) -> Close:
    return Close(now, "akiko", Outcome.ACCIDENT)
