"""Reading never raises, whatever the bytes are, and a press is never lost to its own fields."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.envelope import Press, Rejection, read
from ingest.placing import TOLERANCE, place
from schemas import topics
from schemas.topics import UpTopic
from schemas.wire import device_pb2 as wire

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NAMES = st.sampled_from(topics.UPLINKS)


@settings(max_examples=500)
@given(name=NAMES, payload=st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_rejection(name: str, payload: bytes) -> None:
    read(UpTopic("00", "CB-1", name), payload, NOW)


@settings(max_examples=300)
@given(name=NAMES, text=st.text(max_size=200))
def test_any_braced_text_is_a_message_or_a_rejection(name: str, text: str) -> None:
    read(UpTopic("00", "CB-1", name), b"{" + text.encode("utf-8", "surrogatepass"), NOW)


FIELDS = sorted(
    {field.name for message in wire.DESCRIPTOR.message_types_by_name.values() for field in message.fields}
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.integers(300, 500).map(lambda digits: 10**digits)
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["LONG", "ONLINE", "DONE", "GPS", "\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)


@settings(max_examples=1000)
@given(name=NAMES, fields=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
def test_any_values_of_our_fields_are_a_message_or_a_rejection(name: str, fields: dict[str, object]) -> None:
    read(UpTopic("00", "CB-1", name), json.dumps(fields).encode(), NOW)


@given(name=NAMES, state=st.integers(-(2**31), 2**31 - 1), result=st.integers(-(2**31), 2**31 - 1))
def test_any_number_of_an_enumeration_is_a_message_or_a_rejection(name: str, state: int, result: int) -> None:
    stamp = wire.Stamp(version=1, boot_id=1, sequence=1)
    for message in (
        wire.Status(stamp=stamp, state=state),  # type: ignore[arg-type]
        wire.Ack(stamp=stamp, command_id="x", result=result),  # type: ignore[arg-type]
        wire.Button(stamp=stamp, kind=state),  # type: ignore[arg-type]
    ):
        read(UpTopic("00", "CB-1", name), message.SerializeToString(), NOW)


UINT32, UINT64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)


@settings(max_examples=500)
@given(
    boot_id=UINT64,
    sequence=UINT32,
    event_ms=UINT64,
    sent_ms=UINT64,
    wall_ms=st.integers(-(2**63), 2**63 - 1),
    clock=st.integers(0, 3),
    held_ms=UINT32,
    kind=st.integers(0, 5),
    lat=st.floats(),
    lon=st.floats(),
)
def test_a_press_of_this_protocol_is_always_a_press(
    boot_id: int,
    sequence: int,
    event_ms: int,
    sent_ms: int,
    wall_ms: int,
    clock: int,
    held_ms: int,
    kind: int,
    lat: float,
    lon: float,
) -> None:
    message = wire.Button(
        stamp=wire.Stamp(
            version=1,
            boot_id=boot_id,
            sequence=sequence,
            event_uptime_ms=event_ms,
            sent_uptime_ms=sent_ms,
            event_wall_ms=wall_ms,
            clock=clock,  # type: ignore[arg-type]
        ),
        kind=kind,  # type: ignore[arg-type]
        held_ms=held_ms,
        fix=wire.Fix(lat_deg=lat, lon_deg=lon),
    )
    press = read(UpTopic("00", "CB-1", "button"), message.SerializeToString(), NOW)
    assert isinstance(press, Press), press
    placed = place(press.stamp, NOW, None)
    assert placed.at <= NOW + TOLERANCE
    assert not isinstance(press, Rejection)
