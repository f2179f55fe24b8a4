"""Whatever happens to a device in whatever order: numbers stay unique and presses arrive."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from device_sim.device.core import DeviceCore
from device_sim.device.motion import Block
from device_sim.device.store import Store
from device_sim.device.writer import Outgoing, WallClock
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import Accel, Ack, Button, Command, Fix, Gps, Impact, Receipt, Stamp, Status

BOOT = 42
KINDS: dict[str, Any] = {
    "accel": Accel,
    "ack": Ack,
    "button": Button,
    "gps": Gps,
    "impact": Impact,
    "status": Status,
}


class AnyOrder(RuleBasedStateMachine):
    """A device with a small store, a connection that comes and goes, and a busy driver."""

    def __init__(self) -> None:
        super().__init__()
        self.core = DeviceCore(BOOT, Sensor(), WallClock(Stamp.UNSET), store=Store(capacity_bytes=4000))
        self.uptime_ms = 0.0
        self.seen: dict[int, bytes] = {}
        self.in_flight: list[Outgoing] = []
        self.arrived: set[int] = set()

    def pass_time(self, ms: float) -> None:
        self.uptime_ms += ms
        self.core.tick(self.uptime_ms)

    def check(self, outgoing: Outgoing) -> None:
        message = KINDS[outgoing.name].FromString(outgoing.payload)
        assert message.stamp.sequence == outgoing.sequence
        assert message.stamp.event_uptime_ms <= message.stamp.sent_uptime_ms == round(self.uptime_ms)
        message.stamp.sent_uptime_ms = 0
        if outgoing.name == "status":
            message.buffered_messages = 0
        content = message.SerializeToString()
        assert self.seen.setdefault(outgoing.sequence, content) == content

    @rule(held_ms=st.sampled_from([100.0, 3500.0]))
    def press(self, held_ms: float) -> None:
        self.core.button_down(self.uptime_ms)
        self.pass_time(held_ms)
        self.core.button_up(self.uptime_ms)

    @rule(shock=st.booleans())
    def drive(self, shock: bool) -> None:
        for _ in range(10):
            counts = np.tile([0, 0, -2048], (10, 1)).astype(np.int16)
            counts[4, 0] = 9000 if shock else 0
            self.core.motion(Block(self.uptime_ms, 100.0, counts))
            self.pass_time(100.0)
        self.core.fix(Fix(uptime_ms=round(self.uptime_ms)))

    @precondition(lambda self: not self.core.online)
    @rule()
    def connect(self) -> None:
        self.check(self.core.connecting(self.uptime_ms))
        self.pass_time(30.0)
        self.core.connected(self.uptime_ms)

    @precondition(lambda self: self.core.online)
    @rule()
    def lose(self) -> None:
        self.core.disconnected(self.uptime_ms, "gone")
        self.in_flight.clear()

    @rule()
    def send(self) -> None:
        for outgoing in self.core.outgoing(self.uptime_ms):
            self.check(outgoing)
            self.in_flight.append(outgoing)

    @precondition(lambda self: self.in_flight)
    @rule(which=st.integers(0, 10))
    def acknowledge(self, which: int) -> None:
        outgoing = self.in_flight.pop(which % len(self.in_flight))
        self.core.delivered(outgoing.sequence)
        self.arrived.add(outgoing.sequence)

    @rule(sequence=st.integers(1, 30))
    def receive(self, sequence: int) -> None:
        receipt = Receipt(boot_id=BOOT, sequence=sequence, incident_id="i")
        command = Command(version=1, command_id=f"r-{sequence}", receipt=receipt)
        self.core.command(command.SerializeToString(), self.uptime_ms)

    @rule()
    def wait(self) -> None:
        self.pass_time(7000.0)

    @invariant()
    def it_never_waits_for_the_past(self) -> None:
        due_ms = self.core.due_ms(self.uptime_ms)
        if due_ms is not None:
            self.core.tick(self.uptime_ms)
            later = self.core.due_ms(self.uptime_ms)
            assert later is None or later > self.uptime_ms, "the loop would spin"

    def teardown(self) -> None:
        if not self.core.online:
            self.connect()
        for _ in range(30):
            self.pass_time(1000.0)
            self.send()
            while self.in_flight:
                self.acknowledge(0)
        noted = [entry for entry in self.core.journal.entries if entry.kind == "press"]
        assert {entry.data["sequence"] for entry in noted} <= self.arrived
        assert self.core.unacknowledged == 0


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.binary(max_size=80))
def test_no_payload_breaks_the_device(payload: bytes) -> None:
    core = DeviceCore(BOOT, Sensor(), WallClock(Stamp.UNSET))
    core.connected(0.0)
    core.command(payload, 1000.0)
    core.button_down(1000.0)
    core.button_up(1200.0)
    assert "button" in {outgoing.name for outgoing in core.outgoing(1300.0)}
