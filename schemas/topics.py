"""MQTT topics: `cb/v1/{shard}/{device}/up|down/{name}`.

The shard is given to a device once, at provisioning, so that workers can divide the
fleet by subscribing, on any broker, and one device's messages stay with one worker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "cb/v1"
SHARDS: Final = tuple(f"{n:02x}" for n in range(16))
URGENT: Final = ("button", "impact", "status")
BULK: Final = ("accel", "gps", "ack")
UPLINKS: Final = URGENT + BULK
DEVICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,39}")


@dataclass(frozen=True, slots=True)
class UpTopic:
    """Where a device's message was published: the only identity that is believed."""

    shard: str
    device_id: str
    name: str

    def __str__(self) -> str:
        return up(self.shard, self.device_id, self.name)


def up(shard: str, device_id: str, name: str) -> str:
    """The topic on which a device publishes messages of one kind."""
    return f"{PREFIX}/{shard}/{device_id}/up/{name}"


def down(shard: str, device_id: str) -> str:
    """The topic on which a device receives commands."""
    return f"{PREFIX}/{shard}/{device_id}/down/cmd"


def subscription(shard: str, name: str) -> str:
    """The filter for one kind of message from every device of a shard."""
    return f"{PREFIX}/{shard}/+/up/{name}"


def parse_up(topic: str) -> UpTopic | None:
    """Take an uplink topic apart; None when it is not one of ours."""
    parts = topic.split("/")
    if len(parts) != 6 or "/".join(parts[:2]) != PREFIX or parts[4] != "up":
        return None
    shard, device_id, name = parts[2], parts[3], parts[5]
    if shard not in SHARDS or name not in UPLINKS or not DEVICE_ID.fullmatch(device_id):
        return None
    return UpTopic(shard, device_id, name)
