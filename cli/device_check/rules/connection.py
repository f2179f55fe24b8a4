"""What a device does wrong when it connects: CONNECT, SUBSCRIBE, and the status after it: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cli.device_check.packets import Connect, Packet, Subscribe
from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard, firsts, hear, named, own
from schemas import topics
from schemas.wire import device_pb2 as wire

_MQTT_3_1_1: Final = 4
_KEEPALIVE_S: Final = (10, 60)
_RANDOM_BITS: Final = 32
_STATUS_FRESH_MS: Final = 5000


def connection(
    packets: Sequence[Packet], *, shard: str, device_id: str, heard: Sequence[Heard], now: datetime
) -> list[Fault]:
    """How a device asked to be connected, by the packets of one connection; `heard` is what it published since."""
    connect = next((packet for packet in packets if isinstance(packet, Connect)), None)
    if connect is None:
        return []
    subscribed = [each for packet in packets if isinstance(packet, Subscribe) for each in packet.filters]
    faults: list[Fault] = []
    if connect.level != _MQTT_3_1_1:
        faults.append(Fault(f"CONNECT has protocol level {connect.level}", "speak MQTT 3.1.1, level 4"))
    if connect.client_id != device_id:
        faults.append(Fault(f"the client id is {connect.client_id!r}", f"use the device id, {device_id}"))
    if not connect.clean_session:
        faults.append(Fault("CONNECT asks for a kept session", "set clean session"))
    if not _KEEPALIVE_S[0] <= connect.keepalive_s <= _KEEPALIVE_S[1]:
        faults.append(Fault(f"keepalive is {connect.keepalive_s} s", "ask for 30 s"))
    return [
        *faults,
        *_will(connect, shard, device_id, heard, now),
        *_subscriptions(subscribed, topics.down(shard, device_id)),
    ]


def online(heard: Sequence[Heard], kept: Sequence[Heard]) -> list[Fault]:
    """After connecting: status ONLINE, retained (`kept` is what the broker keeps), with a boot id."""
    faults: list[Fault] = []
    said = [each for each in named(heard, "status") if not each.by_broker]
    if not said:
        return [Fault("no status ONLINE was heard", "publish it on up/status after each SUBACK")]
    status = said[0]
    if not any(each.name == "status" for each in kept):
        faults.append(Fault("the broker keeps no status", "publish up/status with the retain flag"))
    others = sorted({each.name for each in kept} - {"status"})
    faults += [Fault(f"the broker keeps up/{name}", "retain nothing but up/status") for name in others]
    if 0 < status.stamp.boot_id < 2**_RANDOM_BITS:
        faults.append(
            Fault(
                f"boot id {status.stamp.boot_id} is not random",
                "draw 64 bits from a hardware random generator",
            )
        )
    if not status.message.firmware or not status.message.hardware:
        faults.append(Fault("firmware or hardware is empty", "name both versions in the status"))
    if status.held_ms > _STATUS_FRESH_MS:
        faults.append(
            Fault(
                f"the status was made {status.held_ms / 1000:.1f} s before it was sent",
                "make it after SUBACK, and write sent_uptime_ms when it is handed over",
            )
        )
    if len(firsts(own(heard))) < 2:
        faults.append(
            Fault("nothing but the status was heard", "send up/accel every second while switched on")
        )
    return faults


def _will(connect: Connect, shard: str, device_id: str, heard: Sequence[Heard], now: datetime) -> list[Fault]:
    will = connect.will
    if will is None:
        return [Fault("CONNECT has no last will", "give it one on up/status, QoS 1, retained, OFFLINE")]
    faults: list[Fault] = []
    if will.topic != topics.up(shard, device_id, "status"):
        faults.append(Fault(f"the last will is for {will.topic}", "publish it on the device's up/status"))
    if will.qos != 1 or not will.retain:
        kept = "retained" if will.retain else "not retained"
        faults.append(Fault(f"the last will has QoS {will.qos} and is {kept}", "QoS 1, retained"))
    said = hear(topics.up(shard, device_id, "status"), will.payload, qos=will.qos, at_s=0.0, received_at=now)
    if said.rejection is not None:
        words = f"{said.rejection.reason}, {said.rejection.detail}"
        faults.append(Fault(f"the last will is rejected: {words}", "it is a Status like any other"))
    elif said.message.state != wire.Status.OFFLINE:
        faults.append(Fault("the last will does not say OFFLINE", "set its state to OFFLINE"))
    elif any(each.number == said.number and not each.by_broker for each in heard):
        faults.append(
            Fault(
                f"the last will shares sequence {said.stamp.sequence} with another message",
                "reserve a number for it when connecting",
            )
        )
    return faults


def _subscriptions(subscribed: Sequence[tuple[str, int]], wanted: str) -> list[Fault]:
    qualities = [qos for name, qos in subscribed if name == wanted]
    others = sorted({name for name, _ in subscribed} - {wanted})
    faults: list[Fault] = []
    if not qualities:
        faults.append(
            Fault(f"there was no SUBSCRIBE to {wanted}", "subscribe after CONNACK, before the status")
        )
    elif qualities[-1] != 0:
        faults.append(Fault(f"down/cmd is subscribed at QoS {qualities[-1]}", "subscribe at QoS 0"))
    if others:
        faults.append(Fault(f"{', '.join(others)} is subscribed as well", "subscribe to down/cmd only"))
    return faults
