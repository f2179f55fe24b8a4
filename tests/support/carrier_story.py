"""Calls at the simulated carrier told with times given by hand: no clock, no network, no disk."""

from __future__ import annotations

from dataclasses import replace

from device_sim.carrier import conversation, ringing
from device_sim.carrier.board import Board, Moved
from device_sim.carrier.calls import Call, Pace, Stage, Step, World
from device_sim.carrier.conferences import Conference
from device_sim.carrier.detection import Luck
from device_sim.carrier.orders import CallChange, CallOrder
from device_sim.carrier.people import Person
from device_sim.carrier.timeline import Outgoing

TO, WE, DESK = "+819011112222", "+815000000000", "+815099990000"
ORDER = CallOrder(
    to=TO,
    from_=WE,
    url="https://insurer.example/voice/7",
    method="POST",
    twiml="",
    fallback_url="",
    fallback_method="POST",
    status_callback="https://insurer.example/status/7",
    status_callback_method="POST",
    status_callback_events=("initiated", "ringing", "answered", "completed"),
    ring_s=14,
    limit_s=600,
)


class Calls:
    """Calls among people, moved on by hand. `lines` are (call, at, kind), and `outgoing` what was requested."""

    def __init__(self, people: dict[str, Person | str], scale: float = 1.0, bridge_s: float = 8.0):
        described = {number: Person.model_validate(person) for number, person in people.items()}
        self.board = Board([], [], World(described, Pace(scale, bridge_s=bridge_s)))
        self.known: dict[str, Call] = {}
        self.rooms: dict[str, Conference] = {}
        self.lines: list[tuple[str, float, str]] = []
        self.outgoing: list[Outgoing] = []

    def place(self, sid: str, order: CallOrder = ORDER, at: float = 0.0, luck: Luck = "right") -> Call:
        """A call that leaves the queue at once."""
        step = Step(ringing.placed(sid, "AC1", order, at, luck), self.board.world)
        ringing.begin(step, at)
        self._take(self.board.take(step, at))
        return self.known[sid]

    def ring_us(self, sid: str, from_: str, at: float = 0.0, order: CallOrder = ORDER) -> Call:
        """Somebody rings our number."""
        step = ringing.arriving(sid, "AC1", replace(order, to=WE, from_=from_), at, self.board.world)
        conversation.arrived(step, at)
        self._take(self.board.take(step, at))
        return self.known[sid]

    def at(self, seconds: float) -> None:
        """Let time pass."""
        for moved in self.board.advance(seconds):
            self._take(moved)

    def give(self, sid: str, document: str, seconds: float) -> Call:
        """Answer the call's open fetch."""
        self.at(seconds)
        call = self.known[sid]
        assert call.fetch is not None
        step = conversation.document_came(call, call.fetch.number, document, seconds, self.board.world)
        self._take(self.board.take(step, seconds))
        return self.known[sid]

    def fail(self, sid: str, seconds: float) -> Call:
        """The call's open fetch is given up."""
        call = self.known[sid]
        assert call.fetch is not None
        step = conversation.document_failed(call, call.fetch.number, "no answer", seconds, self.board.world)
        self._take(self.board.take(step, seconds))
        return self.known[sid]

    def update(self, sid: str, change: CallChange, seconds: float) -> Call:
        """POST Calls/{sid}."""
        self.at(seconds)
        step = conversation.update(self.known[sid], change, seconds, self.board.world)
        self._take(self.board.take(step, seconds))
        return self.known[sid]

    def answer(self, sid: str, document: str, seconds: float, order: CallOrder = ORDER) -> Call:
        """A call whose person has picked up and hears the document from `seconds` on."""
        self.place(sid, order, seconds - 5)
        return self.give(sid, document, seconds)

    def kinds(self, sid: str) -> list[tuple[float, str]]:
        """The timeline of one call or conference."""
        return [(at, kind) for one, at, kind in self.lines if one == sid]

    def sent(self, kind: str) -> list[dict[str, str]]:
        """The parameters of all requests of a kind."""
        return [outgoing.params for outgoing in self.outgoing if outgoing.kind == kind]

    def _take(self, moved: Moved) -> None:
        for change in moved:
            record = change.record
            if isinstance(record, Call):
                self.known[record.sid] = record
            else:
                self.rooms[record.sid] = record
            self.lines += [(record.sid, round(entry.at, 3), entry.kind) for entry in change.entries]
            self.outgoing += change.outgoing


class Story:
    """One call among them."""

    def __init__(
        self, temperament: str | Person, order: CallOrder = ORDER, scale: float = 1.0, desk: str = ""
    ):
        people: dict[str, Person | str] = {TO: temperament} | ({DESK: desk} if desk else {})
        self.calls = Calls(people, scale)
        self.calls.place("CA1", order)

    @property
    def call(self) -> Call:
        return self.calls.known["CA1"]

    @property
    def world(self) -> World:
        return self.calls.board.world

    @property
    def lines(self) -> list[tuple[float, str]]:
        return self.calls.kinds("CA1")

    @property
    def callbacks(self) -> list[dict[str, str]]:
        return self.calls.sent("status")

    def at(self, seconds: float) -> Call:
        self.calls.at(seconds)
        return self.call

    def give(self, document: str, seconds: float) -> Call:
        return self.calls.give("CA1", document, seconds)

    def fail(self, seconds: float) -> Call:
        return self.calls.fail("CA1", seconds)

    def update(self, change: CallChange, seconds: float) -> Call:
        return self.calls.update("CA1", change, seconds)

    def statuses(self) -> list[tuple[str, str]]:
        return [(params["SequenceNumber"], params["CallStatus"]) for params in self.callbacks]

    def is_over(self) -> bool:
        return self.call.stage is Stage.ENDED
