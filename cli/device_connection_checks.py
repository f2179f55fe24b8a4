"""What a device does wrong in CONNECT and SUBSCRIBE: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cli.device_checks import Fault
from cli.device_packets import Connect, Packet, Subscribe
from cli.device_trace import Heard, hear
from schemas import topics
from schemas.wire import device_pb2 as wire

_MQTT_3_1_1: Final = 4
_KEEPALIVE_S: Final = (10, 60)


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
