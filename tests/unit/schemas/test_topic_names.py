from __future__ import annotations

import pytest

from schemas import topics


@pytest.mark.parametrize("name", topics.UPLINKS)
def test_an_uplink_topic_is_read_as_it_was_written(name: str) -> None:
    written = topics.up("0f", "car_7-b", name)
    assert written == f"cb/v1/0f/car_7-b/up/{name}"
    parsed = topics.parse_up(written)
    assert parsed == topics.UpTopic("0f", "car_7-b", name)
    assert str(parsed) == written


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "cb/v1/00/car/up",
        "cb/v2/00/car-1/up/button",
        "cb/v1/10/car-1/up/button",
        "cb/v1/0F/car-1/up/button",
        "cb/v1/00/car-1/up/horn",
        "cb/v1/00/car-1/down/cmd",
        "cb/v1/00/ca/up/button",
        "cb/v1/00/-car/up/button",
        f"cb/v1/00/{'c' * 41}/up/button",
        "cb/v1/00/car 1/up/button",
        "cb/v1/00/car-1\n/up/button",
        "cb/v1/00/car-1/up/button/",
        "/cb/v1/00/car-1/up/button",
    ],
)
def test_other_topics_are_not_ours(topic: str) -> None:
    assert topics.parse_up(topic) is None


def test_every_kind_of_message_has_one_lane() -> None:
    assert set(topics.URGENT).isdisjoint(topics.BULK)
    assert set(topics.UPLINKS) == {"button", "impact", "status", "accel", "gps", "ack"}
    assert len(topics.SHARDS) == len(set(topics.SHARDS)) == 16


def test_a_subscription_covers_every_device_of_one_shard() -> None:
    assert topics.subscription("0a", "gps") == "cb/v1/0a/+/up/gps"
    assert topics.down("0a", "car-1") == "cb/v1/0a/car-1/down/cmd"
