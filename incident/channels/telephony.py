"""What we need of a telephone carrier, and the ways in which it can fail. Twilio is one behind this seam.

Failures are told apart by what they mean for a second try: the carrier said no, it is
busy, it was never reached, or nobody knows whether it did what it was asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

_NUMBER: Final = re.compile(r"(?:\+|%2B)[0-9]{6,15}", re.IGNORECASE)


class CarrierError(Exception):
    """A request to the carrier that did not succeed. Raised only as one of its kinds.

    Its words go into logs, so the numbers that the carrier and addresses repeat are left out. `code` is
    the carrier's own, if it gave one.
    """

    def __init__(self, words: str, code: str | None = None) -> None:
        self.code = code
        super().__init__(_NUMBER.sub("(number)", words))


class Rejected(CarrierError):
    """The carrier refuses, and would refuse again: a wrong number, no permission."""


class Barred(CarrierError):
    """The carrier does not accept our account; nothing was done until somebody puts that right."""


class Overloaded(CarrierError):
    """The carrier asks for patience; nothing was done."""


class Unreachable(CarrierError):
    """No connection was made, so nothing was done."""


class Unanswered(CarrierError):
    """The request may or may not have been carried out."""


@dataclass(frozen=True, slots=True)
class Found:
    """A call or message of the carrier's own list."""

    sid: str
    status: str


class Carrier(Protocol):
    """Places, finds, follows and withdraws calls, and sends messages. Safe between threads.

    Every method raises CarrierError. Numbers are E.164; states of calls are Twilio's words (CallStatus).
    """

    def place_call(self, number: str, call_id: UUID, ring_s: float, *, detect: bool = True) -> str:
        """Ring a number; the carrier's id for the call. Its webhooks carry `call_id`.

        `detect`: have it guess whether a machine picked up, if that is set at all.
        """
        ...

    def connect_call(self, sid: str, call_id: UUID) -> None:
        """Take a call that is under way out of what it hears, to the conference."""
        ...

    def find_calls(self, number: str, since: datetime) -> list[Found]:
        """Calls to a number that the carrier began since a moment, oldest first."""
        ...

    def call_status(self, sid: str) -> str:
        """How a call stands."""
        ...

    def cancel_call(self, sid: str) -> str:
        """Withdraw a call that is queued or ringing, and how it stands then; an answered one is left alone."""
        ...

    def send_sms(self, number: str, body: str, message_id: UUID) -> str:
        """Send a text; the carrier's id for it. Its webhooks carry `message_id`."""
        ...

    def find_messages(self, number: str, body: str, since: datetime) -> list[Found]:
        """Messages with this very text to a number since a moment, oldest first."""
        ...
