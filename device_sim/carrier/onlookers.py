"""/_sim: what onlookers see and may change. No password: the carrier listens on 127.0.0.1 only. `GUIDE` lists it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from device_sim.carrier import stories
from device_sim.carrier.exchange import Exchange
from device_sim.carrier.inbound import OurNumber, Ring, Text
from device_sim.carrier.journal import Filter
from device_sim.carrier.nastiness import Nastiness
from device_sim.carrier.orders import E164, TwilioError
from device_sim.carrier.outage import Down, Outage
from device_sim.carrier.people import Person

STORY_LIMIT: Final = 10_000

GUIDE: Final = """\
GET  /_sim/calls            every call: to, from, direction, status, answered_by, detected, spoken (to the person),
                            pressed, words (of the person), conferences with whom, times, timeline, callbacks;
                            ?short=1 without the last two, which is what a judge of many calls wants
GET  /_sim/messages         every text message, likewise
GET  /_sim/conferences      every conference: members, times, timeline, callbacks
GET  /_sim/people           everybody who is described, by number
PUT  /_sim/people/NUMBER    a temperament, or {"temperament": ..., "says": [...], "follows_link": "fine", ...}
PUT  /_sim/number           what our number is set to: {"voice_url": ..., "status_callback": ..., "sms_url": ...}
POST /_sim/inbound          somebody rings us: {"from": "+81...", "to": "+81...", "temperament" or "person": ...}
POST /_sim/inbound_sms      somebody writes to us: {"from": "+81...", "to": "+81...", "body": "..."}
PUT  /_sim/nasty            what goes wrong from now on: {"lost_call_answer_p": 0.05, ...}
POST /_sim/down             the API is away: {"for_s": 20, "how": "refuse" or "hang" or "500"}; calls go on.
                            With "refuse" /_sim is away too."""


def router(exchange: Exchange, outage: Outage) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/_sim")
    journal = exchange.journal

    @routes.get("/calls")
    async def all_calls(*, short: bool = False) -> Response:
        calls = journal.calls(Filter(), exchange.clock(), "", STORY_LIMIT)
        return JSONResponse(
            [
                stories.call_account(call, journal.timeline(call.sid))
                if short
                else stories.call_story(call, journal.timeline(call.sid), journal.callbacks(call.sid))
                for call in reversed(calls)
            ]
        )

    @routes.get("/messages")
    async def all_messages() -> Response:
        messages = journal.messages(Filter(), exchange.clock(), "", STORY_LIMIT)
        return JSONResponse(
            [
                stories.message_story(message, journal.timeline(message.sid), journal.callbacks(message.sid))
                for message in reversed(messages)
            ]
        )

    @routes.get("/conferences")
    async def all_conferences() -> Response:
        return JSONResponse(
            [
                stories.conference_story(one, journal.timeline(one.sid), journal.callbacks(one.sid))
                for one in reversed(journal.conferences(STORY_LIMIT))
            ]
        )

    @routes.get("/people")
    async def all_people() -> dict[str, Person]:
        return exchange.people

    @routes.put("/people/{number}")
    async def put_person(number: str, person: Person) -> Person:
        if not E164.fullmatch(number):
            raise TwilioError(400, 21211, f"{number} is not an E.164 number")
        exchange.set_person(number, person)
        return person

    @routes.get("/number")
    async def get_number() -> OurNumber:
        return exchange.number

    @routes.put("/number")
    async def put_number(number: OurNumber) -> OurNumber:
        exchange.set_number(number)
        return number

    @routes.post("/inbound")
    async def ring(ring: Ring) -> Response:
        call = exchange.ring(ring)
        return JSONResponse(stories.call_account(call, journal.timeline(call.sid)), status_code=201)

    @routes.post("/inbound_sms")
    async def write(text: Text) -> Response:
        message = exchange.receive_message(text)
        return JSONResponse(
            stories.message_story(message, journal.timeline(message.sid), []), status_code=201
        )

    @routes.get("/nasty")
    async def get_nasty() -> Nastiness:
        return exchange.nasty

    @routes.put("/nasty")
    async def put_nasty(nasty: Nastiness) -> Nastiness:
        exchange.set_nasty(nasty)
        return nasty

    @routes.post("/down")
    async def go_down(down: Down) -> Down:
        outage.begin(down)
        return down

    return routes
