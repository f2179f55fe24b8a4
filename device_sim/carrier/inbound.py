"""Our own number as the carrier knows it, and people who ring it or write to it. Pure."""

from __future__ import annotations

from typing import Literal
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, Field

from device_sim.carrier.orders import DEFAULT_LIMIT_S, E164, CallOrder, MessageOrder, TwilioError
from device_sim.carrier.people import Person, Temperament
from device_sim.carrier.twiml import TwimlError

Method = Literal["GET", "POST"]
NUMBER = E164.pattern


class OurNumber(BaseModel):
    """What a number of the account is set to, by the names of Twilio's IncomingPhoneNumber; empty: nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voice_url: str = Field(default="", description="Asked for TwiML when somebody rings.")
    voice_method: Method = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: Method = "POST"
    status_callback: str = Field(default="", description="Told when a call that came in has ended.")
    status_callback_method: Method = "POST"
    sms_url: str = Field(default="", description="Told when somebody has written.")
    sms_method: Method = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: Method = "POST"


class _FromPerson(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: str = Field(alias="from", pattern=f"^{NUMBER}$")
    to: str = Field(pattern=f"^{NUMBER}$")


class Ring(_FromPerson):
    """Somebody rings: who, and how they are, if that is to be changed from now on."""

    temperament: Temperament | None = None
    person: Person | None = None

    @property
    def caller(self) -> Person | None:
        """How the caller is, where that was said."""
        if self.person is not None or self.temperament is None:
            return self.person
        return Person(temperament=self.temperament)


class Text(_FromPerson):
    """Somebody writes."""

    body: str = Field(min_length=1)


def call_order(ring: Ring, number: OurNumber) -> CallOrder:
    """The call as an order of its own.

    Raises:
        TwilioError: 21205, the number has no address to be asked.
    """
    if not number.voice_url:
        raise TwilioError(400, 21205, "The number has no voice_url; see PUT /_sim/number.")
    return CallOrder(
        to=ring.to,
        from_=ring.from_,
        url=number.voice_url,
        method=number.voice_method,
        twiml="",
        fallback_url=number.voice_fallback_url,
        fallback_method=number.voice_fallback_method,
        status_callback=number.status_callback,
        status_callback_method=number.status_callback_method,
        status_callback_events=("completed",),
        ring_s=0,
        limit_s=DEFAULT_LIMIT_S,
    )


def message_order(text: Text) -> MessageOrder:
    """The message as an order of its own."""
    return MessageOrder(text.to, text.from_, text.body, "")


def replies(document: str) -> list[str]:
    """The texts of the Message verbs that answer a message. An empty document answers nothing.

    Raises:
        TwimlError: it is not TwiML, or a verb is not simulated.
    """
    if not document.strip():
        return []
    try:
        # The peer is the system under test, not the open internet; expat bounds entity expansion itself.
        root = ElementTree.fromstring(document.strip())  # noqa: S314
    except ElementTree.ParseError as error:
        raise TwimlError(12100, f"document is not XML: {error}") from None
    if root.tag != "Response":
        raise TwimlError(12102, f"root element is {root.tag}, not Response")
    if unknown := {element.tag for element in root} - {"Message"}:
        raise TwimlError(12200, f"verb {', '.join(sorted(unknown))} is not simulated")
    return [" ".join("".join(element.itertext()).split()) for element in root]
