"""How a device keeps its connection: back-off, watchdogs, silence; with a broker that is only pretended."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from concurrent.futures import Future

import pytest

import device_sim.device.session
from device_sim.device.core import DeviceCore
from device_sim.device.link import Accepted, Broker, Delivered, Identity, LinkEvent, Lost
from device_sim.device.session import Backoff, Session
from device_sim.device.writer import Outgoing, WallClock
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import Stamp


class PretendedLink:
    """Records what a session does to its link."""

    made: list[PretendedLink]
    reachable: bool

    def __init__(self, broker: Broker, identity: Identity, will: Outgoing) -> None:
        self.will = will
        self.events: list[LinkEvent] = []
        self.published: list[Outgoing] = []
        self.pings = 0
        self.ended = ""
        PretendedLink.made.append(self)

    def open(self) -> None:
        if not PretendedLink.reachable:
            raise ConnectionRefusedError("nobody there")

    def drain(self) -> list[LinkEvent]:
        events, self.events = self.events, []
        return events

    def publish(self, message: Outgoing) -> None:
        self.published.append(message)

    def keep_alive(self) -> None:
        self.pings += 1

    def cut(self) -> None:
        self.ended = "cut"

    def disconnect(self) -> None:
        self.ended = "disconnected"


def at_once(connect: Callable[[], None]) -> Future[None]:
    future: Future[None] = Future()
    try:
        connect()
    except OSError as error:
        future.set_exception(error)
    else:
        future.set_result(None)
    return future


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[PretendedLink]:
    PretendedLink.made, PretendedLink.reachable = [], True
    monkeypatch.setattr(device_sim.device.session, "Link", PretendedLink)
    return PretendedLink.made


def new_session() -> tuple[DeviceCore, Session]:
    core = DeviceCore(7, Sensor(), WallClock(Stamp.UNSET))
    return core, Session(core, Broker("h", 1), Identity("00", "dev"), at_once, rng=random.Random(3))


def step(session: Session, now_s: float) -> None:
    session.step(now_s, now_s * 1000.0)


def test_waits_double_up_to_a_minute_with_jitter() -> None:
    backoff = Backoff(random.Random(1))
    waits = [backoff.next_s() for _ in range(10)]
    for wait, longest in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60], strict=True):
        assert longest / 2 <= wait <= longest
    assert len({round(wait, 3) for wait in waits[6:]}) == 4, "never in step with others"
    backoff.reset()
    assert backoff.next_s() <= 1.0


def test_an_accepted_connection_brings_the_status_and_then_whatever_comes(links: list[PretendedLink]) -> None:
    core, session = new_session()
    step(session, 0.0)
    assert session.due_s() == float("inf"), "the opener will say"
    step(session, 0.01)
    assert not core.online
    links[0].events.append(Accepted())
    step(session, 0.1)
    assert core.online
    assert [message.name for message in links[0].published] == ["status"]
    assert links[0].will.sequence == 1
    links[0].events.append(Delivered(links[0].published[0].sequence))
    step(session, 0.2)
    assert core.published == {"status": 1}


def test_an_unreachable_broker_is_tried_again_later_and_later(links: list[PretendedLink]) -> None:
    PretendedLink.reachable = False
    core, session = new_session()
    attempts: list[float] = []
    for tenth in range(3000):
        step(session, tenth / 10)
        if len(links) > len(attempts):
            attempts.append(tenth / 10)
    gaps = [after - before for before, after in itertools.pairwise(attempts)]
    assert gaps[0] <= 1.2
    assert 15.0 < gaps[-1] <= 60.2
    assert 6 <= len(attempts) <= 14
    reasons = {entry.data["reason"] for entry in core.journal.entries if entry.kind == "disconnected"}
    assert reasons == {"unreachable: nobody there"}
    assert [link.will.sequence for link in links] == list(range(1, len(links) + 1)), (
        "a will each, a number each"
    )


def test_a_broker_that_accepts_and_drops_is_not_hammered(links: list[PretendedLink]) -> None:
    _, session = new_session()
    for tenth in range(600):
        for link in links:
            if not link.ended and not link.published:
                link.events.append(Accepted())
            elif not link.ended:
                link.events.append(Lost("kicked"))
        step(session, tenth / 10)
    assert len(links) < 12


def test_a_connection_that_delivered_starts_the_waits_anew(links: list[PretendedLink]) -> None:
    PretendedLink.reachable = False
    core, session = new_session()
    now_s = 0.0
    while len(links) < 6:
        now_s += 0.1
        step(session, now_s)
    PretendedLink.reachable = True
    while not core.online:
        now_s += 0.1
        step(session, now_s)
        if session.link is not None:
            links[-1].events.append(Accepted())
    step(session, now_s + 0.1)
    links[-1].events += [Delivered(links[-1].published[0].sequence), Lost("gone")]
    step(session, now_s + 0.2)
    assert session.due_s() - now_s <= 1.3


def test_no_connack_in_ten_seconds_ends_the_attempt(links: list[PretendedLink]) -> None:
    _, session = new_session()
    for tenth in range(105):
        step(session, tenth / 10)
    assert links[0].ended == "cut"


def test_an_unacknowledged_message_ends_the_connection_after_twenty_seconds(
    links: list[PretendedLink],
) -> None:
    core, session = new_session()
    step(session, 0.0)
    step(session, 0.1)
    links[0].events.append(Accepted())
    step(session, 0.2)
    step(session, 20.1)
    assert links[0].ended == ""
    assert links[0].pings > 0
    step(session, 20.3)
    assert links[0].ended == "cut"
    assert not core.online
    assert core.unacknowledged == 1, "nothing is forgotten"


def test_offline_breaks_the_connection_and_keeps_silent(links: list[PretendedLink]) -> None:
    core, session = new_session()
    step(session, 0.0)
    step(session, 0.1)
    links[0].events.append(Accepted())
    step(session, 0.2)
    session.offline(1.0, 30.0, 1000.0)
    assert links[0].ended == "cut"
    assert not core.online
    for tenth in range(10, 310):
        step(session, tenth / 10)
    assert len(links) == 1
    step(session, 32.1)
    assert len(links) == 2


def test_offline_during_an_attempt_cuts_it_when_it_succeeds(links: list[PretendedLink]) -> None:
    pending: list[Future[None]] = []

    def later(connect: Callable[[], None]) -> Future[None]:
        pending.append(Future())
        return pending[-1]

    core = DeviceCore(7, Sensor(), WallClock(Stamp.UNSET))
    session = Session(core, Broker("h", 1), Identity("00", "dev"), later)
    step(session, 0.0)
    session.offline(1.0, 30.0, 1000.0)
    pending[0].set_result(None)
    assert links[0].ended == "cut"
    assert session.link is None


def test_ending_is_orderly(links: list[PretendedLink]) -> None:
    _, session = new_session()
    step(session, 0.0)
    step(session, 0.1)
    session.end()
    assert links[0].ended == "disconnected"
    session.end()
